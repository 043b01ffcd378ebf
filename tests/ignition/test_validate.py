"""What a config must not say, found before a machine stops at it."""

import json
from pathlib import Path
from typing import Any, Callable, Dict

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.ignition import build, validate
from ng2coreos.model.item import Item, Outcome
from tests.fakes import ANY, FakeHost
from tests.ignition import plans

Change = Callable[[Dict[str, Any]], Any]
Check = Callable[..., None]


def good() -> Dict[str, Any]:
    data: Dict[str, Any] = json.loads(
        plans.text(plans.make(plans.file("/etc/a"), plans.file("/etc/b/c"))))
    return data


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Validates JSON data or a text, from a file as a run does."""
    def validated(data: Any, host: Host, **more: Any) -> None:
        path = tmp_path / "config.ign"
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        validate(path, host, **more)
    return validated


def files(data: Dict[str, Any]) -> Any:
    return data["storage"]["files"]


BROKEN: Dict[str, Change] = {
    "version": lambda d: d["ignition"].update(version="2.2.0"),
    "a version without packing": lambda d: (d["ignition"].update(version="3.0.0"),
                                            files(d)[0]["contents"].update(compression="gzip")),
    "packing": lambda d: files(d)[0]["contents"].update(compression="xz"),
    "unknown field": lambda d: files(d)[0].update(moode=420),
    "field of another version": lambda d: d["passwd"]["users"][0].update(shouldExist=True),
    "setuid": lambda d: files(d)[0].update(mode=0o4755),
    "append": lambda d: files(d)[0].update(append=[{"source": "data:,"}]),
    "hard link": lambda d: d["storage"].update(links=[
        {"path": "/etc/l", "target": "/etc/a", "overwrite": True, "hard": True}]),
    "a number as text": lambda d: d["passwd"]["users"][1].update(uid="7"),
    "truth as number": lambda d: files(d)[0].update(overwrite=1),
    "no version": lambda d: d["ignition"].clear(),
    "odd version": lambda d: d["ignition"].update(version=[3]),
    "kernel arguments": lambda d: d.update(kernelArguments={"shouldExist": ["x"]}),
    "units": lambda d: d.update(systemd={"units": [{"name": "a.service", "enabled": True}]}),
    "disks": lambda d: d["storage"].update(disks=[{"device": "/dev/sda", "wipeTable": True}]),
    "remote config": lambda d: d["ignition"].update(config={"merge": []}),
    "wipe": lambda d: d["storage"]["filesystems"][0].update(wipeFilesystem=True),
    "wipe unsaid": lambda d: d["storage"]["filesystems"][0].pop("wipeFilesystem"),
    "two filesystems": lambda d: d["storage"]["filesystems"].append(d["storage"]["filesystems"][0]),
    "relative": lambda d: files(d)[0].update(path="etc/a"),
    "no utf-8": lambda d: files(d)[0].update(path="/etc/\udcff"),
    "dotdot": lambda d: files(d)[0].update(path="/etc/../a"),
    "twice": lambda d: files(d).append(files(d)[0]),
    "twice by alias": lambda d: (files(d)[0].update(path="/home/x"),
                                 files(d)[1].update(path="/var/home/x")),
    "below a file": lambda d: files(d)[0].update(path="/etc/b"),
    "octal text": lambda d: files(d)[0].update(mode="0644"),
    "mode": lambda d: files(d)[0].update(mode=0o10000),
    "no overwrite": lambda d: files(d)[0].pop("overwrite"),
    "http": lambda d: files(d)[0].update(contents={"source": "http://127.0.0.1/x"}),
    "base64": lambda d: files(d)[0].update(contents={"source": "data:;base64,a"}),
    "no contents": lambda d: files(d)[0].pop("contents"),
    "owner": lambda d: files(d)[0].update(user={"id": 1, "name": "x"}),
    "nobody": lambda d: files(d)[0].update(user={}),
    "emptied": lambda d: d["storage"].update(
        directories=[{"path": "/etc/d", "mode": 493, "overwrite": True}]),
    "link": lambda d: d["storage"].update(links=[{"path": "/etc/l", "overwrite": True}]),
    "user twice": lambda d: d["passwd"]["users"].append({"name": "root"}),
    "uid twice": lambda d: d["passwd"]["users"].append({"name": "x", "uid": 1005}),
    "user name": lambda d: d["passwd"]["users"].append({"name": "a:b"}),
    "uid": lambda d: d["passwd"]["users"].append({"name": "x", "uid": [1]}),
    "list": lambda d: d["storage"].update(files={}),
    "section": lambda d: d.update(storage=[]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_our_own_checks_need_no_validator(name: str, check: Check) -> None:
    data = good()
    BROKEN[name](data)
    with FakeHost() as host, pytest.raises(BadInput, match="The Ignition config is invalid"):
        check(data, host)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"a": "data:;base64,',
                                  b'{"a": "data:;base64,YQ=="'])
def test_what_is_no_json_object(text: bytes, check: Check) -> None:
    with FakeHost() as host, pytest.raises(BadInput):
        check(text, host)


def test_a_good_config_where_no_validator_is(check: Check) -> None:
    with FakeHost() as host:
        host.on("ignition-validate", ANY, missing=True)
        check(good(), host)


@pytest.mark.parametrize("stdout, rc", [
    ("error at $.storage, line 1 col 2: no\n", 1), ("warning at $.x: unused key\n", 0), ("", 1)])
def test_errors_and_warnings_of_the_real_one_count(stdout: str, rc: int, check: Check) -> None:
    with FakeHost() as host:
        host.on("ignition-validate", ANY, stdout=stdout, rc=rc)
        with pytest.raises(BadInput, match="ignition-validate refuses"):
            check(good(), host)


def test_lines_of_the_config_that_a_validator_shows_are_not_told(check: Check) -> None:
    with FakeHost() as host:
        host.on("ignition-validate", ANY, rc=1,
                stdout='error at line 3: no\n"passwordHash": "$6$canary"\n   ^^^\n')
        with pytest.raises(BadInput, match="line 3") as caught:
            check(good(), host)
    assert "canary" not in str(caught.value)


def test_a_version_that_the_real_one_does_not_know_is_ours_to_judge(check: Check) -> None:
    said = "couldn't parse config: unsupported config version"
    with FakeHost() as host:
        host.on("ignition-validate", ANY, stderr=said, rc=1, times=2)
        for version in ("3.5.0", "3.4.0"):
            data = good()
            data["ignition"]["version"] = version
            check(data, host)
        data["ignition"]["version"] = "3.7.0"
        with pytest.raises(BadInput, match="none that is known"):
            check(data, host)


def test_kernel_arguments_are_for_a_reinstallation(check: Check) -> None:
    data = good()
    data["ignition"]["version"] = "3.3.0"
    data["kernelArguments"] = {"shouldExist": ["x"]}
    with pytest.raises(BadInput, match="kernelArguments.shouldExist must not"):
        check(data, Host())
    check(data, Host(), reinstall=True)
    data["ignition"]["version"] = "3.2.0"
    with pytest.raises(BadInput, match="kernelArguments must not"):
        check(data, Host(), reinstall=True)


@pytest.mark.parametrize("version", ["2.14.0", "0.35.0"])
def test_a_directory_replaces_only_what_is_known_to_be_none(version: str, check: Check) -> None:
    item = Item("/etc/d", "directory", Outcome.CARRIED, "", "r", "/etc/d", mode=0o755,
                replaces="file")
    document = build(plans.make(item, ignition=version), plans.content, plans.password)
    text = b"".join(document)
    assert document.replaced == {"/etc/d"}
    check(text, Host(), replaced=document.replaced)
    with pytest.raises(BadInput, match="/etc/d would be emptied"):
        check(text, Host())
