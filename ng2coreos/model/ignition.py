"""Releases of Ignition and the spec versions that they read.

Sources: coreos/ignition, docs/specs.md ("Minimum Ignition version" of each spec) and, for the 0.x
line, NEWS and config/ of the branch spec2x.  A release reads every stable spec of its major
generation up to its own; the 2.x line reads no spec 2 at all.
"""

import re
from dataclasses import dataclass
from typing import Tuple

from ng2coreos.core.errors import BadInput

Spec = Tuple[int, int, int]

# (first release that reads it as stable, spec)
SPECS: Tuple[Tuple[Tuple[int, int], Spec], ...] = (
    ((0, 4), (2, 0, 0)), ((0, 17), (2, 1, 0)), ((0, 22), (2, 2, 0)), ((0, 29), (2, 3, 0)),
    ((0, 35), (2, 4, 0)),
    ((2, 0), (3, 0, 0)), ((2, 3), (3, 1, 0)), ((2, 7), (3, 2, 0)), ((2, 11), (3, 3, 0)),
    ((2, 15), (3, 4, 0)), ((2, 20), (3, 5, 0)), ((2, 26), (3, 6, 0)),
)
# Those that ng2coreos writes. 2.0 and 2.1 lack `overwrite`; 3.6 adds nothing that is needed.
WRITTEN: Tuple[Spec, ...] = ((2, 2, 0), (2, 3, 0), (2, 4, 0), (3, 0, 0), (3, 1, 0), (3, 2, 0),
                             (3, 3, 0), (3, 4, 0), (3, 5, 0))
_RELEASE = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[+~-].*)?")


@dataclass(frozen=True)
class Release:
    """A release of Ignition, as the target image has it."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> "Release":
        """The release that `text` ("2.14.0") names, or BadInput."""
        match = _RELEASE.fullmatch(text)
        if match is None:
            raise BadInput(f"{text!r} is not a release of Ignition.",
                           hint="Has the target image Ignition? Its package list tells.")
        return cls(int(match.group(1)), int(match.group(2)), int(match.group(3) or 0))

    @property
    def specs(self) -> Tuple[Spec, ...]:
        """The stable specs that it reads, ascending."""
        generation = 3 if self.major >= 2 else 2
        return tuple(spec for first, spec in SPECS
                     if spec[0] == generation and first <= (self.major, self.minor))

    @property
    def writable(self) -> Tuple[Spec, ...]:
        """Those that ng2coreos can write for it, ascending."""
        return tuple(spec for spec in self.specs if spec in WRITTEN)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def parse_spec(text: str) -> Spec:
    """The spec that `text` ("3.2.0") names, one that ng2coreos writes; else BadInput."""
    found = next((spec for spec in WRITTEN if spec_text(spec) == text), None)
    if found is None:
        raise BadInput(f"{text!r} is no spec version that ng2coreos writes.",
                       hint="It writes " + ", ".join(map(spec_text, WRITTEN)) + ".")
    return found


def spec_text(spec: Spec) -> str:
    """The version as a config says it."""
    return ".".join(map(str, spec))
