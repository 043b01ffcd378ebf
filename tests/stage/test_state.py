"""The state file: the same record on both systems, damage is told, absence is no error."""

from pathlib import Path
from typing import List

import pytest

from ng2coreos.core.errors import BadInput
from ng2coreos.model.state import Attempt, BootState, Failure, Phase
from ng2coreos.stage import bootdir, state

STATE = BootState("r1", "0.1", Phase.ARMED, "boot", "NG", "uuid", "/grub2/grubenv",
                  "/grub2/custom.cfg", "onn", ("ng2coreos_root",), 2, "auto", "c" * 64,
                  "ovirt-node", (Attempt(1, "b", "t", failures=(Failure("c", "t", "dé\udcff"),)),))


def test_it_is_read_as_written_and_settled(boot: Path, settled: List[Path]) -> None:
    assert state.read(boot) is None
    bootdir.make_private(boot)
    state.write(boot, STATE)
    assert settled[-1] == boot
    assert state.read(boot) == STATE
    assert state.path(boot).stat().st_mode & 0o777 == 0o600


def test_a_damaged_file_is_told(boot: Path) -> None:
    bootdir.make_private(boot)
    state.path(boot).write_text('{"run_id": ')
    with pytest.raises(BadInput, match="not JSON"):
        state.read(boot)
