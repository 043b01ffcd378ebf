"""Path patterns of the whitelists: ``*`` in a name, ``**`` at any depth, ``<x>`` a component."""

import re
from functools import cache
from typing import Pattern, Tuple

_TOKEN = re.compile(r"\*\*|\*|\?|<[^/>]+>|[^*?<]+|<")
_WILD = re.compile(r"[*?<]")


def matches(pattern: str, path: str) -> bool:
    """Does `path` fit `pattern`? ``/a/**`` fits /a and everything below it."""
    return compiled(pattern).match(path) is not None


def specificity(pattern: str) -> Tuple[int, int]:
    """How exact a pattern is: the length of its literal start, then its own; the larger wins."""
    wild = _WILD.search(pattern)
    return (wild.start() if wild else len(pattern) + 1, len(pattern))


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
