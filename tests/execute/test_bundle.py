"""The bundle: whole, private, exactly what was planned, and of no use once it is edited."""

import base64
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput, StalePlan
from ng2coreos.execute.bundle import Bundle, build_config, export_bundle, shadow_hashes
from ng2coreos.model import codec
from ng2coreos.model.item import Outcome
from ng2coreos.model.manifest import Manifest
from ng2coreos.model.plan import Plan
from tests.fakes import FakeHost
from tests.ignition import plans

KEY = b"-----BEGIN PRIVATE KEY-----\ncanary-key\n"
HASH = "$6$salt$canaryhash"
SHADOW = f"root:{HASH}:19000:0:99999:7:::\nadmin:!!:19000::::::\nother:$6$x$y:1::::::\nbroken\n"


@pytest.fixture
def plan() -> Plan:
    return plans.make(
        plans.file("/etc/pki/vdsm/key.pem", KEY, mode=0o600, secret=True),
        plans.file("/var/lib/moved.conf", b"moved\n", source="/etc/old.conf"),
        plans.file("/etc/empty", b""),
        plans.converted("/etc/fstab", b"converted\n"),
        plans.file("/etc/gone", b"", outcome=Outcome.DROPPED, source="/etc/nowhere"),
        plans.file("/etc/link", b"", kind="symlink", link="/etc/x", sha256="", source="/etc/link"))


@pytest.fixture
def host(fake_host: FakeHost) -> FakeHost:
    fake_host.write("/etc/pki/vdsm/key.pem", KEY, mode=0o600)
    fake_host.write("/etc/old.conf", "moved\n")
    fake_host.write("/etc/empty")
    fake_host.write("/etc/shadow", SHADOW, mode=0o600)
    return fake_host


@pytest.fixture
def exported(host: FakeHost, plan: Plan, tmp_path: Path) -> Bundle:
    export_bundle(host, plan, tmp_path / "bundle")
    return Bundle(tmp_path / "bundle")


def test_it_holds_what_is_carried_and_nothing_else(exported: Bundle) -> None:
    files = sorted(str(p.relative_to(exported.path)) for p in exported.path.rglob("*")
                   if p.is_file())
    assert files == ["files/etc/empty", "files/etc/pki/vdsm/key.pem", "files/var/lib/moved.conf",
                     "manifest.json", "passwords.json"]
    assert (exported.path / "files/etc/pki/vdsm/key.pem").read_bytes() == KEY


