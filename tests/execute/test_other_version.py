"""A plan or journal that another version wrote: one clear error, nothing done or undone."""

import json
import zlib
from dataclasses import replace

import pytest

from ng2coreos.core.errors import BadInput, Exit
from ng2coreos.execute.status import status
from ng2coreos.execute.store import RunDirectory
from ng2coreos.model import codec
from tests.execute.world import Killed, World

UNKNOWN = "weld-shut"


def killed(place: World) -> RunDirectory:
    """A run that was killed half-way."""
    place.points.raises["apply gamma:1"] = Killed()
    with pytest.raises(Killed):
        place.apply()
    place.points.raises.clear()
    held = place.store.current()
    assert held is not None
    return held


def begun(place: World) -> RunDirectory:
    """The same, its plan with a step that this version has not."""
    held = killed(place)
    plan = held.plan()
    changes = tuple(replace(c, step=UNKNOWN) if c.step == "beta" else c for c in plan.changes)
    held.plan_file.write_text(codec.dumps(replace(plan, changes=changes)))
    return held


@pytest.mark.parametrize("command", ["resume", "roll_back"])
def test_a_step_that_is_not_known_stops_before_anything_is_done(
        place: World, command: str) -> None:
    begun(place)
    before = place.state(), place.boot(), place.events()
    with pytest.raises(BadInput, match=UNKNOWN) as caught:
        getattr(place, command)()
    assert caught.value.exit_code is Exit.BAD_INPUT
    assert place.plan.tool_version in caught.value.hint
    assert (place.state(), place.boot(), place.events()) == before
    assert status(place.host, place.store).host_state == "prepared"


def test_such_a_plan_is_not_begun(place: World) -> None:
    changes = (*place.plan.changes, replace(place.plan.changes[0], id="x:0", step=UNKNOWN))
    place.plan = replace(place.plan, changes=changes)
    with pytest.raises(BadInput, match=UNKNOWN):
        place.apply()
    assert place.store.current() is None and place.state() == ()


def test_an_armed_run_of_another_version_is_left_armed(place: World) -> None:
    place.apply()
    held = place.store.current()
    assert held is not None
    plan = held.plan()
    odd = replace(plan.changes[0], step=UNKNOWN)
    held.plan_file.write_text(codec.dumps(replace(plan, changes=(odd, *plan.changes[1:]))))
    before = place.state(), place.boot()
    for command in (place.apply, place.resume):
        with pytest.raises(BadInput, match=UNKNOWN):
            command()
    assert (place.state(), place.boot()) == before


@pytest.mark.parametrize("record", [
    {"event": "paused"}, {"event": "intent", "change": "beta:0"}, {"event": "done"}, {"event": 3},
    {"change": "beta:0"}, {"event": "again", "at": 7},
    {"event": "again", "at": "yesterday"}, {"event": "again", "at": None}])
def test_a_record_that_is_not_known_is_an_error_but_no_obstacle_on_the_way_back(
        place: World, record: "dict[str, object]") -> None:
    held = killed(place)
    with held.journal.path.open("ab") as stream:
        stream.write(encoded(record))
    with pytest.raises(BadInput, match="no run of this version") as caught:
        place.resume()
    assert caught.value.exit_code is Exit.BAD_INPUT
    place.roll_back()
    assert place.state() == () and place.store.current() is None


def encoded(record: "dict[str, object]") -> bytes:
    """The line that another version's journal has for `record`."""
    text = json.dumps(record)
    return f"{text}\t{zlib.crc32(text.encode()):08x}\n".encode()
