"""The entry that decides about a path: the index answers as a search through every entry does."""

from typing import Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ng2coreos.core import globs
from ng2coreos.plan import load_rules
from ng2coreos.plan.rules import Action, Entry, Layer, Rules

_NAMES = st.lists(st.sampled_from(["a", "b", "ab", "a.b", "", "a\n"]), min_size=1, max_size=4)
_PIECES = st.lists(st.sampled_from(["a", "b", "ab", "a*", "*", "**", "?", "<x>", "*b", "a**", "a<",
                                    "<x>b", ""]), min_size=1, max_size=4)
PATHS = st.one_of(_NAMES.map(lambda names: "/" + "/".join(names)), _NAMES.map("/".join))
PATTERNS = st.one_of(_PIECES.map(lambda pieces: "/" + "/".join(pieces)), _PIECES.map("/".join))


@st.composite
def entries(draw: st.DrawFn) -> Tuple[Entry, ...]:
    drawn = draw(st.lists(st.tuples(
        st.lists(PATTERNS, min_size=1, max_size=3), st.sampled_from(list(Action)),
        st.lists(PATTERNS, max_size=1)), max_size=6))
    return tuple(Entry(str(n), tuple(paths), action, "", exclude=tuple(exclude))
                 for n, (paths, action, exclude) in enumerate(drawn))


def searched(rules: Rules, path: str) -> Optional[Entry]:
    """The answer by trying every pattern of every entry, in order."""
    for layers in (rules.drop_ins, rules.built_in):
        best: Optional[Tuple[Tuple[int, bool, int], Entry]] = None
        for entry in (entry for layer in layers for entry in layer.entries):
            if any(globs.matches(pattern, path) for pattern in entry.exclude):
                continue
            for pattern in entry.paths:
                if globs.matches(pattern, path):
                    start, length = globs.specificity(pattern)
                    score = (start, entry.action is not Action.CARRY, length)
                    if best is None or score > best[0]:
                        best = (score, entry)
        if best is not None:
            return best[1]
    return None


@given(entries(), entries(), entries(), st.lists(PATHS, min_size=1, max_size=5))
def test_the_index_answers_as_a_search_does(ours: Tuple[Entry, ...], more: Tuple[Entry, ...],
                                            theirs: Tuple[Entry, ...], paths: Tuple[str, ...]
                                            ) -> None:
    rules = Rules((Layer("drop-in", theirs),), (Layer("a", ours), Layer("b", more)))
    for path in paths:
        assert rules.find(path) is searched(rules, path)


@given(st.lists(PATTERNS, max_size=8), PATHS)
def test_an_index_finds_each_pattern_that_fits_once(patterns: Tuple[str, ...], path: str) -> None:
    index = globs.Index((pattern, n) for n, pattern in enumerate(patterns))
    assert sorted(index.fitting(path)) == [
        n for n, pattern in enumerate(patterns) if globs.matches(pattern, path)]


def test_the_real_whitelists_answer_alike_for_a_path_of_each_pattern() -> None:
    rules = load_rules()
    patterns = [pattern for entry in rules.entries for pattern in (*entry.paths, *entry.exclude)]
    paths = {made for pattern in patterns for path in [pattern.replace("**", "x/y")]
             for made in (path, path.replace("*", "z"), path.rpartition("/")[0], path + "/below")}
    found = [rules.find(path) for path in sorted(paths)]
    assert found == [searched(rules, path) for path in sorted(paths)]
    assert {entry.id for entry in found if entry} > {"identity.hostname"}


@pytest.mark.parametrize("order, wanted", [((0, 1), "one"), ((1, 0), "two")])
def test_the_earlier_of_two_equal_entries_decides(order: Tuple[int, int], wanted: str) -> None:
    pair = (Entry("one", ("/a/*",), Action.CARRY, ""), Entry("two", ("/a/?",), Action.CARRY, ""))
    rules = Rules((), tuple(Layer("", (pair[n],)) for n in order))
    decided = rules.find("/a/b")
    assert decided is not None and decided.id == wanted
