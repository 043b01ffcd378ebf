"""SIGKILL at every point of a run and of a rollback: what the next command makes of it."""

from pathlib import Path
from typing import Any, Callable, List, Tuple

import pytest

from ng2coreos.core.errors import Interrupted, Ng2CoreosError, RolledBack, Unsupported
from tests.execute.world import Killed, World, world

pytestmark = pytest.mark.usefixtures("no_fsync")

End = Tuple[Any, ...]
CLEAN: End = ((), ({"saved_entry": "ng"}, False), "none")


def end(place: World) -> End:
    """All that can be seen of a host after a command."""
    return place.state(), place.boot(), place.ended


def killed_at(place: World, number: int, command: Callable[[], None]) -> str:
    """Run `command` until the point `number`; the point's name."""
    place.points.passed.clear()
    place.points.number = number
    with pytest.raises(Killed) as caught:
        command()
    place.points.number = None
    return str(caught.value)


def points_of(top: Path, command: str, *, failing: bool = False) -> Tuple[List[str], End]:
    """The points that an undisturbed command passes, and its end."""
    with world(top) as place:
        if command == "roll_back":
            place.apply()
            place.points.passed.clear()
        if failing:
            place.points.raises["half gamma:1"] = Ng2CoreosError("It broke.", hint="none")
            with pytest.raises(RolledBack):
                place.apply()
        else:
            getattr(place, command)()
        return list(place.points.passed), end(place)


def test_resume_ends_where_an_undisturbed_run_ends(tmp_path: Path) -> None:
    names, undisturbed = points_of(tmp_path / "whole", "apply")
    assert len(names) > 50
    for number, name in enumerate(names):
        with world(tmp_path / str(number)) as place:
            assert killed_at(place, number, place.apply) == name
            if place.store.current() is None:  # killed before anything was begun
                assert end(place) == CLEAN, name
                with pytest.raises(Unsupported):
                    place.resume()
                place.apply()
            else:
                place.resume()
            assert end(place) == undisturbed, name
            assert place.done() == {c.id for c in place.plan.changes}, name


def test_rollback_ends_where_the_run_started(tmp_path: Path) -> None:
    names, _ = points_of(tmp_path / "whole", "apply")
    for number, name in enumerate(names):
        with world(tmp_path / str(number)) as place:
            killed_at(place, number, place.apply)
            place.roll_back()
            assert end(place) == CLEAN, name


def test_a_run_that_is_killed_twice_can_still_be_resumed(tmp_path: Path) -> None:
    names, undisturbed = points_of(tmp_path / "whole", "apply")
    for number in range(5, names.index("before journal finished"), 7):
        with world(tmp_path / str(number)) as place:
            killed_at(place, number, place.apply)
            killed_at(place, 4, place.resume)
            place.resume()
            assert end(place) == undisturbed, names[number]


def test_a_killed_rollback_is_finished_by_the_next_and_cannot_be_resumed(tmp_path: Path) -> None:
    names, _ = points_of(tmp_path / "whole", "roll_back")
    begun = names.index("journal undo omega:0")
    for number, name in enumerate(names):
        with world(tmp_path / str(number)) as place:
            place.apply()
            assert killed_at(place, number, place.roll_back) == name
            if number >= begun and place.store.current() is not None:
                with pytest.raises(Interrupted, match="rolled back"):
                    place.resume()
            place.roll_back()
            assert end(place) == CLEAN, name


def test_a_run_that_failed_and_was_killed_while_undoing_is_rolled_back(tmp_path: Path) -> None:
    names, ended = points_of(tmp_path / "whole", "apply", failing=True)
    assert ended == CLEAN
    for number in range(names.index("half gamma:1") + 1, len(names)):
        with world(tmp_path / str(number)) as place:
            place.points.raises["half gamma:1"] = Ng2CoreosError("It broke.", hint="none")
            killed_at(place, number, place.apply)
            place.points.raises.clear()
            place.roll_back()
            assert end(place) == CLEAN, names[number]


def test_a_torn_last_line_counts_as_not_written(tmp_path: Path) -> None:
    with world(tmp_path / "whole") as place:
        place.apply()
        whole, undisturbed = (place.store.path / place.plan.run_id / "journal").read_bytes(), \
            end(place)
    lines = whole.splitlines(keepends=True)
    names, _ = points_of(tmp_path / "points", "apply")
    for number in range(1, len(lines), 2):
        with world(tmp_path / str(number)) as place:
            killed_at(place, _point_after_record(names, number), place.apply)
            journal = place.store.path / place.plan.run_id / "journal"
            journal.write_bytes(journal.read_bytes() + lines[number][:len(lines[number]) // 2])
            place.resume()
            assert end(place) == undisturbed


def _point_after_record(names: List[str], record: int) -> int:
    """The point just before the journal's record `record` (from 0) is written."""
    return [n for n, name in enumerate(names) if name.startswith("before journal")][record]