def test_a_directory_that_somebody_else_puts_in_its_place_is_not_written_to(
        host: FakeHost, plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in /tmp, between the look and the making."""
    (tmp_path / "theirs").mkdir()
    remove = durable.remove

    def raced(path: Path) -> None:
        remove(path)
        path.symlink_to(tmp_path / "theirs")

    monkeypatch.setattr(durable, "remove", raced)
    with pytest.raises(FileExistsError):
        export_bundle(host, plan, tmp_path / "bundle")
    assert os.listdir(tmp_path / "theirs") == []


def test_only_root_can_look_into_it(exported: Bundle) -> None:
    assert exported.path.stat().st_mode & 0o777 == 0o700
    for path in exported.path.rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o777 == 0o600, path


def test_only_the_planned_passwords_are_taken(exported: Bundle) -> None:
    assert json.loads((exported.path / "passwords.json").read_text()) == {
        "root": HASH, "admin": "!!"}
    assert exported.password("root").reveal() == HASH
    assert exported.password("nobody").reveal() == "!"
    assert HASH not in repr(exported.password("root"))


def test_contents_come_from_the_bundle_or_the_plan(exported: Bundle, plan: Plan) -> None:
    found = {i.path: b"".join(exported.content(i).chunks()) for i in plan.decisions.items
             if i.kind == "file" and i.outcome is not Outcome.DROPPED}
    assert found == {"/etc/pki/vdsm/key.pem": KEY, "/var/lib/moved.conf": b"moved\n",
                     "/etc/empty": b"", "/etc/fstab": b"converted\n"}


def test_the_manifest_has_digests_but_no_contents(exported: Bundle, plan: Plan) -> None:
    text = (exported.path / "manifest.json").read_text()
    manifest = codec.loads(Manifest, text)
    assert {i.path for i in manifest.items} == {i.path for i in plan.decisions.items}
    assert not any(i.content for i in manifest.items)
    assert "canary" not in text
    assert base64.b64encode(b"converted\n").decode() not in text


def test_the_config_is_made_from_plan_and_bundle_alone(exported: Bundle, plan: Plan,
                                                       host: FakeHost) -> None:
    host.path("/etc/old.conf").unlink()
    config = json.loads(b"".join(build_config(plan, exported)))
    written = {f["path"]: f["contents"]["source"] for f in config["storage"]["files"]}
    assert {"/var/lib/moved.conf", "/etc/fstab", "/etc/pki/vdsm/key.pem"} <= set(written)
    assert "/etc/gone" not in written
    assert b"".join(build_config(plan, exported)) == b"".join(build_config(plan, exported))


def test_an_export_that_was_killed_is_made_anew(host: FakeHost, plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "bundle/files").mkdir(parents=True)
    (tmp_path / "bundle/files/half").write_text("left by a killed export")
    export_bundle(host, plan, tmp_path / "bundle")
    assert not (tmp_path / "bundle/files/half").exists()
    assert tmp_path.joinpath("bundle").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("change", [
    lambda host: host.write("/etc/old.conf", "edited\n"),
    lambda host: host.path("/etc/old.conf").unlink(),
    lambda host: host.write("/etc/empty", "no longer")])
def test_a_file_that_changed_since_the_plan_is_a_stale_plan(
        host: FakeHost, plan: Plan, tmp_path: Path, change: Callable[[FakeHost], None]) -> None:
    change(host)
    with pytest.raises(StalePlan, match="/etc/(old.conf|empty) has (changed|gone)"):
        export_bundle(host, plan, tmp_path / "bundle")


def test_a_file_that_became_a_fifo_does_not_hang_the_export(host: FakeHost, plan: Plan,
                                                            tmp_path: Path) -> None:
    host.path("/etc/empty").unlink()
    os.mkfifo(str(host.path("/etc/empty")))
    with pytest.raises(BadInput, match="not a regular file"):
        export_bundle(host, plan, tmp_path / "bundle")


@pytest.mark.parametrize("tamper", [
    lambda bundle: (bundle / "files/etc/pki/vdsm/key.pem").write_bytes(KEY + b"x"),
    lambda bundle: (bundle / "files/etc/empty").write_text("x"),
    lambda bundle: (bundle / "files/var/lib/moved.conf").unlink(),
    lambda bundle: (bundle / "passwords.json").unlink(),
    lambda bundle: (bundle / "passwords.json").write_text("{"),
    lambda bundle: (bundle / "passwords.json").write_text("[]"),
    lambda bundle: (bundle / "passwords.json").write_text('{"root": 3}'),
    lambda bundle: (bundle / "passwords.json").write_text('{"root": ["$6$canary"]}'),
    lambda bundle: (bundle / "passwords.json").write_text('["$6$canary"]'),
    lambda bundle: (bundle / "passwords.json").write_bytes(b"\xff")])
def test_a_bundle_that_was_tampered_with_gives_no_config(
        exported: Bundle, plan: Plan, tamper: Callable[[Path], None]) -> None:
    tamper(exported.path)
    with pytest.raises((BadInput, StalePlan)) as caught:
        b"".join(build_config(plan, exported))
    assert caught.value.hint and "canary" not in str(caught.value)


@pytest.mark.parametrize("path", ["/../outside", "/etc/../../outside", "relative", "/etc//x", "/."])
def test_no_plan_leads_out_of_the_bundle(host: FakeHost, tmp_path: Path, path: str) -> None:
    edited = plans.make(plans.file(path, b"", source="/etc/empty"))
    with pytest.raises(BadInput, match="no path"):
        export_bundle(host, edited, tmp_path / "bundle")
    assert not (tmp_path / "outside").exists()


def test_content_that_is_no_base64_is_bad_input(tmp_path: Path) -> None:
    item = replace(plans.converted("/etc/x", b"x"), content="n@t base64")
    with pytest.raises(BadInput, match="/etc/x"):
        Bundle(tmp_path).content(item)


def test_shadow_lines_that_are_no_lines_are_passed_over(host: FakeHost) -> None:
    assert shadow_hashes(host) == {"root": HASH, "admin": "!!", "other": "$6$x$y"}
