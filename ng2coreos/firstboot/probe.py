"""What a probe is: a look at one fact of the running system, without changing anything."""

import time
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Optional, Tuple

from ng2coreos.core.command import Completed
from ng2coreos.core.host import Host

LOOK_S = 30.0  # for one look at one fact; a healthy system answers in a second


@dataclass(frozen=True)
class Params:
    """A check's arguments; a missing or wrong one is a ValueError that names it."""

    values: Dict[str, Any]

    def text(self, name: str, default: Optional[str] = None) -> str:
        """The text called `name`."""
        value = self.values.get(name, default)
        if not isinstance(value, str):
            raise ValueError(f"the check lacks the text {name}")
        return value

    def number(self, name: str) -> int:
        """The number called `name`."""
        value = self.optional_number(name)
        if value is None:
            raise ValueError(f"the check lacks the number {name}")
        return value

    def optional_number(self, name: str) -> Optional[int]:
        """The number called `name`, if it is given."""
        value = self.values.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise ValueError(f"the check's {name} is not a number")
        return value

    def flag(self, name: str) -> bool:
        """Is `name` given as true?"""
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise ValueError(f"the check's {name} is neither true nor false")
        return value

    def texts(self, name: str) -> Tuple[str, ...]:
        """The texts called `name`; none where it is missing."""
        values = self.values.get(name, [])
        if not isinstance(values, (list, tuple)) or not all(isinstance(v, str) for v in values):
            raise ValueError(f"the check's {name} is not a list of texts")
        return tuple(values)


@dataclass(frozen=True)
class Look:
    """The host, and the time by which the look must be over."""

    host: Host
    until: float = 0.0
    monotonic: Callable[[], float] = field(default=time.monotonic)

    @property
    def left_s(self) -> float:
        """Seconds left; at least one, so that a late look fails by its own words."""
        return max(1.0, min(LOOK_S, self.until - self.monotonic()))

    def run(self, *argv: str, ok: Tuple[int, ...] = (0,)) -> Completed:
        """Run a command that only looks, within the time left."""
        return self.host.run(argv, ok=ok, timeout_s=self.left_s)


@dataclass(frozen=True)
class Seen:
    """What a probe saw; `detail` says what is wrong, or what was found."""

    ok: bool
    detail: str = ""


Probe = Callable[[Look, Params], Seen]
