"""attributes: what files of /etc have beyond an owner and a mode is named."""

import os
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from ng2coreos.model.finding import Kind
from plugins import attributes
from plugins.attributes import Attributes
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids

# Version 2; user::rw-, user:1000:r--, group::r--, mask::r--, other::r-- (acl(5))
ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, perm, who) for tag, perm, who in (
    (1, 6, 0xFFFFFFFF), (2, 4, 1000), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF),
    (32, 4, 0xFFFFFFFF)))


def given(path: Path, name: str, value: bytes) -> None:
    try:
        os.setxattr(str(path), name, value)
    except OSError as error:
        raise AssertionError(f"this test needs a file system with {name}") from error


def test_access_lists_and_the_admins_attributes_are_found(fake_host: FakeHost) -> None:
    given(fake_host.write("/etc/a/key", "x"), "system.posix_acl_access", ACL)
    given(fake_host.write("/etc/b", "x"), "user.note", b"mine")
    fake_host.write("/etc/c", "x")
    fake_host.link("/etc/d", "b")
    assert Attributes().facts(fake_host) == {
        "found": ["/etc/a/key: an access list", "/etc/b: user.note"]}


def test_an_immutable_file_is_found(fake_host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fake_host.write("/etc/resolv.conf", "x")
    monkeypatch.setattr(attributes, "_flags",
                        lambda path: attributes.IMMUTABLE if path == str(real) else 0)
    assert Attributes().facts(fake_host) == {"found": ["/etc/resolv.conf: immutable"]}


def test_they_are_named_in_the_plan() -> None:
    facts = host()
    mine = {"found": ["/etc/a: an access list"]}
    plan = decided(replace(facts, plugins={**facts.plugins, "attributes": mine}))
    one = found(plan, "N2C_ETC_EXTENDED")
    assert one.kind is Kind.WARNING and one.evidence == ("/etc/a: an access list",)
    assert "N2C_ETC_EXTENDED" not in ids(decided(replace(
        facts, plugins={**facts.plugins, "attributes": {"found": []}})))
