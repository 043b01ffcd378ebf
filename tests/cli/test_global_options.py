"""The options of every command: before or after its name, with the same meaning."""

import json
import logging
import os
import re
import socket
import struct
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import click
import pytest

from ng2coreos.cli import elsewhere, examples, logs
from ng2coreos.cli.command import Command, GlobalOption, Group
from ng2coreos.cli.main import cli
from ng2coreos.cli.terminal import painted
from ng2coreos.core.errors import Exit
from tests.cli.conftest import Tool, lines
from tests.execute.world import Killed

GLOBAL = ("--root", "--config", "--color", "--verbose", "--quiet", "--log-file", "--progress-fd")
WITH_JSON = ("inventory", "plan", "apply", "resume", "status", "rollback", "explain", "fleet",
             "report", "support")


def commands() -> List[Tuple[str, click.Command]]:
    """Every command of ours with its full name."""
    def below(name: str, command: click.Command) -> Iterator[Tuple[str, click.Command]]:
        yield name, command
        if isinstance(command, click.Group):
            for word, inner in command.commands.items():
                yield from below(f"{name} {word}".strip(), inner)
    return [(name, c) for name, c in below("", cli) if name not in elsewhere.NAMES]


@pytest.fixture(autouse=True)
def log_again() -> Iterator[None]:
    """Handlers of one test are not the next one's."""
    yield
    logging.getLogger("ng2coreos").handlers[:] = []


@pytest.mark.parametrize("name, command", commands(), ids=lambda value: str(value))
def test_every_command_takes_them_and_has_examples(tool: Tool, name: str,
                                                   command: click.Command) -> None:
    assert isinstance(command, (Command, Group))
    names = {o for p in command.params if isinstance(p, GlobalOption) for o in p.opts}
    assert set(GLOBAL) <= names
    told = tool(*name.split(), "--help").out
    assert "\nGlobal options:" in told and "\nExamples:\n" in told
    for what, line in examples.EXAMPLES[name]:
        assert f"    {line}\n" in told and what[0].isupper() and what[-1] in ":?"


def test_no_example_is_of_a_command_that_is_not() -> None:
    assert set(examples.EXAMPLES) == {name for name, _ in commands()}


@pytest.mark.parametrize("line", [line for rows in examples.EXAMPLES.values()
                                  for _, line in rows])
def test_examples_are_calls_that_click_understands(line: str) -> None:
    import shlex
    inner = re.fullmatch(r'eval "\$\((.*)\)"', line)
    words = shlex.split(re.sub(r" \d?>.*", "", inner[1] if inner else line))[1:]
    command: Any = cli
    context = click.Context(command, info_name="ng2coreos", resilient_parsing=True)
    while isinstance(command, click.Group):
        rest = command.make_parser(context).parse_args(args=list(words))[1]
        command, words = command.commands[rest[0]], rest[1:]
        context = click.Context(command, resilient_parsing=True, parent=context)
    command.make_parser(context).parse_args(args=list(words))  # raises for an unknown option


