"""Commands: no shell, a deadline that holds for grandchildren too, one locale."""

import errno
import logging
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import List

import pytest

from ng2coreos.core import command
from ng2coreos.core.command import Completed, check, run_process
from ng2coreos.core.errors import CommandFailed, Unsupported


def test_arguments_are_not_interpreted() -> None:
    assert run_process(["echo", "$HOME;", "`id`"]).stdout == "$HOME; `id`\n"


def test_locale_and_empty_input() -> None:
    result = run_process(["sh", "-c", "echo $LC_ALL; cat"])
    assert result.stdout == "C.UTF-8\n"


def test_input_is_passed_on() -> None:
    assert run_process(["cat"], data="äöü").stdout == "äöü"


def test_past_its_deadline_the_whole_group_dies(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(CommandFailed, match="did not end within"):
        run_process(["sh", "-c", f"sleep 100 & echo $! > {pid_file}; wait"], timeout_s=1)
    pid = int(pid_file.read_text("utf-8"))
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if "Z" in Path(f"/proc/{pid}/stat").read_text("utf-8").split()[2]:
            return
        time.sleep(0.05)
    pytest.fail("the grandchild lives on")


def test_a_missing_program_is_named_with_a_hint() -> None:
    with pytest.raises(Unsupported, match="no-such-program is missing") as error:
        run_process(["no-such-program"])
    assert error.value.hint


def test_a_program_that_cannot_be_started_is_an_error_as_any_other(
        monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit of memory or of processes too; whoever catches failures of programs has it."""
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))

    monkeypatch.setattr(subprocess, "Popen", refused)
    with pytest.raises(CommandFailed, match="lvs --all cannot be started: Cannot all") as told:
        run_process(["lvs", "--all"])
    assert told.value.hint


@pytest.mark.parametrize("words", [["yes"], ["sh", "-c", "exec yes >&2"]])
def test_a_program_that_prints_without_an_end_fills_no_memory(
        monkeypatch: pytest.MonkeyPatch, words: List[str]) -> None:
    monkeypatch.setattr(command, "OUTPUT_BYTES", 1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(CommandFailed, match="printed more than 1 MiB"):
            run_process(words, timeout_s=30.0)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("words", [["true"], ["cat"], ["sh", "-c", "head -c 10; exec cat >&2"]])
def test_any_amount_of_input_is_told_to_whoever_listens(words: List[str]) -> None:
    data = bytes(range(250)) * 5000
    done = run_process(words, data=data)
    said = (done.stdout + done.stderr).encode("utf-8", "surrogateescape")
    assert said == (b"" if words == ["true"] else data)


def test_a_failure_shows_the_end_of_what_the_program_said() -> None:
    with pytest.raises(CommandFailed, match="status 3: last words"):
        check(run_process(["sh", "-c", "echo last words >&2; exit 3"]), (0,))
    assert check(run_process(["sh", "-c", "exit 3"]), (0, 3)).returncode == 3


def test_verbose_tells_what_ran_and_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    told: List[str] = []
    logger = logging.getLogger("ng2coreos.core.command")
    monkeypatch.setattr(logger, "debug", lambda text, *values: told.append(text % values))
    run_process(["echo", "http://me:hunter2@mirror/repo", "a b"])
    assert [line.partition(" after")[0] for line in told] == [
        "echo http://***@mirror/repo 'a b': status 0"]


def test_a_message_names_the_command_and_not_its_hundred_arguments() -> None:
    long = Completed(("ostree", "admin", "deploy", *["--karg-append=a=b"] * 100), 1, "", "full", 0)
    with pytest.raises(CommandFailed, match="^ostree admin deploy .* … .*: full$") as error:
        check(long, (0,))
    assert len(error.value.message) < 150


def test_no_message_shows_a_password() -> None:
    argv = ("ostree", "remote", "add", "x", "https://me:hunter2@mirror/repo")
    with pytest.raises(CommandFailed, match="https://\\*\\*\\*@mirror/repo failed") as error:
        check(Completed(argv, 1, "", "", 0), (0,))
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("out,err", [("", "no login: password=hunter2 is wrong"),
                                     ("no login: password=hunter2 is wrong", "")])
def test_no_message_shows_a_password_that_the_program_told(out: str, err: str) -> None:
    with pytest.raises(CommandFailed, match="login: password=\\*\\*\\* is wrong"):
        check(Completed(("iscsiadm",), 1, out, err, 0), (0,))


@pytest.mark.parametrize("said", ["password={} is wrong", "password: {}\nno more"])
def test_what_is_cut_off_takes_no_name_of_a_password_along(said: str) -> None:
    secret = "hunter2" * 10
    for more in range(command._TAIL - 120, command._TAIL + 1):
        with pytest.raises(CommandFailed) as error:
            check(Completed(("iscsiadm",), 1, "", said.format(secret) + " " + "x" * more, 0), (0,))
        assert "hunter2" not in error.value.message, more


IGNORED = """
import signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
sys.argv = ["ng2coreos", "--version"]
try:
    {main}
except SystemExit:
    pass
from ng2coreos.core.command import run_process
assert run_process(["sh", "-c", "exit 3"]).returncode == 3
"""


@pytest.mark.parametrize("main", [
    "from ng2coreos.cli.main import main; main()",
    "from ng2coreos.firstboot.cli import main; main(['--help'])"])
def test_who_started_us_and_ignores_its_children_makes_no_failure_a_success(main: str) -> None:
    done = subprocess.run([sys.executable, "-c", IGNORED.format(main=main)], check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


STOPPED = """
import sys
from ng2coreos.core.command import run_process
print("begun", flush=True)
print(run_process(["sh", "-c", "sleep 0.2; echo last words"], timeout_s=2.0).stdout, flush=True)
"""


def test_who_was_stopped_past_the_deadline_believes_the_program_that_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", STOPPED], stdout=subprocess.PIPE,
                          text=True) as tool:
        assert tool.stdout is not None and tool.stdout.readline() == "begun\n"
        children = Path(f"/proc/{tool.pid}/task/{tool.pid}/children")
        while not children.read_text():
            time.sleep(0.01)
        tool.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        tool.send_signal(signal.SIGCONT)
        assert tool.communicate()[0] == "last words\n\n"
    assert tool.returncode == 0


def test_a_program_that_has_ended_has_not_while_its_child_holds_the_pipes(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LAST_WORDS_S", 0.1)
    with pytest.raises(CommandFailed, match="did not end within"):
        run_process(["sh", "-c", f"sleep 600 & echo $! >{tmp_path}/child"], timeout_s=1.0)
    child = int((tmp_path / "child").read_text())
    limit = time.monotonic() + 30
    while Path(f"/proc/{child}/stat").exists() and time.monotonic() < limit:
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()
