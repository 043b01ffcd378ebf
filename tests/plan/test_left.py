"""What stays behind is one answer, by the rules, by the plan, on a disk, and in a copy."""

import itertools
import os
import random
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from ng2coreos.core import globs
from ng2coreos.core.left import Left
from ng2coreos.plan.rules import Action, Entry, Layer, Rules
from ng2coreos.plan.volumes import NEVER_IN_VAR, decide_left
from ng2coreos.plan.why import why
from ng2coreos.stage import transfer
from ng2coreos.stage.ids import IdMap

CARRY, DROP = Action.CARRY, Action.DROP
FILES = ["/var/" + "/".join(names) for names in itertools.product("ab", repeat=3)] + [
    "/var/tmp/a", "/var/tmp/ng2coreos-1/a", "/var/lib/ng2coreos/a"]
_As = Tuple[Action, str, Tuple[str, ...]]


def rules(*tiers: List[_As]) -> Rules:
    """Of drop-ins, and of the built-in ones."""
    drop_ins, built_in = (Layer(str(number), tuple(
        Entry(f"{number}.{one}", (path,), action, "why", exclude=exclude)
        for one, (action, path, exclude) in enumerate(entries)))
        for number, entries in enumerate(tiers))
    return Rules((drop_ins,), (built_in,))


def drawn(seed: int, words: str) -> Rules:
    """A few entries of each tier; the same of the same seed."""
    draw = random.Random(seed)

    def pattern() -> str:
        path = "/".join(draw.choice(words) for _ in range(draw.randint(1, 3)))
        return f"/var/{path}" + draw.choice(("", "", "/**"))

    def entries() -> List[_As]:
        return [(draw.choice((CARRY, DROP)), pattern(), (pattern(),) if draw.random() < 0.2 else ())
                for _ in range(draw.randint(0, 3))]

    return rules(entries(), entries())


def by_the_rules(given: Rules, path: str) -> bool:
    ways = [path, *map(str, Path(path).parents)]
    entry = given.find_above(path)
    return any(globs.matches(never, way) for never in NEVER_IN_VAR for way in ways) or (
        entry is not None and entry.action is DROP)


def on_a_disk(top: Path, left: Left) -> Dict[str, Tuple[bool, bool]]:
    """Each file: is it found to be left, and is it not in a copy?"""
    for path in FILES:
        place = top / "from" / path[len("/var/"):]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    transfer.copy_tree(top / "from", top / "to", IdMap({0: 0}, {0: 0}), left, lambda amount: None)
    found = left.found(top / "from")
    return {path: (any(one in (place, *place.parents) for one in found),
                   not (top / "to" / place.relative_to(top / "from")).exists())
            for path, place in ((path, top / "from" / path[len("/var/"):]) for path in FILES)}


@pytest.mark.skipif(os.geteuid() != 0, reason="owners")
@pytest.mark.parametrize("words", ["ab", "aabb*"])
def test_all_say_the_same(tmp_path: Path, words: str) -> None:
    """Of patterns with wildcards the rules know more than what they come to: a few differ."""
    unlike = 0
    for seed in range(60):
        given = drawn(seed, words)
        left = decide_left("/var", given)
        for path, (found, copied) in on_a_disk(tmp_path / str(seed), left).items():
            said = left.has(path[len("/var/"):])
            assert said == found == copied, f"{seed}: {path}"
            assert said or not path.startswith(("/var/lib/ng", "/var/tmp/ng"))
            if said != by_the_rules(given, path):
                unlike += 1
            else:
                assert (why(given, path).verdict == "dropped") is said
    assert unlike == 0 if words == "ab" else unlike < 30


def cut(*entries: _As) -> Callable[[str, str], bool]:
    """The admin's entries: does a path of the volume at a mount point stay behind?"""
    given = rules(list(entries), [(DROP, "/var/acme", ()), (DROP, "/var/x/*/cache", ())])

    def stays(top: str, path: str) -> bool:
        return decide_left(top, given, ("/var/log",)).has(path[len(top) + 1:])

    return stays


def test_a_part_of_what_is_dropped_is_carried_and_a_part_of_that_is_not() -> None:
    stays = cut((CARRY, "/var/acme/db/**", ("/var/acme/db/tmp",)), (DROP, "/var/acme/db/log", ()))
    assert [path for path in ("a", "db/a", "db/log/a", "db/tmp/a", "db/b/c")
            if stays("/var", f"/var/acme/{path}")] == ["a", "db/log/a", "db/tmp/a"]


def test_a_wildcard_that_meets_what_is_dropped() -> None:
    stays = cut((CARRY, "/home/*/.ssh/**", ()), (DROP, "/home/old", ()), (CARRY, "/opt/*/etc", ()),
                (DROP, "/opt/acme", ()), (CARRY, "/var/x/mine/**", ()))
    assert stays("/home", "/home/old/a") and not stays("/home", "/home/old/.ssh/a")
    assert stays("/opt", "/opt/acme/bin/a") and not stays("/opt", "/opt/acme/etc/a")
    assert stays("/var", "/var/x/his/cache/a") and not stays("/var", "/var/x/mine/cache/a")


def test_the_runs_own_is_never_carried() -> None:
    stays = cut((DROP, "/var/tmp/**", ()), (CARRY, "/var/tmp/*", ()),
                (CARRY, "/var/lib/*/runs", ()))
    for top in ("/var", "/var/tmp"):
        assert stays(top, "/var/tmp/ng2coreos-1/a") and not stays(top, "/var/tmp/a")
    assert stays("/var", "/var/lib/ng2coreos/runs/a")


def test_a_volume_may_stay_behind_as_a_whole() -> None:
    stays = cut((DROP, "/var/log", ()))
    assert stays("/var/log", "/var/log/a") and not stays("/var", "/var/b")
    assert not stays("/var", "/var/log")  # what it is mounted on is no part of it
