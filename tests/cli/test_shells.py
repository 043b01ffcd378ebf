"""Completion in the shells themselves: what a person gets with the tab key."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

import pytest

from tests.rig.cache import REPO

DEADLINE_S = 60.0
# what is typed, the last word incomplete -> a completion that must come, one that must not
CASES = [
    ("ng2coreos pl", "plan", "apply"),
    ("ng2coreos --root / sta", "status", "plan"),
    ("ng2coreos plan --tri", "--trial-boots", "--target"),
    ("ng2coreos status --fol", "--follow", "--html"),
    ("ng2coreos plan --confirm ma", "manual", "auto"),
    ("ng2coreos --color al", "always", "never"),
    ("ng2coreos explain N2C_BOOT_SEC", "N2C_BOOT_SECURE_BOOT", "N2C_BOOT_FULL"),
    ("ng2coreos apply --override N2C_BOOT_SEC", "N2C_BOOT_SECURE_BOOT=", "N2C_BOOT_FULL="),
    ("ng2coreos whitelist ch", "check", "list"),
    ("ng2coreos whitelist list ss", "ssh", "time"),
    ("ng2coreos ignition b --spec 3.", "3.2.0", "2.2.0"),
    ("ng2coreos report --format le", "leapp-1.2.0", "text"),
    ("ng2coreos completion z", "zsh", "bash"),
    ("ng2coreos plan --target REPO --ref ov", "ovirt/x86_64/coreos/stable", "fedora"),
    ("ng2coreos report plan-re", "plan-report.json", "other.json")]
FEW = CASES[::4] + CASES[-2:]  # click asks for the same words for every shell


@pytest.fixture(name="place", scope="module")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the program on its path, a repository and two files."""
    top = tmp_path_factory.mktemp("shell")
    program = top / "bin" / "ng2coreos"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nPYTHONPATH='{REPO}' exec '{sys.executable}' "
                       "-m ng2coreos \"$@\"\n")
    program.chmod(0o755)
    for ref in ("ovirt/x86_64/coreos/stable", "fedora/stable"):
        file = top / "repo" / "refs" / "heads" / ref
        file.parent.mkdir(parents=True)
        file.write_text("0" * 64)
    for name in ("plan-report.json", "other.json"):
        (top / name).write_text("{}")
    for shell in ("bash", "zsh", "fish"):
        done = subprocess.run([str(program), "completion", shell], capture_output=True, text=True,
                              check=True)
        (top / f"ng2coreos.{shell}").write_text(done.stdout)
    return top


def environment(place: Path) -> Dict[str, str]:
    return {"PATH": f"{place}/bin:{os.environ['PATH']}", "HOME": str(place), "TERM": "dumb",
            "LC_ALL": "C.UTF-8", "XDG_CONFIG_HOME": str(place), "XDG_DATA_HOME": str(place)}


def typed(line: str, place: Path) -> str:
    return line.replace("REPO", str(place / "repo"))


class Terminal:
    """A shell that believes to talk to a person."""

    def __init__(self, place: Path, *argv: str) -> None:
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            os.chdir(place)
            os.execvpe(argv[0], list(argv), environment(place))
        self.seen = ""

    def type(self, text: str) -> None:
        """Keys."""
        os.write(self._fd, text.encode())

    def until(self, pattern: str) -> str:
        """What is shown, up to what matches."""
        end = time.monotonic() + DEADLINE_S
        while not re.search(pattern, self.seen):
            left = end - time.monotonic()
            assert left > 0, f"waited for {pattern}: {self.seen[-2000:]!r}"
            if select.select([self._fd], [], [], left)[0]:
                self.seen += os.read(self._fd, 4096).decode(errors="replace")
        found, self.seen = self.seen, ""
        return found

    def close(self) -> None:
        """Nobody types any more."""
        os.close(self._fd)
        os.waitpid(self.pid, 0)


