"""Path patterns of the whitelists: ``*`` in a name, ``**`` at any depth, ``<x>`` a component."""

import re
from functools import cache
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


def sample(pattern: str) -> str:
    """A path that fits `pattern`, the outermost such."""
    return _WILDCARDS.sub("x", pattern[:-3] if pattern.endswith("/**") else pattern)


def literal(pattern: str) -> bool:
    """Is it a plain path?"""
    return _WILD.search(pattern) is None


@cache
def compiled(pattern: str) -> Pattern[str]:
    """The pattern as a regular expression for a whole path."""
    if pattern.endswith("/**"):
        return re.compile(_translate(pattern[:-3]) + r"(?:/.*)?\Z", re.DOTALL)
    return re.compile(_translate(pattern) + r"\Z", re.DOTALL)


def _translate(pattern: str) -> str:
    parts = []
    for token in _TOKEN.findall(pattern):
        if token == "**":
            parts.append(".*")
        elif token == "*":
            parts.append("[^/]*")
        elif token == "?":
            parts.append("[^/]")
        elif token.startswith("<") and token.endswith(">"):
            parts.append("[^/]+")
        else:
            parts.append(re.escape(token))
    return "".join(parts)
