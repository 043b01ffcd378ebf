"""YAML bombs are refused before they go off."""

from pathlib import Path

import pytest

from ng2coreos.cli.options import policy_of
from ng2coreos.core.errors import BadInput
from ng2coreos.plan import shallow
from ng2coreos.plan.schema import parse

LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
DEEP = ("[" * 100_000, "{a: " * 50_000, "- " * 50_000, "? " * 50_000,
        "".join(" " * n + "a:\n" for n in range(300)), "a: [" * 60)


@pytest.mark.parametrize("text", DEEP, ids=range(len(DEEP)))
def test_a_bomb_is_refused_at_once(text: str) -> None:
    with pytest.raises(BadInput):
        parse(text, "x.yaml")


@pytest.mark.parametrize("text", [*DEEP, LAUGHS, "a: &a [*a]\n", "!!python/name:os.system x"])
def test_answers_make_no_objects_and_no_gigabytes(tmp_path: Path, text: str) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(text)
    with pytest.raises(BadInput):
        policy_of(str(path), ())


@pytest.mark.parametrize("text", ["a: [1, [2, {b: 3}]]", "- " * 20 + "a", "x: '" + "-" * 200 + "'",
                                  "# " + "-" * 90 + "\na: 1"])
def test_what_is_shallow_passes(text: str) -> None:
    shallow.check(text)
    shallow.check(text, aliases=False)


def test_whitelists_may_have_aliases() -> None:
    shallow.check("a: &a 1\nb: *a\n")
    with pytest.raises(ValueError, match="aliases"):
        shallow.check("a: &a 1\nb: *a\n", aliases=False)
