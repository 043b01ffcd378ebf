"""Configs of plans; every one of them passes our checks and the real ignition-validate."""

import base64
import json
import os
import shutil
import tempfile
import traceback
from pathlib import Path
from typing import Any, Dict, List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core.errors import BadInput, StalePlan, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.ignition import build, validate
from ng2coreos.ignition.build import in_volume, to_config
from ng2coreos.model.ignition import Release, parse_spec
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Plan, Tree
from tests.ignition import plans


def test_the_real_validator_is_there() -> None:
    assert shutil.which("ignition-validate"), "nothing here is judged without it"


def config(plan: Plan, **more: Any) -> Dict[str, Any]:
    """The config of `plan` as data, validated for real."""
    text = plans.text(plan, **more)
    judge(text)
    found: Dict[str, Any] = json.loads(text)
    return found


def judge(text: bytes, **more: Any) -> None:
    """Validate a config, by ourselves and by the real ignition-validate."""
    with tempfile.NamedTemporaryFile() as stream:
        stream.write(text)
        stream.flush()
        validate(Path(stream.name), Host(), **more)


def entries(data: Dict[str, Any], kind: str) -> Dict[str, Dict[str, Any]]:
    return {e["path"]: e for e in data["storage"][kind]}


def test_a_whole_plan() -> None:
    data = config(plans.make(
        plans.file("/etc/hostname", b"content\n", mode=0o640),
        plans.converted("/etc/fstab", b"UUID=x / ext4\n"),
        plans.converted("/etc/empty", b""),
        plans.file("/etc/vdsm/vdsm.conf", owner="vdsm", group="kvm"),
        plans.file("/etc/admin.conf", owner="admin", group="wheel"),
        plans.file("/etc/unknown-owner", owner="4711", group="0"),
        Item("/etc/vdsm", "directory", Outcome.CARRIED, "", "r", "/etc/vdsm", mode=0o750),
        Item("/etc/localtime", "symlink", Outcome.CARRIED, "", "r", "/etc/localtime",
             link="../usr/share/zoneinfo/Europe/Berlin"),
        units=plans.units(("sshd.service", "enable", ("multi-user.target.wants/sshd.service",)),
                          ("getty@tty9.service", "enable",
                           ("getty.target.wants/getty@tty9.service",)),
                          ("firewalld.service", "mask", ("firewalld.service",)))))
    assert data["ignition"] == {"version": "3.1.0"}
    files = entries(data, "files")
    assert all(f["overwrite"] is True for f in files.values())
    assert files["/etc/hostname"]["mode"] == 416  # decimal
    assert files["/etc/hostname"]["contents"]["source"] == (
        "data:;base64," + base64.b64encode(b"content\n").decode())
    assert "user" not in files["/etc/hostname"]
    assert files["/etc/empty"]["contents"]["source"] == "data:,"
    assert files["/etc/vdsm/vdsm.conf"]["user"] == {"name": "vdsm"}
    assert files["/etc/vdsm/vdsm.conf"]["group"] == {"name": "kvm"}
    assert files["/etc/admin.conf"]["user"] == {"id": 1005}
    assert files["/etc/admin.conf"]["group"] == {"name": "wheel"}
    assert files["/etc/unknown-owner"]["user"] == {"id": 4711}
    assert "group" not in files["/etc/unknown-owner"]
    assert entries(data, "directories") == {"/etc/vdsm": {
        "path": "/etc/vdsm", "mode": 0o750, "user": {"id": 0}, "group": {"id": 0}}}
    links = {path: e["target"] for path, e in entries(data, "links").items()}
    assert links == {
        "/etc/localtime": "../usr/share/zoneinfo/Europe/Berlin",
        "/etc/systemd/system/multi-user.target.wants/sshd.service":
            "/usr/lib/systemd/system/sshd.service",
        "/etc/systemd/system/getty.target.wants/getty@tty9.service":
            "/usr/lib/systemd/system/getty@.service",
        "/etc/systemd/system/firewalld.service": "/dev/null"}
    assert "systemd" not in data and "kernelArguments" not in data


def test_volumes_below_var_are_mounted_parents_first_and_never_formatted() -> None:
    assert config(plans.make())["storage"]["filesystems"] == [
        {"device": f"/dev/onn/{name}", "path": path, "format": fmt, "wipeFilesystem": False}
        for name, path, fmt in (("ng2coreos_var", "/var", "xfs"),
                                ("ng2coreos_home", "/var/home", "xfs"),
                                ("ng2coreos_log", "/var/log", "ext4"))]


