"""What a config must not say, found before a machine stops at it."""

import json
from typing import Any, Callable, Dict

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.ignition import build, validate
from tests.fakes import ANY, FakeHost
from tests.ignition import plans

Change = Callable[[Dict[str, Any]], Any]


def good() -> Dict[str, Any]:
    text = build(plans.make(plans.file("/etc/a"), plans.file("/etc/b/c")), plans.content,
                 plans.password)
    data: Dict[str, Any] = json.loads(text)
    return data


def files(data: Dict[str, Any]) -> Any:
    return data["storage"]["files"]


BROKEN: Dict[str, Change] = {
    "version": lambda d: d["ignition"].update(version="2.2.0"),
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
def test_our_own_checks_need_no_validator(name: str) -> None:
    data = good()
    BROKEN[name](data)
    with FakeHost() as host, pytest.raises(BadInput, match="The Ignition config is invalid"):
        validate(json.dumps(data).encode(), host)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_json_object(text: bytes) -> None:
    with FakeHost() as host, pytest.raises(BadInput):
        validate(text, host)


def test_a_good_config_where_no_validator_is() -> None:
    with FakeHost() as host:
        host.on("ignition-validate", "-", missing=True)
        validate(json.dumps(good()).encode(), host)


@pytest.mark.parametrize("stdout, rc", [
    ("error at $.storage, line 1 col 2: no\n", 1), ("warning at $.x: unused key\n", 0), ("", 1)])
def test_errors_and_warnings_of_the_real_one_count(stdout: str, rc: int) -> None:
    with FakeHost() as host:
        host.on("ignition-validate", ANY, stdout=stdout, rc=rc)
        with pytest.raises(BadInput, match="ignition-validate refuses"):
            validate(json.dumps(good()).encode(), host)
        assert host.calls[0].data == json.dumps(good()).encode()


def test_the_real_validator_sees_what_we_do_not() -> None:
    data = good()
    data["storage"]["files"][0]["moode"] = 420
    with pytest.raises(BadInput, match="ignition-validate refuses"):
        validate(json.dumps(data).encode(), Host())