@pytest.mark.parametrize("line, wanted, other", CASES)
def test_bash_completes(place: Path, line: str, wanted: str, other: str) -> None:
    """As its tab key does it: the function gets the words, and COMPREPLY is what it offers."""
    words = typed(line, place).split()
    quoted = " ".join(f"'{word}'" for word in words)
    # compopt works in a real completion only: what it is asked for is noted
    file = (f"compopt() {{ [[ $2 == default ]] && COMPREPLY=($(compgen -f -- '{words[-1]}')); }}\n"
            f"source '{place}/ng2coreos.bash'\nCOMP_WORDS=({quoted})\n"
            f"COMP_CWORD={len(words) - 1}\n_ng2coreos_completion ng2coreos\n"
            "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
    done = subprocess.run(["bash", "--norc", "-c", file], cwd=place, env=environment(place),
                          capture_output=True, text=True, check=True, timeout=DEADLINE_S)
    offered = done.stdout.splitlines()
    assert wanted in offered and other not in offered and done.stderr == ""


def test_the_tab_key_in_bash(place: Path) -> None:
    shell = Terminal(place, "bash", "--norc", "--noprofile", "-i")
    shell.type("PS1='rea''dy> '; source ./ng2coreos.bash\n")
    shell.until("ready> ")
    shell.type("ng2coreos whitelist expl\t")
    shell.until("ng2coreos whitelist explain ")
    shell.type("\x15ng2coreos explain N2C_BOOT_SECURE\t")
    shell.until("ng2coreos explain N2C_BOOT_SECURE_BOOT ")
    shell.type("\x15ng2coreos report plan-re\t")
    shell.until(r"plan-report\.json ")
    shell.close()


@pytest.mark.parametrize("line, wanted, other", FEW)
def test_fish_completes(place: Path, line: str, wanted: str, other: str) -> None:
    done = subprocess.run(
        ["fish", "--no-config", "-c",
         f"source '{place}/ng2coreos.fish'; complete --do-complete '{typed(line, place)}'"],
        cwd=place, env=environment(place), capture_output=True, text=True, check=True,
        timeout=DEADLINE_S)
    offered = [row.partition("\t")[0] for row in done.stdout.splitlines()]
    assert wanted in offered and other not in offered


@pytest.mark.parametrize("line, wanted, other", FEW)
def test_zsh_completes(place: Path, line: str, wanted: str, other: str) -> None:
    shell = Terminal(place, "zsh", "-f", "-i")
    shell.type("PROMPT='rea''dy> '; autoload -U compinit; compinit -u -D; "
               "setopt no_beep; source ./ng2coreos.zsh; echo do''ne\n")
    shell.until(r"done\s+.*ready> ")
    shell.type(typed(line, place) + "\t")
    *_, start = typed(line, place).split()
    shown = shell.until(re.escape(wanted[len(start):]) + r"[= ]")
    assert other not in shown.replace(typed(line, place), "")
    shell.close()


def test_what_is_printed_is_a_script_of_that_shell(place: Path) -> None:
    for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]),
                         ("fish", ["fish", "--no-execute"])):
        subprocess.run([*check, str(place / f"ng2coreos.{shell}")], check=True)


def test_completing_never_fails(place: Path) -> None:
    """Whatever was typed, the shell gets no message in the middle of the line."""
    lines: List[str] = ["ng2coreos nonsense x", "ng2coreos plan --target /none --ref x",
                        "ng2coreos plan --nonsense x", "ng2coreos --config /none explain N2C_AUD"]
    for line in lines:
        words = line.split()
        done = subprocess.run(
            [str(place / "bin" / "ng2coreos")], capture_output=True, text=True, cwd=place,
            timeout=DEADLINE_S, env={**environment(place), "_NG2COREOS_COMPLETE": "bash_complete",
                                     "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)})
        assert "Traceback" not in done.stderr + done.stdout, line
