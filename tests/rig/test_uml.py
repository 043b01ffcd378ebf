"""uml: a machine that hangs is noticed, killed and told apart from a script that failed."""

import os
import time
from pathlib import Path
from typing import Dict, List

import pytest

from . import uml
from .ng import disk


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program that is started instead of User Mode Linux; it writes its pid to `pid`."""
    monkeypatch.setattr(uml, "_SILENCE_S", 1)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path / "linux.uml"


def become(machine: Path, script: str) -> None:
    machine.write_text(f"#!/bin/sh\necho $$ >{machine.parent}/pid\n{script}\n")
    machine.chmod(0o755)


def run(machine: Path) -> None:
    uml.run(Path("script"), [], {}, machine.with_name("uml.log"))


def test_a_silent_machine_is_killed_with_its_children(machine: Path) -> None:
    become(machine, f"echo + lvcreate; sleep 600 & echo $! >{machine.parent}/child; wait")
    with pytest.raises(uml.Stalled, match=r"hung .*\n\+ lvcreate"):
        run(machine)
    for name in ("pid", "child"):
        assert gone(int(machine.with_name(name).read_text()))


def test_a_slow_machine_that_prints_is_let_run(machine: Path) -> None:
    become(machine, "for i in 1 2 3 4 5; do echo $i; sleep 0.5; done; echo RIG-UML-OK")
    run(machine)


def test_a_script_that_fails_is_no_hang(machine: Path) -> None:
    become(machine, "echo no space left; exit 1")
    with pytest.raises(RuntimeError, match="failed .*\nno space left") as failed:
        run(machine)
    assert not isinstance(failed.value, uml.Stalled)


@pytest.mark.parametrize("hangs, attempts", [(0, 1), (1, 2), (2, 2)])
def test_disks_are_made_anew_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                  hangs: int, attempts: int) -> None:
    seen: List[int] = []

    def make(out: Path, trees: Dict[str, Path], boot_fs: str) -> None:
        assert not list(out.iterdir())
        (out / "work").mkdir()
        (out / "ng.raw").touch()
        seen.append(1)
        if len(seen) <= hangs:
            raise uml.Stalled("hung")

    monkeypatch.setattr(disk, "_make", make)
    if hangs < 2:
        disk.make(tmp_path, {}, "ext4")
    else:
        with pytest.raises(uml.Stalled):
            disk.make(tmp_path, {}, "ext4")
    assert len(seen) == attempts


def gone(pid: int) -> bool:
    """Whether `pid` has ended; one that was killed may still wait for its parent."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False
