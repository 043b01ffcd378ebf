"""Labels before the reboot are those that the target's own policy gives, as restorecon would."""

import errno
import os
import random
import subprocess
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.left import Left
from ng2coreos.stage.copying import copy_tree
from ng2coreos.stage.ids import IdMap
from ng2coreos.stage.inodes import LABEL
from ng2coreos.stage.labels import Labels, _literal
from ng2coreos.stage.relabel import Relabel, label_sysroot
from ng2coreos.stage.reown import Passed, reown

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="labels are root's to set")
FILE, DIRECTORY, LINK = 0o100644, 0o040755, 0o120777
NOBODY = IdMap({}, {})
CONTEXTS = """\
# as a policy has them
/.*  system_u:object_r:default_t:s0
/var(/.*)?  system_u:object_r:var_t:s0
/var/lib(/.*)?  system_u:object_r:var_lib_t:s0
/var/lib/vdsm/[^/]*\\.lock --  system_u:object_r:vdsm_lock_t:s0
/var/lib/images(/.*)?  system_u:object_r:virt_image_t:s0
/var/lib/keep(/.*)?  <<none>>
/var/log/.*  --  system_u:object_r:var_log_t:s0
/home/[^/]+(/.*)?  system_u:object_r:user_home_t:s0
/home/[^/]+/\\.ssh(/.*)?  system_u:object_r:ssh_home_t:s0
/usr(/.*)?  system_u:object_r:usr_t:s0
/boot(/.*)?  system_u:object_r:boot_t:s0
/etc(/.*)?  system_u:object_r:etc_t:s0
/etc/shadow -- system_u:object_r:shadow_t:s0
/  -d  system_u:object_r:root_t:s0
"""


def policy(top: Path, contexts: str = CONTEXTS, **more: str) -> Path:
    files = top / "contexts/files"
    files.mkdir(parents=True)
    (files / "file_contexts").write_text(contexts)
    for name, text in {"subs_dist": "/var/home /home\n", **more}.items():
        (files / f"file_contexts.{name}").write_text(text)
    (top / "contexts/customizable_types").write_text("container_file_t\nsvirt_image_t\n")
    return top / "contexts"


def labels(top: Path, local: Sequence[str] = (), subs: Sequence[str] = (), **more: str) -> Labels:
    (top / "scratch").mkdir(parents=True)
    return Labels(policy(top, **more), top / "scratch", local, subs)


def kind(label: Optional[bytes]) -> str:
    return label.split(b":")[2].decode() if label else ""


@pytest.mark.parametrize("path,mode,wanted", [
    ("/", DIRECTORY, "root_t"), ("/var", DIRECTORY, "var_t"), ("/var/lib/x/y", FILE, "var_lib_t"),
    ("/var/lib/vdsm/a.lock", FILE, "vdsm_lock_t"), ("/var/lib/vdsm/a.lock", LINK, "var_lib_t"),
    ("/var/lib/keep/x", FILE, ""), ("/var/log/messages", FILE, "var_log_t"),
    ("/var/log/messages", DIRECTORY, "var_t"), ("/var/home/bob/.ssh", DIRECTORY, "ssh_home_t"),
    ("/var/home/bob/x", FILE, "user_home_t"), ("/etc/shadow", FILE, "shadow_t"),
    ("/srv", DIRECTORY, "default_t")])
def test_the_policy_decides_by_path_and_kind(path: str, mode: int, wanted: str,
                                             tmp_path: Path) -> None:
    found = labels(tmp_path)
    assert kind(found.wanted(path.encode(), mode)) == wanted
    assert list((tmp_path / "scratch").iterdir()) == []


def test_names_need_not_be_utf8(tmp_path: Path) -> None:
    assert kind(labels(tmp_path).wanted(b"/var/lib/\xff\xfe\nx", FILE)) == "var_lib_t"