def test_accounts_and_carried_passwords() -> None:
    passwd = config(plans.make())["passwd"]
    assert passwd["groups"] == [{"name": "admin", "gid": 1005, "system": False},
                                {"name": "daemon9", "gid": 301, "system": True}]
    assert passwd["users"] == [
        {"name": "root", "passwordHash": plans.HASH + "root"},
        {"name": "admin", "passwordHash": plans.HASH + "admin", "uid": 1005, "gecos": "An Admin",
         "homeDir": "/home/admin", "shell": "/bin/bash", "groups": ["wheel"],
         "primaryGroup": "admin", "noUserGroup": True},
        {"name": "daemon9", "uid": 301, "homeDir": "/", "shell": "/sbin/nologin",
         "primaryGroup": "daemon9", "noUserGroup": True, "system": True, "noCreateHome": True}]


def test_a_unit_of_the_host_itself_is_linked_where_it_is_written() -> None:
    unit = "/etc/systemd/system/mine@.service"
    data = config(plans.make(
        plans.file(unit), units=plans.units(
            ("mine@a.service", "enable", ("default.target.wants/mine@a.service",)))))
    links = entries(data, "links")
    assert links["/etc/systemd/system/default.target.wants/mine@a.service"]["target"] == unit


def test_what_is_not_written() -> None:
    data = config(plans.make(
        plans.file("/etc/dropped", outcome=Outcome.DROPPED),
        Item("/etc/made-anew", "file", Outcome.REGENERATED, "", "r"),
        Item("/var/roothome", "tree", Outcome.CARRIED, "", "r", "/root"),
        plans.file("/var/lib/vdsm/x"), plans.file("/var/log/messages"),
        plans.file("/var/roothome/.bashrc", source="/root/.bashrc"),
        plans.file("/home/admin/.ssh/authorized_keys")))
    assert "files" not in data["storage"] and "directories" not in data["storage"]


def test_what_is_in_no_volume_is_written() -> None:
    changed = plans.converted("/var/lib/vdsm/persistence", b"converted")
    removed = plans.file("/var/lib/imgbased/x")
    moved = plans.file("/var/lib/new", source="/var/lib/old")
    excluded = plans.file("/root/cache/x")
    plan = plans.make(changed, removed, moved, excluded)
    assert set(entries(config(plan), "files")) == {
        "/var/lib/vdsm/persistence", "/var/lib/imgbased/x", "/var/lib/new", "/var/roothome/cache/x"}
    other = plans.make(trees=(Tree("/root", "gone", "roothome"),))
    assert not in_volume(plans.file("/root/x"), other.decisions)


def test_extra_items_are_written_too() -> None:
    extra = [plans.converted("/etc/ng2coreos/manifest.json", b"{}"),
             Item("/etc/x", "symlink", Outcome.REGENERATED, "", "r", link="y"),
             Item("/var/usrlocal/bin/ng2coreos", "file", Outcome.REGENERATED, "", "r",
                  content=base64.b64encode(b"#!").decode(), mode=0o755)]
    data = config(plans.make(), extra=extra)
    assert set(entries(data, "files")) == {"/etc/ng2coreos/manifest.json",
                                           "/var/usrlocal/bin/ng2coreos"}
    assert entries(data, "links")["/etc/x"]["target"] == "y"


def test_two_claims_to_one_path_are_refused_the_same_twice_is_not() -> None:
    same = plans.file("/etc/a")
    assert len(entries(config(plans.make(same, same)), "files")) == 1
    for one, two in ((plans.file("/etc/a"), plans.file("/etc/a", mode=0o600)),
                     (plans.file("/home/a", outcome=Outcome.CONVERTED),
                      plans.file("/var/home/a", mode=0o600, outcome=Outcome.CONVERTED))):
        with pytest.raises(BadInput, match="two different things"):
            config(plans.make(one, two))


def test_changed_content_is_a_stale_plan() -> None:
    with pytest.raises(StalePlan, match="/etc/a"):
        config(plans.make(plans.file("/etc/a", b"other")))


@pytest.mark.parametrize("release, wanted", [
    ("0.22.0", "2.2.0"), ("0.35.0", "2.2.0"), ("2.0.0", "3.0.0"), ("2.2.1", "3.0.0"),
    ("2.3.0", "3.1.0"), ("2.14.0", "3.1.0"), ("2.26.1", "3.1.0")])
