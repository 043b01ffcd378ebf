"""Path patterns of the whitelists: ``*`` in a name, ``**`` at any depth, ``<x>`` a component."""

import re
from functools import cache
from itertools import count
from typing import Dict, Generic, Iterable, Iterator, List, Pattern, Tuple, TypeVar

T = TypeVar("T")

_TOKEN = re.compile(r"\*\*|\*|\?|<[^/>]+>|[^*?<]+|<")
_WILD = re.compile(r"[*?<]")
_WILDCARDS = re.compile(r"\*\*|\*|\?|<[^/>]+>")


class Index(Generic[T]):
    """Values by pattern: the same answer as trying every pattern, at the cost of those near a path.

    A path that fits a pattern lies below the directory that the pattern's literal start names (or
    is it: ``/a/**``), so only the patterns of the directories above a path are tried.
    """

    def __init__(self, pairs: Iterable[Tuple[str, T]]) -> None:
        self._exact: Dict[str, List[T]] = {}
        self._below: Dict[str, List[Tuple[Pattern[str], T]]] = {}
        for pattern, value in pairs:
            wild = _WILD.search(pattern)
            if wild is None:
                self._exact.setdefault(pattern, []).append(value)
            else:
                directory = pattern[:wild.start()].rpartition("/")[0]
                self._below.setdefault(directory, []).append((compiled(pattern), value))

    def fitting(self, path: str) -> Iterator[T]:
        """The value of each pattern that `path` fits, in no order that means anything."""
        yield from self._exact.get(path, ())
        directory = path
        while True:
            for pattern, value in self._below.get(directory, ()):
                if pattern.match(path):
                    yield value
            if not directory:
                return
            directory = directory.rpartition("/")[0]


def matches(pattern: str, path: str) -> bool:
    """Does `path` fit `pattern`? ``/a/**`` fits /a and everything below it."""
    return compiled(pattern).match(path) is not None


def specificity(pattern: str) -> Tuple[int, int]:
    """How exact a pattern is: the length of its literal start, then its own; the larger wins."""
    wild = _WILD.search(pattern)
    return (wild.start() if wild else len(pattern) + 1, len(pattern))


def start(pattern: str) -> str:
    """The path that everything that fits `pattern` is, or lies below."""
    wild = _WILD.search(pattern)
    return pattern if wild is None else pattern[:wild.start()].rpartition("/")[0]


def leads(pattern: str, path: str) -> bool:
    """May something below directory `path` fit `pattern`?"""
    first = start(pattern)
    if first.startswith(f"{path}/"):
        return True
    if first and not f"{path}/".startswith(f"{first}/"):
        return False
    return "**" in pattern or path.count("/") < pattern.count("/")


def outermost(pattern: str) -> str:
    """What fits only the outermost of what fits `pattern`: of ``/a/**`` it is /a."""
    return pattern[:-3] if pattern.endswith("/**") else pattern


def sample(pattern: str) -> str:
    """A path that fits `pattern`, the outermost such."""
    return _WILDCARDS.sub("x", outermost(pattern))


def literal(pattern: str) -> bool:
    """Is it a plain path?"""
    return _WILD.search(pattern) is None


@cache
def compiled(pattern: str) -> Pattern[str]:
    """The pattern as a regular expression for a whole path.

    It takes at most time that grows with the square of the path's length, whatever the pattern:
    what follows one wildcard is looked for where it comes first, and never again (no later place
    leaves more room to what is still to come). Only what follows the last one must end the path.
    """
    end = r"\Z"
    if pattern.endswith("/**"):
        pattern, end = pattern[:-3], r"(?:/.*)?\Z"
    groups = count()
    parts = _parts(pattern)
    text = _within(parts[0], groups, last=len(parts) == 1)
    for part in parts[1:-1]:
        text += _first(".*?" + _within(part, groups), groups)
    if parts[1:]:
        text += ".*" + _within(parts[-1], groups, last=True)
    return re.compile(text + end, re.DOTALL)


def _parts(pattern: str) -> List[List[str]]:
    """Between each ``**`` and the next: the regular expressions between ``*`` and ``*``."""
    parts = [[""]]
    stars = 0  # of a run of them the longest counts
    for token in [*_TOKEN.findall(pattern), ""]:
        if token.startswith("*"):
            stars = max(stars, len(token))
            continue
        if stars > 1:
            parts.append([""])
        elif stars:
            parts[-1].append("")
        stars = 0
        if token == "?":
            parts[-1][-1] += "[^/]"
        elif token.startswith("<") and token.endswith(">"):
            parts[-1][-1] += "[^/]"
            stars = 1
        else:
            parts[-1][-1] += re.escape(token)
    return parts


def _within(texts: List[str], groups: Iterator[int], last: bool = False) -> str:
    """The expressions, anything but a slash between two; only the last may be tried twice."""
    text = texts[0]
    for number, following in enumerate(texts[1:], 2):
        if last and number == len(texts):
            text += "[^/]*" + following
        else:
            text += _first("[^/]*?" + following, groups)
    return text


def _first(text: str, groups: Iterator[int]) -> str:
    """The first way to match, taken for good: an atomic group, which re has from 3.11 on."""
    name = f"g{next(groups)}"
    return f"(?=(?P<{name}>{text}))(?P={name})"