def test_the_admins_equivalences_are_tried_before_the_images_and_no_second_time(
        tmp_path: Path) -> None:
    """By libselinux; what is below one of the image's, the plan therefore leaves out."""
    found = labels(tmp_path, (), ["/home/x /var/log", "/var/home/y /var/lib"])
    assert kind(found.wanted(b"/var/home/x/a", FILE)) == "user_home_t"
    assert kind(found.wanted(b"/var/home/y/a", FILE)) == "var_lib_t"


def test_what_the_admin_added_wins_and_equivalences_hold(tmp_path: Path) -> None:
    found = labels(tmp_path, ["/var/lib/data(/.*)?  system_u:object_r:public_content_rw_t:s0"],
                   ["/var/lib/bricks /var/lib/images"])
    assert kind(found.wanted(b"/var/lib/data/x", FILE)) == "public_content_rw_t"
    assert kind(found.wanted(b"/var/lib/bricks/x", FILE)) == "virt_image_t"
    assert kind(found.wanted(b"/var/lib/bricksandmore", FILE)) == "var_lib_t"


@pytest.mark.parametrize("have,wanted", [
    (None, "system_u:object_r:var_lib_t:s0"),
    ("system_u:object_r:var_lib_t:s0", None),
    ("unconfined_u:object_r:var_lib_t:s0:c1", None),
    ("unconfined_u:object_r:old_t:s0:c1,c2", "unconfined_u:object_r:var_lib_t:s0:c1,c2"),
    ("system_u:object_r:svirt_image_t:s0:c7", None),
    ("garbage", "system_u:object_r:var_lib_t:s0")])
def test_only_the_type_is_replaced_and_customizable_ones_stay(
        have: Optional[str], wanted: Optional[str], tmp_path: Path) -> None:
    found = labels(tmp_path).merged(have.encode() if have else None, b"/var/lib/x", FILE)
    assert found == (wanted.encode() if wanted else None)


@pytest.mark.parametrize("path,have,wanted", [
    ("/var/lib/keep/x/y", None, "system_u:object_r:var_lib_t:s0"),
    ("/var/lib/keep/x/y", "system_u:object_r:unlabeled_t:s0", "system_u:object_r:var_lib_t:s0"),
    ("/var/lib/keep/x/y", "system_u:object_r:old_t:s0", None),
    ("/nowhere/x", None, "system_u:object_r:root_t:s0")])
def test_where_the_policy_does_not_say_a_file_without_a_type_is_as_what_is_above_it(
        path: str, have: Optional[str], wanted: Optional[str], tmp_path: Path) -> None:
    contexts = CONTEXTS.replace("/.*  system_u:object_r:default_t:s0\n", "")
    (tmp_path / "scratch").mkdir()
    found = Labels(policy(tmp_path, contexts), tmp_path / "scratch").merged(
        have.encode() if have else None, path.encode(), FILE)
    assert found == (wanted.encode() if wanted else None)