def test_the_lowest_spec_that_does(release: str, wanted: str) -> None:
    plan = plans.make(plans.converted("/etc/a", b"a"), ignition=release)
    assert json.loads(plans.text(plan))["ignition"]["version"] == wanted


def test_another_spec_on_request_but_none_that_the_target_cannot_read() -> None:
    plan = plans.make(ignition="2.14.0")
    assert config(plan, spec=parse_spec("3.3.0"))["ignition"]["version"] == "3.3.0"
    for version in ("3.4.0", "2.2.0"):
        with pytest.raises(Unsupported, match="does not read spec"):
            config(plan, spec=parse_spec(version))
    for version in ("3.6.0", "2.1.0", "3", ""):
        with pytest.raises(BadInput, match="no spec version"):
            parse_spec(version)


def test_what_an_ignition_cannot_do_is_unsupported() -> None:
    for release in ("0.21.0", "0.3.0"):
        with pytest.raises(Unsupported, match="reads no spec that"):
            config(plans.make(ignition=release))
    with pytest.raises(BadInput, match="not a release"):
        config(plans.make(ignition=""))
    assert config(plans.make(ignition=""), release=Release(2, 14))["ignition"]


@pytest.mark.parametrize("text, specs", [
    ("0.33.0", "2.0.0 2.1.0 2.2.0 2.3.0"), ("0.34.0", "2.0.0 2.1.0 2.2.0 2.3.0"),
    ("0.35.0", "2.0.0 2.1.0 2.2.0 2.3.0 2.4.0"), ("2.0.1", "3.0.0"), ("2.3.0", "3.0.0 3.1.0"),
    ("2.14.0+ds1", "3.0.0 3.1.0 3.2.0 3.3.0"), ("v2.15", "3.0.0 3.1.0 3.2.0 3.3.0 3.4.0"),
    ("2.20.0", "3.0.0 3.1.0 3.2.0 3.3.0 3.4.0 3.5.0"),
    ("2.26.0", "3.0.0 3.1.0 3.2.0 3.3.0 3.4.0 3.5.0 3.6.0")])
def test_specs_of_releases(text: str, specs: str) -> None:
    release = Release.parse(text)
    assert [".".join(map(str, s)) for s in release.specs] == specs.split()
    assert set(release.specs) - set(release.writable) <= {(2, 0, 0), (2, 1, 0), (3, 6, 0)}


def test_secrets_show_in_no_repr_and_no_error() -> None:
    key = b"-----BEGIN PRIVATE KEY----- planted\n"
    item = plans.converted("/etc/pki/key.pem", key, secret=True)
    shown = repr(to_config(plans.make(item), plans.content, plans.password))
    assert "planted" not in shown and plans.HASH not in shown
    text = plans.text(plans.make(item))
    encoded = base64.b64encode(key).decode()
    assert encoded in text.decode() and plans.HASH in text.decode()
    for broken in (text.replace(b"3.1.0", b"9.9.9"), text[:-20], text.replace(b"/etc/pki", b"etc"),
                   text.replace(b'"overwrite": true', b'"overwrite": false')):
        with pytest.raises(BadInput) as caught:
            judge(broken)
        said = "".join(traceback.format_exception(caught.type, caught.value, caught.tb))
        assert encoded not in said and plans.HASH not in said and "planted" not in said


NAMES: st.SearchStrategy[str] = st.text("ab-_ .%ä\"\\\n\x7f", min_size=1, max_size=8).filter(
    lambda n: n not in (".", ".."))


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(NAMES, st.tuples(st.binary(max_size=40), st.integers(0, 0o777)), max_size=6))
def test_any_names_and_contents_pass_the_real_validator(files: Dict[str, Any]) -> None:
    items: List[Item] = [plans.converted(f"/etc/{name}", data, mode=mode)
                         for name, (data, mode) in files.items()]
    data = config(plans.make(*items))
    found = entries(data, "files") if files else {}
    assert {path: (plans.unpacked(e["contents"]), e["mode"])
            for path, e in found.items()} == {f"/etc/{n}": v for n, v in files.items()}


def test_the_same_plan_gives_the_same_bytes() -> None:
    items = [plans.converted(f"/etc/{n}", os.urandom(5)) for n in range(5)]
    document = build(plans.make(*items), plans.content, plans.password)
    assert b"".join(document) == b"".join(document)
    assert plans.text(plans.make(*reversed(items))) == b"".join(document)
