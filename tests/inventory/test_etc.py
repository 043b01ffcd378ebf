"""What differs between /etc and the image's own."""

import os
import stat
from typing import Dict, Optional, Tuple

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.inventory import etc
from ng2coreos.model import codec
from ng2coreos.model.facts import Difference, EtcChange, FileFact
from tests.fakes import FakeHost

F = etc.FACTORY
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def changes(host: FakeHost) -> Dict[str, EtcChange]:
    found = etc.read(host)
    assert [c.path for c in found] == sorted(c.path for c in found)
    return {change.path: change for change in found}


def both(host: FakeHost, path: str, ours: Optional[str], factory: Optional[str]) -> None:
    host.write(f"{F}/keep", "same")
    host.write("/etc/keep", "same")
    if ours is not None:
        host.write(f"/etc/{path}", ours)
    if factory is not None:
        host.write(f"{F}/{path}", factory)


@pytest.mark.parametrize("ours,factory,wanted", [
    ("a", "a", None), ("a", "b", Difference.CHANGED), ("a", None, Difference.ADDED),
    (None, "a", Difference.DELETED)])
def test_content(fake_host: FakeHost, ours: str, factory: str,
                 wanted: Optional[Difference]) -> None:
    both(fake_host, "x", ours, factory)
    found = changes(fake_host).get("/etc/x")
    assert (found.difference if found else None) is wanted
    if found:
        assert (found.host is None, found.factory is None) == (ours is None, factory is None)


def test_the_same_size_and_time_do_not_hide_a_change(fake_host: FakeHost) -> None:
    both(fake_host, "x", "a", "b")
    for path in ("/etc/x", f"{F}/x"):
        os.utime(str(fake_host.path(path)), (1, 1))
    assert "/etc/x" in changes(fake_host)


def test_names_that_imgbased_overlooks_are_seen(fake_host: FakeHost) -> None:
    for name in ("tags", ".git/config", "CVS"):
        both(fake_host, name, "a", None)
    assert {"/etc/tags", "/etc/.git", "/etc/.git/config", "/etc/CVS"} == set(changes(fake_host))


def test_mode(fake_host: FakeHost) -> None:
    both(fake_host, "x", "a", "a")
    fake_host.path("/etc/x").chmod(0o4600)
    found = changes(fake_host)["/etc/x"]
    assert found.host is not None and found.host.mode == 0o4600


def test_type_and_link(fake_host: FakeHost) -> None:
    both(fake_host, "x", "a", None)
    fake_host.link(f"{F}/x", "keep")
    fake_host.link("/etc/l", "one")
    fake_host.link(f"{F}/l", "two")
    fake_host.path("/etc/d").mkdir()
    fake_host.write(f"{F}/d", "")
    found = changes(fake_host)
    kinds: Dict[str, Tuple[str, str]] = {
        path: (c.host.kind, c.factory.kind) for path, c in found.items() if c.host and c.factory}
    assert kinds == {"/etc/x": ("file", "symlink"), "/etc/l": ("symlink", "symlink"),
                     "/etc/d": ("directory", "file")}
    assert found["/etc/l"].host == FileFact("symlink", 0o777, os.geteuid(), os.getegid(),
                                            link="one")


def test_a_deleted_directory_names_all_that_was_in_it(fake_host: FakeHost) -> None:
    both(fake_host, "d/e/f", None, "a")
    assert [(p, c.difference) for p, c in changes(fake_host).items()] == [
        (p, Difference.DELETED) for p in ("/etc/d", "/etc/d/e", "/etc/d/e/f")]


def test_fifos_and_devices_are_other_and_not_opened(fake_host: FakeHost) -> None:
    both(fake_host, "x", None, "a")
    os.mkfifo(str(fake_host.path("/etc/x")), 0o600)
    found = changes(fake_host)["/etc/x"]
    assert found.host is not None and (found.host.kind, found.host.sha256) == ("other", "")


def test_a_name_that_is_not_utf8_survives_json(fake_host: FakeHost) -> None:
    both(fake_host, "x", "a", "a")
    directory = os.fsencode(str(fake_host.path("/etc/.")))
    with open(directory + b"/caf\xe9", "wb") as stream:
        stream.write(b"1")
    change = etc.read(fake_host)[0]
    again = codec.loads(EtcChange, codec.dumps(change))
    assert again == change and os.fsencode(again.path) == b"/etc/caf\xe9"


@needs_root
@pytest.mark.parametrize("ours,factory,same", [
    (994, 996, True),  # both chrony
    (36, 36, True),
    (996, 996, True),  # re-owned by an update: the numbers agree
    (994, 36, False), (1000, 4242, False)])
def test_owners_agree_by_number_or_by_name(fake_host: FakeHost, ours: int, factory: int,
                                           same: bool) -> None:
    both(fake_host, "x", "a", "a")
    users = "vdsm:x:36:36::/:/bin/sh\nchrony:x:{}:1::/:/bin/sh\n"
    fake_host.write("/etc/passwd", users.format(994) + "new:x:996:1::/:/bin/sh\n")
    fake_host.write(f"{F}/passwd", users.format(996))
    os.chown(str(fake_host.path("/etc/x")), ours, 0)
    os.chown(str(fake_host.path(f"{F}/x")), factory, 0)
    assert ("/etc/x" not in changes(fake_host)) is same


def test_directories_above_changes_are_told_as_the_image_has_them(fake_host: FakeHost) -> None:
    both(fake_host, "a/b/c", "1", "2")
    both(fake_host, "a/other/same", "1", "1")
    both(fake_host, "gone/x", None, "1")
    for place in ("/etc", F):
        fake_host.path(f"{place}/gone").mkdir(exist_ok=True)
        fake_host.path(f"{place}/a/b").chmod(0o750)
    fake_host.path("/etc/a").chmod(0o700)
    changes, above = etc.compare(fake_host)
    assert [c.path for c in changes] == ["/etc/a", "/etc/a/b/c", "/etc/gone/x"]
    assert {path: fact.mode for path, fact in above.items()} == {"/etc/a/b": 0o750,
                                                                 "/etc/gone": 0o755}


@needs_root
def test_an_overlay_s_whiteout_is_a_deletion(fake_host: FakeHost) -> None:
    both(fake_host, "x", None, "a")
    for name in ("x", "y"):
        os.mknod(str(fake_host.path(f"/etc/{name}")), 0o600 | stat.S_IFCHR, os.makedev(0, 0))
    os.mknod(str(fake_host.path("/etc/null")), 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    found = changes(fake_host)
    assert (found["/etc/x"].difference, found["/etc/x"].host) == (Difference.DELETED, None)
    assert "/etc/y" not in found
    null = found["/etc/null"].host
    assert null is not None and null.kind == "other"


def test_without_a_factory_nothing_can_be_told(fake_host: FakeHost) -> None:
    fake_host.write("/etc/x", "a")
    with pytest.raises(BadInput, match="factory"):
        etc.read(fake_host)
