"""Secrets that cannot leak through a repr, a log line or a report."""

from typing import Any


class Secret:
    """A text that prints as ``***``; `reveal()` is the only way to its content."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself; never pass it to anything that prints."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)
