"""What somebody who mistyped a name or a path may have meant."""

import os
from pathlib import Path
from typing import Any, Iterable, Tuple

import click

from ng2coreos.core.errors import BadInput

_CUTOFF = 0.6  # of difflib's ratio: two letters of five may be wrong
_MANY = 10_000  # names of a directory that are looked at


def nearest(word: str, known: Iterable[str]) -> Tuple[str, ...]:
    """At most three of `known`, the likeliest first."""
    import difflib  # only who mistypes waits for it
    names = {name.lower(): name for name in known}
    return tuple(names[name] for name in
                 difflib.get_close_matches(word.lower(), names, n=3, cutoff=_CUTOFF))


def meant(word: str, known: Iterable[str]) -> str:
    """The question `Did you mean …?`, or nothing."""
    close = " or ".join(nearest(word, known))
    return f"Did you mean {close}?" if close else ""


def meant_path(path: str) -> str:
    """The same for a path that is not there: in the deepest directory of it that is."""
    wanted = Path(path)
    for above in wanted.parents:
        if above.is_dir():
            rest = wanted.relative_to(above).parts
            try:
                names = [name for name, _ in zip(sorted(os.listdir(above)), range(_MANY))]
            except OSError:
                return ""
            found = [above.joinpath(name, *rest[1:]) for name in nearest(rest[0], names)]
            there = [str(place) for place in found if place.exists()] or [
                str(place.parents[len(rest) - 2] if len(rest) > 1 else place) for place in found]
            return f"Did you mean {' or '.join(there)}?" if there else ""
    return ""


def existing(path: str, what: str, hint: str) -> Path:
    """`path`; BadInput with the nearest one where nothing is."""
    if not Path(path).exists():
        raise BadInput(f"There is no {what} {path}.", hint=meant_path(path) or hint)
    return Path(path)


class Existing(click.Path):
    """A path that must be there; the error names the nearest one."""

    def __init__(self, **more: Any) -> None:
        super().__init__(exists=True, **more)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """See click.Path.convert."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            close = "" if os.path.lexists(str(value)) else meant_path(str(value))
            if close:
                error.message = f"{error.message} {close}"
            raise
