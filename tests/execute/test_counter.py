"""What status on NG says when the boot counter of the confirmed system has run out."""

from dataclasses import replace

import pytest

from ng2coreos.core.errors import Exit
from ng2coreos.execute.status import status
from ng2coreos.model.state import Phase
from ng2coreos.stage import bootdir, grubenv, state
from tests.execute.world import World


@pytest.mark.parametrize("counter, code", [("-1", Exit.FELL_BACK), ("0", Exit.OK), ("3", Exit.OK),
                                           ("", Exit.OK)])
def test_a_confirmed_system_that_did_not_come_up(place: World, counter: str, code: Exit) -> None:
    place.apply()
    boot = place.host.path("/boot")
    written = state.read(boot)
    assert written is not None
    state.write(boot, replace(written, phase=Phase.CONFIRMED))
    if counter:
        private = bootdir.private_grubenv(boot)
        private.parent.mkdir()
        grubenv.create(private)
        grubenv.change(private, {"boot_counter": counter, "boot_success": "0"})
    found = status(place.host, place.store)
    assert found.exit_code == code
    assert ("four times" in found.text) == (code is Exit.FELL_BACK)
