"""The support bundle: whole, the same for the same host, and without what nobody may see."""

import hashlib
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Dict

import pytest

from ng2coreos.core.errors import CommandFailed, Exit
from ng2coreos.execute import planning
from ng2coreos.execute.support import COMMANDS, LIMIT_BYTES
from tests.cli.conftest import Tool
from tests.cli.test_commands import host_with_secrets
from tests.fakes import MANY


def unpacked(path: Path) -> Dict[str, str]:
    """The bundle's members; none of them tells whose it was or when."""
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert [m.name for m in members] == sorted(m.name for m in members)
        assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in members} == {(0, 0, 0, "", 0o600)}
        found = {}
        for member in members:
            stream = archive.extractfile(member)
            assert stream is not None
            found[member.name.partition("/")[2]] = stream.read().decode()
    return found


@pytest.fixture
def helped(tool: Tool) -> Tool:
    """The tool on a host whose programs answer, some of them with secrets."""
    for argv in COMMANDS:
        tool.world.host.on(*argv, stdout=f"{argv[0]} says password=canary5\n", times=MANY)
    return tool


def test_the_bundle_is_whole(helped: Tool, tmp_path: Path) -> None:
    helped.targeted("apply")
    said = helped("support", tmp_path / "b.tar.gz")
    assert said.code == 0 and (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    parts = unpacked(tmp_path / "b.tar.gz")
    run = helped.world.store.current()
    assert run is not None
    assert json.loads(parts[f"runs/{run.run_id}/report.json"])["verdict"] == "staged"
    journal = [json.loads(line) for line in parts[f"runs/{run.run_id}/journal.jsonl"].splitlines()]
    assert [r["event"] for r in journal][-1] == "finished"
    assert {"facts.json", "status.json", "version.txt", "commands/lvs.txt", "commands/rpm.txt",
            "files/boot/grub2/grubenv", "files/run/ng2coreos.progress", "missing.txt"} <= set(parts)
    sums = {line.split("  ")[1]: line.split("  ")[0]
            for line in parts.pop("SHA256SUMS").splitlines()}
    assert sums == {n: hashlib.sha256(t.encode()).hexdigest() for n, t in parts.items()}


def test_the_same_host_gives_the_same_bytes(helped: Tool, tmp_path: Path) -> None:
    helped.targeted("apply")
    for name in ("a", "b"):
        assert helped("support", tmp_path / name).code == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_no_secret_is_in_it(helped: Tool, tmp_path: Path) -> None:
    helped.world.plan = replace(helped.world.plan, source=replace(
        helped.world.plan.source, product="token=canary6"))
    helped.world.apply()
    helped.world.facts = host_with_secrets()
    helped.world.host.write("/proc/cmdline", "rd.iscsi.password=canary7 root=/dev/x\n")
    helped.world.host.write("/boot/loader/entries/ng.conf",
                            "options netroot=iscsi:me:canary8@192.0.2.9::::iqn\n")
    assert helped("support", tmp_path / "b").code == 0
    parts = unpacked(tmp_path / "b")
    everything = "\n".join(parts.values())
    assert "rpm says password=***" in everything and "root=/dev/x" in everything
    assert [n for n, text in parts.items() if any(
        f"canary{k}" in text for k in range(1, 9))] == []
    assert not any(name.endswith((".ign", "plan.json")) for name in parts)


def test_what_cannot_be_read_is_told_and_the_rest_is_there(
        helped: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(host: object, plugins: object = None) -> None:
        raise CommandFailed("lvs has gone.", hint="none")

    monkeypatch.setattr(planning, "read_host", fails)
    assert helped("support", tmp_path / "b").code == 0
    parts = unpacked(tmp_path / "b")
    assert "facts.json: lvs has gone." in parts["missing.txt"] and "facts.json" not in parts
    assert "status.json" in parts


def test_of_a_long_log_the_end_is_kept(tool: Tool, tmp_path: Path) -> None:
    for argv in COMMANDS:
        text = "an old line\n" * 200000 + "the last\n" if argv[0] == "journalctl" else "x\n"
        tool.world.host.on(*argv, stdout=text, times=MANY)
    assert tool("support", tmp_path / "b").code == 0
    log = unpacked(tmp_path / "b")["commands/journalctl.txt"]
    assert log.endswith("the last\n") and len(log) <= LIMIT_BYTES + 10
    assert len(io.BytesIO((tmp_path / "b").read_bytes()).getvalue()) < LIMIT_BYTES


def test_a_place_that_cannot_be_written_is_told(helped: Tool) -> None:
    assert helped("support", "/no/directory/b").code == Exit.BAD_INPUT
