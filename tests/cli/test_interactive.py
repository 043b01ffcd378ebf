"""`plan --interactive` on a terminal: what it asks, what it writes, and that nothing is left."""

import os
import pty
import re
import select
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, List

import pytest
import yaml

from ng2coreos.core.errors import Exit
from tests.cli.conftest import Tool
from tests.plan import build

CHRONY, OTHER, GONE = "/etc/chrony.conf", "/etc/logrotate.conf", "/etc/gone"
DEADLINE_S = 60.0
PRESSED_S = 5.0


class Person:
    """Somebody at a terminal, and the command that asks there."""

    def __init__(self, tool: Tool, place: Path, *words: Any) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            code = 99
            try:
                os.chdir(place)
                # as in a login shell, whatever started the tests (nohup and & ignore it)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
                from ng2coreos.cli import main
                sys.argv = ["ng2coreos", "plan", "--target", str(tool.repo), "--interactive",
                            *map(str, words)]
                try:
                    main.main()
                except SystemExit as end:
                    code = int(end.code or 0)
                sys.stdout.flush()
            finally:
                os._exit(code)
        self.seen, self.whole = "", ""

    def reads(self, pattern: str) -> str:
        """What is shown, up to what matches."""
        end = time.monotonic() + DEADLINE_S
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            assert left > 0, f"waited for {pattern}: {self.whole[-3000:]}"
            if select.select([self._fd], [], [], left)[0]:
                try:
                    text = os.read(self._fd, 4096).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"no {pattern} came: {self.whole[-3000:]}") from None
                self.seen, self.whole = self.seen + text, self.whole + text
        found, self.seen = self.seen, ""
        return found

    def answers(self, *rows: str) -> None:
        """A line to each question."""
        for row in rows:
            self.reads(r"(Answer \[\w\]|repeats it): ")
            os.write(self._fd, f"{row}\n".encode())

    def end(self, key: bytes = b"") -> int:
        """The exit status, everything read; `key` is pressed, and again where nothing comes of it.

        Between a prompt and its reader the terminal changes its mode, and what ends the input in
        one mode is nothing in the other.
        """
        end = time.monotonic() + DEADLINE_S
        try:
            os.write(self._fd, key)
            while True:
                if not select.select([self._fd], [], [], PRESSED_S if key else DEADLINE_S)[0]:
                    if key and time.monotonic() < end:
                        os.write(self._fd, key)
                        continue
                    os.kill(self.pid, signal.SIGKILL)
                    raise AssertionError(f"it does not end: {self.whole[-3000:]}")
                text = os.read(self._fd, 4096).decode(errors="replace")
                self.whole += text
        except OSError:
            pass
        os.close(self._fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@pytest.fixture(name="asked")
def _asked(tool: Tool) -> Tool:
    """A host with two conflicts, something deleted and a finding that wants a reason."""
    tool.world.facts = build.host(
        etc=(build.changed(CHRONY), build.changed(OTHER), build.deleted(GONE)),
        boot=replace(build.boot(), secure_boot=True))
    tool.target = build.target(etc={path: build.file("theirs") for path in (CHRONY, OTHER, GONE)})
    return tool


def written(place: Path, name: str = "answers.yaml") -> Dict[str, Any]:
    found: Dict[str, Any] = yaml.safe_load((place / name).read_text())
    return found


def asked_for(text: str) -> List[str]:
    return re.findall(r"^\((?:\d+) of \d+\) (.*?)\r?$", text, re.MULTILINE)


def test_every_question_is_answered_and_none_is_left(asked: Tool, tmp_path: Path) -> None:
    before = asked.targeted("plan")
    assert before.code == Exit.NEEDS_ANSWER
    person = Person(asked, tmp_path)
    person.answers("o", "our own key", "t", "k", "k")
    assert person.end() == 0
    assert "No question is left open." in person.whole and "Traceback" not in person.whole
    assert "READY-WITH-OVERRIDES" in person.whole
    file = tmp_path / "answers.yaml"
    assert file.stat().st_mode & 0o777 == 0o600
    assert written(tmp_path) == {
        "overrides": {"N2C_BOOT_SECURE_BOOT": "our own key"},
        "answers": dict(zip(asked_for(person.whole)[1:], ("take-target", "keep-ng", "keep-ng")))}
    assert set(written(tmp_path)["answers"]) == {CHRONY, OTHER, GONE}
    assert asked.targeted("plan", "--answers", file).code == 0
    again = Person(asked, tmp_path, "--answers", file)
    assert again.end() == 0
    assert asked_for(again.whole) == [] and "No question is left open." in again.whole
    assert asked.world.points.passed == []


def test_a_merge_that_clashes_is_asked_about_again(asked: Tool, tmp_path: Path) -> None:
    person = Person(asked, tmp_path, "--override", "N2C_BOOT_SECURE_BOOT=so")
    person.answers("M", "t")  # all conflicts; then what was deleted
    person.answers("K")  # both clash: there is nothing to merge them from
    assert person.end() == 0
    assert written(tmp_path) == {
        "answers": {CHRONY: "keep-ng", OTHER: "keep-ng", GONE: "take-target"}}


def test_what_is_left_open_stays_open(asked: Tool, tmp_path: Path) -> None:
    person = Person(asked, tmp_path)
    person.answers("s", "K", "s")
    assert person.end() == Exit.NEEDS_ANSWER
    assert "2 questions are left open." in person.whole
    assert set(written(tmp_path)) == {"answers"}


@pytest.mark.parametrize("stop", ["q", "\x03", "\x04"])
def test_what_was_answered_stays_however_it_ends(asked: Tool, tmp_path: Path, stop: str) -> None:
    person = Person(asked, tmp_path)
    person.answers("s", "k")
    person.reads(r"Answer \[k\]: ")
    if stop == "q":
        os.write(person._fd, b"q\n")
    ended = person.end(b"" if stop == "q" else stop.encode())
    assert ended == (Exit.NEEDS_ANSWER if stop == "q" else Exit.SIGINT)
    assert list(written(tmp_path)["answers"].values()) == ["keep-ng"]


def test_a_kill_leaves_the_file_whole(asked: Tool, tmp_path: Path) -> None:
    person = Person(asked, tmp_path)
    person.answers("o", "our own key", "k")
    person.reads(r"Answer \[k\]: ")
    os.kill(person.pid, signal.SIGKILL)
    assert person.end() == -signal.SIGKILL
    assert len(written(tmp_path)["answers"]) == 1 and written(tmp_path)["overrides"]


def test_a_file_of_the_admin_is_extended_and_its_comments_are_kept_beside(
        asked: Tool, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    text = f"# Why: chrony.\nconfirm: manual\nanswers: {{{CHRONY}: take-target}}\n"
    file.write_text(text)
    person = Person(asked, tmp_path, "--answers", file)
    person.answers("o", "ours", "k", "t")
    assert person.end() == 0
    assert written(tmp_path, "mine.yaml") == {
        "confirm": "manual", "overrides": {"N2C_BOOT_SECURE_BOOT": "ours"},
        "answers": {CHRONY: "take-target", OTHER: "keep-ng", GONE: "take-target"}}
    assert (tmp_path / "mine.yaml~").read_text() == text
    assert not (tmp_path / "answers.yaml").exists()


def test_an_answers_file_of_the_conf_is_read_and_not_written(asked: Tool, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("confirm: manual\n")
    (tmp_path / "ng2coreos.conf").write_text(f"[ng2coreos]\nanswers = {site}\n")
    person = Person(asked, tmp_path)
    person.answers("o", "ours", "K", "t")
    assert person.end() == 0
    assert written(tmp_path)["confirm"] == "manual" and len(written(tmp_path)["answers"]) == 3
    assert site.read_text() == "confirm: manual\n"


def test_what_cannot_be_written_is_told(asked: Tool, tmp_path: Path) -> None:
    person = Person(asked, tmp_path, "--answers", tmp_path / "none" / "answers.yaml")
    person.answers("o", "ours")
    assert person.end() == Exit.BAD_INPUT and "cannot be written" in person.whole


def test_a_wrong_word_is_asked_again(asked: Tool, tmp_path: Path) -> None:
    person = Person(asked, tmp_path)
    person.answers("nonsense", "s", "S", "s")
    assert person.end() == Exit.NEEDS_ANSWER and not (tmp_path / "answers.yaml").exists()


def test_without_a_terminal_nothing_is_asked(asked: Tool, tmp_path: Path,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = asked.targeted("plan", "--interactive")
    assert said.code == Exit.USAGE and "terminal" in said.err and said.out == ""
    assert not (tmp_path / "answers.yaml").exists()


def test_what_is_shown_has_no_control_characters(asked: Tool, tmp_path: Path) -> None:
    evil = "/etc/a\x1b]0;title\x07b"
    asked.world.facts = build.host(etc=(build.changed(evil),))
    asked.target = build.target(etc={evil: build.file("theirs")})
    person = Person(asked, tmp_path, "--color", "never")
    person.reads(r"Answer \[k\]: ")
    os.write(person._fd, b"q\n")
    person.end()
    assert "\x1b]" not in person.whole and "\x07" not in person.whole
