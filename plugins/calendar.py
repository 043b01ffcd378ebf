"""Times of cron as systemd's calendar says them; a helper of the plug-in jobs."""

import re
from typing import List, Sequence, Set, Tuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_SHOWN = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_NUMBER = re.compile(r"[0-9]{1,9}")  # int() refuses thousands of them


class NotATime(ValueError):
    """What stands there is no time of cron."""


def calendar(words: str) -> Tuple[str, ...]:
    """The expressions that together mean the five fields `words`, as crontab(5) reads them.

    Where both the day of the month and the day of the week are given, cron takes either, so that
    there are two expressions.
    """
    fields = words.split()
    if len(fields) != 5:
        raise NotATime(f"{words!r} are not five fields")
    minute = _listed(_field(fields[0], 0, 59), 60, 2)
    hour = _listed(_field(fields[1], 0, 23), 24, 2)
    days = _field(fields[2], 1, 31)
    month = _listed(_field(fields[3], 1, 12, _MONTHS, 1), 12, 2)
    week = {day % 7 for day in _field(fields[4], 0, 7, _DAYS, 0)}
    time = f"{hour}:{minute}:00"
    on_day = f"*-{month}-{_listed(days, 31, 2)} {time}"
    names = ",".join(_SHOWN[day] for day in sorted(week, key=lambda d: (d - 1) % 7))
    on_week = f"{names} *-{month}-* {time}"
    # a field that begins with a star restricts nothing for this purpose, as in crontab(5)
    either = not (fields[2].startswith("*") or fields[4].startswith("*"))
    if len(week) == 7:  # of either day, each is one: 0-6 is no star
        return (f"*-{month}-* {time}",) if either else (on_day,)
    return (on_day, on_week) if either else (f"{names} {on_day}",)


def _field(text: str, low: int, high: int, names: Sequence[str] = (), base: int = 0) -> Set[int]:
    found: Set[int] = set()
    for part in text.lower().split(","):
        span, slash, step = part.partition("/")
        if slash and not (_NUMBER.fullmatch(step) and int(step)):
            raise NotATime(f"{text!r} has a step that is no number")
        if span == "*":
            first, last = low, high
        else:
            one, dash, other = span.partition("-")
            first = _number(one, names, base)
            last = _number(other, names, base) if dash else (high if slash else first)
        if not low <= first <= last <= high:
            raise NotATime(f"{text!r} is not between {low} and {high}")
        found.update(range(first, last + 1, int(step) if slash else 1))
    return found


def _number(text: str, names: Sequence[str], base: int) -> int:
    if text[:3] in names and len(text) == 3:
        return names.index(text) + base
    if not _NUMBER.fullmatch(text):
        raise NotATime(f"{text!r} is neither a number nor a name")
    return int(text)


def _listed(values: Set[int], count: int, width: int) -> str:
    """The numbers as a list, or a star where they are all."""
    if len(values) == count:
        return "*"
    shown: List[str] = [f"{value:0{width}d}" for value in sorted(values)]
    return ",".join(shown)