def test_a_policy_that_says_nothing_at_all_labels_nothing(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    made = Labels(policy(tmp_path, "/etc  system_u:object_r:etc_t:s0\n"), tmp_path / "scratch")
    assert made.merged(None, b"/var/x", FILE) is None


def test_a_copied_tree_keeps_the_types_that_the_admin_chose(tmp_path: Path) -> None:
    """`chcon -t container_file_t`: restorecon leaves it on NG, so it is no one else's to change."""
    source, target = tmp_path / "srv", tmp_path / "lv/lib/srv"
    source.mkdir()
    (tmp_path / "lv").mkdir()
    for name, label in (("volume", b"container_file_t:s0:c1,c2"), ("old", b"old_t:s0")):
        (source / name).write_text("x")
        os.setxattr(source / name, LABEL, b"system_u:object_r:" + label + b"\0")
    copy_tree(source, target, NOBODY, Left(()), lambda amount: None)
    labelled(tmp_path / "lv", "/var", labels(tmp_path), tmp_path / "left")
    assert {shown(target)[name] for name in ("volume", "old", ".")} == {
        "system_u:object_r:container_file_t:s0:c1,c2", "system_u:object_r:var_lib_t:s0"}


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EACCES])
def test_a_label_that_ng_refuses_does_not_stop_a_copy(
        number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/x").write_text("x")
    os.setxattr(tmp_path / "a/x", LABEL, b"system_u:object_r:gone_t:s0\0")
    os.setxattr(tmp_path / "a/x", "user.more", b"more")
    real = os.setxattr

    def refusing(path: Any, key: str, value: bytes, **more: Any) -> None:
        if key == LABEL:
            raise OSError(number, os.strerror(number))
        real(path, key, value, **more)

    monkeypatch.setattr(os, "setxattr", refusing)
    copy_tree(tmp_path / "a", tmp_path / "b", NOBODY, Left(()), lambda amount: None)
    assert os.getxattr(tmp_path / "b/x", "user.more") == b"more"
    assert shown(tmp_path / "b")["x"] == ""


@pytest.mark.parametrize("pattern,literal", [
    ("/var/lib(/.*)?", "/var/lib"), ("/var/l?og", "/var/"), ("/a\\.b\\.c", "/a.b.c"),
    ("/a\\.?b", "/a"), ("/a+b", "/"), ("/a|/b", ""), ("/(a|b)/c", "/"), ("/a{2}", "/"),
    ("/a\\d", "/a"), ("/[ab]", "/"), ("/plain/path", "/plain/path"), (".*", ""),
    ("/x\\|y", "/x|y"), ("/\\(a|b", ""), ("/a/([(|]|b)c", "/a/"), ("/a/(b(c|d)\\.|e)", "/a/")])
def test_every_path_that_a_pattern_matches_begins_with_its_literal(pattern: str,
                                                                   literal: str) -> None:
    assert _literal(pattern.encode()).decode() == literal


def test_a_policy_without_contexts_is_an_error_and_not_an_unlabelled_system(
        tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file contexts"):
        labels(tmp_path, contexts="# nothing\n")


def tree(top: Path, seed: int = 1) -> Path:
    """Directories, files, links and names of one file, some with a label already."""
    choose = random.Random(seed)
    places = [top]
    for n in range(400):
        name = choose.choice(["lib", "log", "images", "keep", "vdsm", "home", "x.lock", f"n{n}"])
        place = choose.choice(places) / name
        if os.path.lexists(place):
            continue
        what = choose.choice("ddflo")
        if what == "d":
            place.mkdir(parents=True)
            places.append(place)
        elif what == "l":
            place.symlink_to(choose.choice(["/etc/shadow", "nowhere", "."]))
        else:
            place.write_text("x")
        if choose.randrange(2):
            os.setxattr(place, LABEL, choose.choice([
                b"system_u:object_r:old_t:s0\0", b"system_u:object_r:var_lib_t:s0\0",
                b"u:object_r:svirt_image_t:s0:c1\0"]), follow_symlinks=False)
    return top


def shown(top: Path) -> Dict[str, str]:
    found = {}
    for path in (top, *sorted(top.rglob("*"))):
        try:
            found[str(path.relative_to(top))] = os.getxattr(
                path, LABEL, follow_symlinks=False).rstrip(b"\0").decode()
        except OSError:
            found[str(path.relative_to(top))] = ""
    return found


def labelled(top: Path, mount: str, made: Labels, left: Path, processes: int = 2) -> Passed:
    with Relabel(made, mount, left) as relabel:
        return reown(top, NOBODY, lambda amount: None, processes, relabel)


@pytest.mark.parametrize("processes", [1, 3])
def test_a_volume_gets_them_in_the_pass_over_its_owners(tmp_path: Path, processes: int) -> None:
    (tmp_path / "lv").mkdir()
    top = tree(tmp_path / "lv", processes)
    made, left = labels(tmp_path), tmp_path / "left"
    before = shown(top)
    first = labelled(top, "/var", made, left, processes)
    after = shown(top)
    for path, label in after.items():
        mode = (top / path).lstat().st_mode
        real = "/var" if path == "." else f"/var/{path}"
        wanted = made.merged(before[path].encode() or None, real.encode(), mode)
        assert label == (wanted.decode() if wanted is not None else before[path]), path
    changed = sum(before[path] != label for path, label in after.items())
    assert first.labelled == changed > 100 and first.unlabelled == 0 and not left.exists()
    assert labelled(top, "/var", made, left, processes).labelled == 0


def test_what_the_kernel_refuses_keeps_its_label_and_is_listed(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.setxattr

    def refusing(path: Any, key: str, value: bytes, **more: Any) -> None:
        if b"virt_image_t" in value:
            raise OSError(errno.EINVAL, "Invalid argument")
        real(path, key, value, **more)

    top = tmp_path / "lv"
    (top / "lib/images").mkdir(parents=True)
    (top / "lib/images/a b\nc").write_text("x")
    made, left = labels(tmp_path), tmp_path / "left"
    monkeypatch.setattr(os, "setxattr", refusing)
    passed = labelled(top, "/var", made, left)
    assert (passed.labelled, passed.unlabelled) == (2, 2)
    assert sorted(left.read_bytes().split(b"\0")) == [
        b"", b"/var/lib/images", b"/var/lib/images/a b\nc"]
    assert shown(top)["lib/images"] == ""


def test_an_immutable_file_is_labelled_and_stays_immutable(tmp_path: Path) -> None:
    top = tmp_path / "lv"
    top.mkdir()
    (top / "fixed").write_text("x")
    if subprocess.run(["chattr", "+i", top / "fixed"], check=False).returncode:
        pytest.fail("this file system has no immutable flag")
    try:
        assert labelled(top, "/var/lib", labels(tmp_path), tmp_path / "left").labelled == 2
        assert kind(os.getxattr(top / "fixed", LABEL)) == "var_lib_t"
        listed = subprocess.run(["lsattr", top / "fixed"], capture_output=True, text=True,
                                check=True).stdout
        assert "i" in listed.split()[0]
    finally:
        subprocess.run(["chattr", "-i", top / "fixed"], check=True)


def test_a_sysroot_is_labelled_but_never_the_files_of_the_commit(tmp_path: Path) -> None:
    root = tmp_path / "root"
    deployment = root / "ostree/deploy/os/deploy/c.0"
    for path in ("boot", "lost+found", "ostree/repo/objects/ab", "ostree/deploy/os/var/lib",
                 "ostree/deploy/os/deploy/c.0/etc/d", "ostree/deploy/os/deploy/c.0/usr"):
        (root / path).mkdir(parents=True)
    for path in ("ostree/repo/objects/ab/c.file", "ostree/repo/objects/ab/c.commit",
                 "ostree/deploy/os/deploy/c.0/etc/shadow", "ostree/deploy/os/deploy/c.0/usr/x",
                 "ostree/deploy/os/deploy/c.0.origin"):
        (root / path).write_text("x")
    (root / "ostree/boot.1").symlink_to("boot.1.1")
    with Relabel(labels(tmp_path), "/", tmp_path / "left") as relabel:
        assert label_sysroot(root, deployment, relabel) == (18, 0)
        assert label_sysroot(root, deployment, relabel) == (0, 0)
    found = {path: kind(label.encode()) for path, label in shown(root).items()}
    below = "ostree/deploy/os/deploy/c.0"
    none = {"ostree/repo/objects/ab/c.file", below, f"{below}/usr", f"{below}/usr/x"}
    assert {path for path, label in found.items() if not label} == none
    assert found["lost+found"] == "default_t"
    assert [found[p] for p in (".", "boot", "ostree/boot.1", "ostree/deploy/os/var/lib",
                               f"{below}/etc", f"{below}/etc/shadow", f"{below}.origin",
                               "ostree/repo/objects/ab/c.commit")] == [
        "root_t", "boot_t", "usr_t", "var_lib_t", "etc_t", "shadow_t", "usr_t", "usr_t"]


def test_memory_does_not_grow_with_the_directories(tmp_path: Path) -> None:
    made = labels(tmp_path)
    for n in range(20_000):
        made.wanted(b"/var/tmp/d%d/f" % n, FILE)
    assert len(made._choices) <= 4096 and len(made._open) <= 16