@pytest.mark.parametrize("name", WITH_JSON)
def test_json_before_the_command_is_its_own(
        tool: Tool, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own: Dict[str, List[Any]] = {
        "plan": ["--target", tool.repo], "apply": ["--target", tool.repo],
        "explain": ["N2C_BOOT_SECURE_BOOT"], "support": [tmp_path / "x.tar.gz"]}
    words = own.get(name, [])
    monkeypatch.setattr("ng2coreos.execute.support.bundle", lambda host: b"")
    if name == "fleet":
        (tmp_path / "one.json").write_text(tool.targeted("plan", "--json").out)
        words = [tmp_path / "one.json"]
    if name == "resume":
        tool.targeted("apply")
    for said in (tool("--json", name, *words), tool(name, "--json", *words)):
        assert said.code == 0, said.err
        json.loads(said.out)


def test_json_of_what_has_none_is_a_wrong_call(tool: Tool, tmp_path: Path) -> None:
    said = tool("--json", "export", "--target", tool.repo, tmp_path / "bundle")
    assert said.code == Exit.USAGE and "takes no --json" in said.err
    assert not (tmp_path / "bundle").exists()


def test_root_after_the_command_protects_as_well(tool: Tool, tmp_path: Path) -> None:
    for command in ("apply", "resume", "rollback"):
        for words in ([command, "--root", tmp_path], ["--root", tmp_path, command]):
            assert tool(*words).code == Exit.UNSUPPORTED
    assert tool("--root", tmp_path, "apply", "--root", "/", "--target", tool.repo).code == 0


def test_the_log_file_holds_what_was_done_and_no_secret(tool: Tool, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tool("--log-file", log, "apply", "--target", tool.repo).code == 0
    text = log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert "Make 1" in text and text.rstrip().endswith("exit status 0")
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ [A-Z]+ ", row)
               for row in text.splitlines())
    said = tool("plan", "--target", "https://me:canary@none.example/x", "--key", "/no",
                "--log-file", log)
    more = log.read_text()
    assert more.startswith(text) and "error:" in more and "canary" not in more
    assert f"exit status {said.code}" in more


@pytest.fixture(name="journal")
def _journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A journal of systemd's, which reads nothing by itself."""
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    monkeypatch.setattr(logs, "JOURNAL", "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("journal")
        listening.setblocking(False)
        yield listening


def received(journal: socket.socket) -> List[Dict[str, str]]:
    found: List[Dict[str, str]] = []
    while True:
        try:
            data = journal.recv(1 << 16)
        except BlockingIOError:
            return found
        head, _, rest = data.partition(b"MESSAGE\n")
        size, = struct.unpack("<Q", rest[:8])
        assert rest[8 + size:] == b"\n"
        fields = dict(line.split("=", 1) for line in head.decode().splitlines())
        found.append({**fields, "MESSAGE": rest[8:8 + size].decode()})


def test_systemd_s_journal_holds_what_a_run_did_and_no_secret(tool: Tool,
                                                              journal: socket.socket) -> None:
    assert tool("status").code == 0 and received(journal) == []  # it changes nothing
    assert tool.targeted("apply").code == 0
    told = received(journal)
    assert {r["SYSLOG_IDENTIFIER"] for r in told} == {"ng2coreos"}
    assert told[0]["MESSAGE"].startswith("ng2coreos apply") and told[0]["PRIORITY"] == "6"
    assert any(r["MESSAGE"] == "Make 1" for r in told)
    assert told[-1]["MESSAGE"] == "exit status 0"
    tool("apply", "--target", "https://me:canary@none.example/x", "--key", "/no")
    assert not any("canary" in r["MESSAGE"] for r in received(journal))


def test_a_journal_that_stands_still_or_is_gone_stops_nothing(tool: Tool,
                                                              journal: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as other:
        with pytest.raises(BlockingIOError):
            while True:
                other.sendto(b"full", "journal")
    assert tool.targeted("apply").code == 0
    journal.close()
    assert tool("rollback").code == 0


@pytest.mark.parametrize("place", ["missing/log", "link", "."])
def test_a_log_that_cannot_be_written_stops_before_anything(tool: Tool, tmp_path: Path,
                                                            place: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    said = tool("apply", "--target", tool.repo, "--log-file", tmp_path / place)
    assert said.code == Exit.BAD_INPUT and len(lines(said.err)) == 2
    assert tool.world.points.passed == [] and not (tmp_path / "elsewhere").exists()


def test_a_log_on_a_full_disk_stops_nothing(tool: Tool) -> None:
    said = tool("apply", "--target", tool.repo, "--log-file", "/dev/full")
    assert said.code == 0 and "Traceback" not in said.err


def test_verbose_of_the_file_is_taken_back_by_the_command_line(tool: Tool, tmp_path: Path) -> None:
    tool.world.points.raises["half beta:0"] = Killed()
    with pytest.raises(Killed):
        tool.world.apply()
    tool.world.points.raises.clear()
    (tmp_path / "ng2coreos.conf").write_text("[ng2coreos]\nquiet = yes\n")
    assert "Make" not in tool("resume").err
    tool("rollback")
    assert "Make" in tool("apply", "--target", tool.repo, "--no-quiet").err


@pytest.mark.parametrize("words, no_color, colored", [
    (("--color", "always"), "", True), (("--color", "never"), "", False), ((), "", False),
    (("--color", "always"), "1", True)])
def test_colour_only_where_it_is_wanted(tool: Tool, monkeypatch: pytest.MonkeyPatch,
                                        words: Tuple[str, ...], no_color: str,
                                        colored: bool) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    said = tool.targeted("plan", *words)
    assert said.code == 0 and ("\x1b[" in said.out) is colored
    assert "\x1b" not in tool.targeted("plan", "--json", *words).out


def test_colours_change_no_word() -> None:
    text = ("BLOCKED: Two things.\nNext: x\n  [INHIBITOR] a [warning] b\nHost: staged (armed)\n"
            "READY-WITH-OVERRIDES: y\n")
    shown = painted(text)
    assert click.unstyle(shown) == text and shown.count("\x1b[0m") == 6


def test_a_terminal_has_colours_unless_it_is_told_not_to() -> None:
    def said(**environment: str) -> bytes:
        pid, terminal = os.forkpty()
        if pid == 0:
            environment = {**os.environ, **environment}
            os.execve(sys.executable, [sys.executable, "-m", "ng2coreos", "status"], environment)
        found = b""
        try:
            while True:
                found += os.read(terminal, 4096)
        except OSError:
            pass
        os.waitpid(pid, 0)
        os.close(terminal)
        return found

    plain, colored = said(NO_COLOR="1"), said(NO_COLOR="")
    assert b"Host: untouched" in plain and b"\x1b[" not in plain
    assert b"\x1b[1mNext" in colored


@pytest.mark.parametrize("words, meant", [
    (["statsu"], "status"), (["whitelist", "chekc"], "check"),
    (["plan", "--targt", "x"], "--target"), (["--vebrose", "plan"], "--verbose"),
    (["explain", "N2C_BOOT_SECUREBOOT"], "N2C_BOOT_SECURE_BOOT")])
def test_an_unknown_word_is_answered_with_the_nearest(tool: Tool, words: List[str],
                                                      meant: str) -> None:
    said = tool(*words)
    assert said.code == Exit.USAGE and re.search(rf"(?i)did you mean '?{meant}", said.err)


@pytest.mark.parametrize("words, code", [
    (["plan", "--target", "{0}/rpeo"], Exit.BAD_INPUT),
    (["plan", "--target", "{0}/repo", "--key", "{0}/rpeo"], Exit.BAD_INPUT),
    (["plan", "--target", "{0}/repo", "--answers", "{0}/rpeo"], Exit.BAD_INPUT),
    (["apply", "--plan", "{0}/rpeo"], Exit.BAD_INPUT),
    (["report", "{0}/rpeo"], Exit.BAD_INPUT), (["fleet", "{0}/rpeo"], Exit.USAGE),
    (["fleet", "{0}/repo", "--inventory", "{0}/rpeo"], Exit.BAD_INPUT),
    (["ignition", "{0}/rpeo"], Exit.USAGE), (["--config", "{0}/rpeo", "status"], Exit.BAD_INPUT)])
def test_a_path_that_is_not_there_is_answered_with_the_nearest(
        tool: Tool, words: List[str], code: Exit) -> None:
    top = tool.repo.parent
    said = tool(*(word.format(top) for word in words))
    assert said.code == code and f"Did you mean {top}/repo?" in " ".join(said.err.split())
    assert tool.world.points.passed == []
