"""A carried item is proved by what lies there: kind, content, owners by name, mode, link."""

import hashlib
import os
from dataclasses import replace
from typing import Any

import pytest

from ng2coreos.firstboot import items
from ng2coreos.model.item import Item, Outcome
from tests.fakes import FakeHost

DIGEST = hashlib.sha256(b"content").hexdigest()
FILE = Item("/etc/x", "file", Outcome.CARRIED, "why", "rule", mode=0o640, sha256=DIGEST)


@pytest.fixture
def host(fake_host: FakeHost) -> FakeHost:
    """A host with the file in its place; its users and groups have the test's own numbers."""
    fake_host.write("/etc/passwd", f"root:x:{os.getuid()}:0::/:\nvdsm:x:36:36::/:\n")
    fake_host.write("/etc/group", f"root:x:{os.getgid()}:\nkvm:x:36:\n")
    fake_host.write("/etc/x", "content", mode=0o640)
    return fake_host


def detail(host: FakeHost, item: Item) -> str:
    """What is wrong with `item`; nothing where it is as it must be."""
    proof, = items.prove_all(host, [item])
    assert proof.ok is (not proof.detail)
    return proof.detail


def test_right_items(host: FakeHost) -> None:
    host.link("/etc/l", "/usr/share/x")
    host.path("/etc/d").mkdir(mode=0o750)
    host.path("/etc/d").chmod(0o750)
    assert detail(host, FILE) == ""
    assert detail(host, replace(FILE, path="/etc/l", kind="symlink", link="/usr/share/x")) == ""
    assert detail(host, replace(FILE, path="/etc/d", kind="directory", mode=0o750)) == ""
    assert detail(host, replace(FILE, path="/etc/d", kind="tree", mode=0o750)) == ""


@pytest.mark.parametrize("change, reason", [
    ({"sha256": "0" * 64}, "content differs"), ({"mode": 0o600}, "mode is 0640, not 0600"),
    ({"mode": 0o4640}, "mode"), ({"owner": "vdsm"}, "owner is root, not vdsm"),
    ({"group": "kvm"}, "group is root, not kvm"), ({"path": "/etc/none"}, "is missing"),
    ({"kind": "symlink", "link": "x"}, "is not a symlink"),
    ({"kind": "tree"}, "is not a directory"),
    ({"kind": "socket"}, "does not know")])
def test_wrong_items(host: FakeHost, change: Any, reason: str) -> None:
    assert reason in detail(host, replace(FILE, **change))


def test_what_was_deleted_must_not_be_there(host: FakeHost) -> None:
    gone = Item("/etc/gone", "absent", Outcome.CARRIED, "Deleted on NG.", "answer", replaces="file")
    assert detail(host, gone) == "" and detail(host, replace(gone, path="/etc/no/where")) == ""
    assert "is there again" in detail(host, replace(gone, path="/etc/x"))


def test_a_link_that_leads_elsewhere(host: FakeHost) -> None:
    host.link("/etc/l", "/elsewhere")
    item = replace(FILE, path="/etc/l", kind="symlink", link="/usr/share/x")
    assert detail(host, item) == "leads to /elsewhere, not /usr/share/x"


def test_everything_wrong_is_named_at_once(host: FakeHost) -> None:
    found = detail(host, replace(FILE, owner="vdsm", mode=0o600, sha256="0" * 64))
    assert found == "owner is root, not vdsm; mode is 0640, not 0600; content differs"


def test_what_was_given_up_or_changes_by_itself_is_not_looked_at(host: FakeHost) -> None:
    gone = replace(FILE, path="/etc/none")
    assert items.prove_all(host, [replace(gone, outcome=Outcome.DROPPED)]) == ()
    assert items.prove_all(host, [replace(gone, verify=False)]) == ()


def test_a_loop_of_links_on_the_way_is_a_failure(host: FakeHost) -> None:
    host.link("/etc/loop", "loop")
    assert "loop" in detail(host, replace(FILE, path="/etc/loop/x"))


def test_an_unreadable_item_is_a_failure(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(items, "_digest", refuse)
    assert detail(host, FILE) == "cannot be read: Permission denied"


def test_contents_are_never_shown(host: FakeHost) -> None:
    host.write("/etc/x", "hunter2", mode=0o640)
    assert "hunter2" not in repr(items.prove_all(host, [replace(FILE, secret=True)]))
