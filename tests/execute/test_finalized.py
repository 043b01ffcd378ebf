"""Rollback on NG while or after the new system gives NG up: refused, it is all that is left."""

from dataclasses import replace

import pytest

from ng2coreos.core.errors import Interrupted, Ng2CoreosError, Unsupported
from ng2coreos.execute import commands
from ng2coreos.model.state import Phase
from ng2coreos.stage import state
from tests.execute.test_kill import CLEAN, end
from tests.execute.world import World


@pytest.mark.parametrize("phase, error", [(Phase.FINALIZING, Interrupted),
                                          (Phase.FINALIZED, Unsupported)])
def test_nothing_is_taken_away_from_a_host_that_has_nothing_else(
        place: World, phase: Phase, error: type) -> None:
    place.apply()
    boot = place.host.path("/boot")
    written = state.read(boot)
    assert written is not None
    state.write(boot, replace(written, phase=phase))
    before = end(place)
    with pytest.raises(error, match="finaliz") as caught:
        place.roll_back()
    assert isinstance(caught.value, Ng2CoreosError) and caught.value.hint
    place.store.end()  # NG's /var may be older than its journal
    with pytest.raises(error, match="finaliz"):
        commands.roll_back(place.host, place.progress)
    assert end(place)[:2] == before[:2]


def test_a_state_that_cannot_be_read_is_no_obstacle(place: World) -> None:
    place.apply()
    state.path(place.host.path("/boot")).write_text("{torn")
    place.roll_back()
    assert end(place) == CLEAN
