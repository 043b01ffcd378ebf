"""What a spec version cannot say goes another way, and is told.

- Setuid, setgid and sticky bits: no spec up to 3.5 sets them on files, and on directories only
  with a warning since Ignition 2.22 (coreos/ignition, docs/migrating-configs.md, 3.5.0 to 3.6.0).
  A tmpfiles.d fragment sets them at each boot, before anything is served.
- SELinux labels in spec 2: Ignition 0.x labels on the root alone.  The same fragment restores
  those of what it writes to other file systems.
- Homes in spec 2 (see spec2.py), and kernel arguments before 3.3.
"""

import stat
from dataclasses import dataclass, replace
from typing import Iterator, List, Optional, Tuple, Union

from ng2coreos.core.errors import Unsupported
from ng2coreos.ignition import spec2, spec3
from ng2coreos.ignition.config import Config, Directory, File, Link, Owner
from ng2coreos.ignition.contents import Contents
from ng2coreos.ignition.paths import canonical
from ng2coreos.model.ignition import Release, Spec, spec_text

FRAGMENT = "/etc/tmpfiles.d/ng2coreos.conf"
_SPECIAL = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_TOLD = 5  # paths of a note
_HEADER = "# Written by ng2coreos: what Ignition cannot set by itself.\n"
_GLOB = "*?["

Entry = Union[File, Directory, Link]


@dataclass(frozen=True)
class Fitted:
    """A config that `spec` can say whole, and what had to go another way or is missing."""

    config: Config
    spec: Spec
    notes: Tuple[str, ...] = ()


def choose(config: Config, release: Release, wanted: Optional[Spec] = None) -> Spec:
    """The lowest spec that can say most of `config` of those that `release` reads and we write.

    `wanted` is taken if it is one of them; Unsupported if it is not, or none is.
    """
    if wanted is not None:
        if wanted not in release.writable:
            raise Unsupported(f"Ignition {release} does not read spec {spec_text(wanted)}.",
                              hint="Leave the version out: the lowest that fits is taken.")
        return wanted
    if not release.writable:
        raise Unsupported(f"Ignition {release} reads no spec that ng2coreos writes.",
                          hint="Use an image with Ignition 0.22 or later.")
    needed = [spec3.PACKED if config.files else spec3.BASE]
    if config.kernel_arguments:
        needed.append(spec3.KERNEL_ARGUMENTS)
    def has(spec: Spec) -> int:
        return sum(spec >= one for one in needed)
    return min(release.writable, key=lambda spec: (-has(spec), spec))


def fit(config: Config, spec: Spec) -> Fitted:
    """`config` with all that `spec` cannot say taken out or put elsewhere."""
    notes: List[str] = []
    entries: Tuple[Entry, ...] = (*config.directories, *config.files, *config.links)
    special = [e for e in entries if not isinstance(e, Link) and e.mode & _SPECIAL]
    if special:
        notes.append("Setuid, setgid and sticky bits are set by "
                     f"{FRAGMENT}, not by Ignition: {_some([e.path for e in special])}.")
    elsewhere = _on_volumes(config) if spec[0] == spec2.BASE[0] else []
    if elsewhere:
        notes.append(f"SELinux labels are restored by {FRAGMENT}, since Ignition 0.x labels the "
                     f"root only: {_some([e.path for e in elsewhere])}.")
    notes += _homes(config, spec)
    if config.kernel_arguments and spec < spec3.KERNEL_ARGUMENTS:
        words = " ".join(f"--append-karg {word}" for word in config.kernel_arguments)
        notes.append(f"Spec {spec_text(spec)} has no kernel arguments: give coreos-installer "
                     f"{words}.")
        config = replace(config, kernel_arguments=())
    marked = {e.path: e for e in (*special, *elsewhere)}
    if marked:
        data = (_HEADER + "".join(_line(marked[path]) for path in sorted(marked))).encode()
        fragment = File(FRAGMENT, Contents.of(data, FRAGMENT), 0o644)
        config = replace(
            config, files=(*(replace(f, mode=f.mode & ~_SPECIAL) for f in config.files), fragment),
            directories=tuple(replace(d, mode=d.mode & ~_SPECIAL) for d in config.directories))
    return Fitted(config, spec, tuple(notes))


def _on_volumes(config: Config) -> List[Entry]:
    entries: Tuple[Entry, ...] = (*config.directories, *config.files, *config.links)
    return [e for e in entries if spec2.holder_of(config, e.path)]


def _homes(config: Config, spec: Spec) -> Iterator[str]:
    if spec[0] != spec2.BASE[0]:
        return
    homes = [user.home for user in config.users
             if user.make_home and user.home and spec2.holder_of(config, canonical(user.home))]
    if homes:
        yield ("Ignition 0.x makes no homes on volumes; these must have come with them: "
               f"{_some(homes)}.")


def _line(entry: Entry) -> str:
    """``z``: set mode and owner, restore the label. A symlink has no mode."""
    mode = "-" if isinstance(entry, Link) else f"{entry.mode:04o}"
    return f"z {_quoted(entry.path)} {mode} {_name(entry.user)} {_name(entry.group)}\n"


def _name(owner: Owner) -> str:
    return str(owner)


def _quoted(path: str) -> str:
    """A path as tmpfiles.d(5) takes it: a glob, with specifiers, in C's quotes.

    A line cannot hold a newline, so any one character is let stand for it.
    """
    known = {"\\": "\\\\\\\\", '"': '\\"', "%": "%%", "\n": "?", **{c: f"[{c}]" for c in _GLOB}}
    glob = "".join(known.get(char, char) for char in path)
    return f'"{glob}"'


def _some(paths: List[str]) -> str:
    shown = ", ".join(sorted(paths)[:_TOLD])
    more = len(paths) - _TOLD
    return f"{shown} and {more} more" if more > 0 else shown
