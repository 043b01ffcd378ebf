"""SELinux on the new system: what the admin had set is set again, once, and is proved.

The program looks first, so that a second run after a cut sets only what is missing.
"""

import errno
import os
import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List, Sequence

from ng2coreos.core import durable, semanage
from ng2coreos.core.errors import CommandFailed
from ng2coreos.core.host import Host
from ng2coreos.firstboot.probe import Look, Params, Seen
from ng2coreos.firstboot.system import MANIFEST, VAR, System
from ng2coreos.model import codec
from ng2coreos.model.item import Outcome
from ng2coreos.model.manifest import Manifest

WANTED = "/etc/ng2coreos/selinux"
RECORDS = f"{WANTED}/records"
MODULES = f"{WANTED}/modules"
DONE = f"{VAR}/selinux-replayed"
_BUILD_S = 600.0  # the policy is compiled anew
_LOCAL = "400"  # libsemanage's priority for what has none
_ENFORCE = "/sys/fs/selinux/enforce"
_BOOLEANS = "/sys/fs/selinux/booleans"


def replay(system: System) -> None:
    """Guarantee every record and module; then DONE is there.  CommandFailed names what is not."""
    host = system.host
    kind = semanage.policy_type(host)
    _mend(host, kind)
    wanted = semanage.said(host.read_text(RECORDS, default=""))
    _install(host, kind, _missing(host, kind, wanted))
    missing = _missing(host, kind, wanted)
    if missing:
        for lines in _in_turn([_worded(host, kind, line) for line in missing]):
            _import(host, lines)
        _relabel(host)
    left = _missing(host, kind, wanted)
    if left:
        raise CommandFailed(f"SELinux does not have: {'; '.join(left)}.",
                            hint="Try it by hand: semanage, with these words.")
    # libsemanage syncs what it wrote, but not its last rename; DONE is on another file system
    durable.sync_directory(_store(host, kind).parent)
    done = host.follow(DONE)
    durable.make_directory(done.parent, mode=0o700)
    durable.write_file(done, b"")


def records(look: Look, params: Params) -> Seen:
    """selinux-records{records, modules}: the policy has them, and the booleans are so now."""
    host = look.host
    kind = semanage.policy_type(host)
    wanted, modules = params.texts("records"), params.texts("modules")
    if not (wanted or modules):
        raise ValueError("the check names neither records nor modules")
    left = _missing(host, kind, wanted)
    there = _installed(host, kind)
    left += [f"module {name}" for name in modules if name not in there]
    left += _unlike(host, wanted)
    return Seen(not left, "missing: " + "; ".join(left) if left else "")


def enforcing(look: Look, params: Params) -> Seen:
    """selinux-enforcing{}: the kernel enforces the policy."""
    del params
    state = look.host.read_text(_ENFORCE, default="").strip()
    return Seen(state == "1", "" if state == "1" else
                "SELinux is permissive" if state == "0" else "SELinux is off")


def labels(look: Look, params: Params) -> Seen:
    """selinux-labels{}: every carried item has a label that the policy knows."""
    del params
    host = look.host
    if not host.exists(_ENFORCE):
        return Seen(False, "SELinux is off")
    wrong = [path for path in _carried(host) if _unlabelled(host, path)]
    return Seen(not wrong, "without one: " + ", ".join(wrong[:_SHOWN]) if wrong else "")


_SHOWN = 20


def _carried(host: Host) -> List[str]:
    manifest = codec.loads(Manifest, host.read_text(MANIFEST), MANIFEST)
    return [item.path for item in manifest.items
            if item.outcome is not Outcome.DROPPED and host.lstat(item.path) is not None]


def _unlabelled(host: Host, path: str) -> bool:
    """The kernel says unlabeled_t for a label that the policy does not know, too."""
    try:
        label = os.getxattr(str(host.path(path)), "security.selinux", follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.ENOTSUP):
            return False  # a file system that has none; the mount says which label counts
        if error.errno == errno.ENODATA:
            return True
        raise
    return label.split(b":")[2:3] == [b"unlabeled_t"]


def _missing(host: Host, kind: str, wanted: Sequence[str]) -> List[str]:
    there = {record.line for record in semanage.read(host, kind).records}
    return [line for line in wanted if line not in there]


def _installed(host: Host, kind: str) -> List[str]:
    return [f"{m.priority}/{m.name}" for m in semanage.read(host, kind).modules]


def _unlike(host: Host, wanted: Sequence[str]) -> List[str]:
    """Booleans that the kernel has otherwise now."""
    found = []
    for words in map(shlex.split, wanted):
        if words[0] == "boolean":
            state = host.read_text(f"{_BOOLEANS}/{words[3]}", default="").split()
            if state and state[0] != words[2].lstrip("-"):
                found.append(f"{words[3]} is {'on' if state[0] == '1' else 'off'} now")
    return found


def _store(host: Host, kind: str) -> Path:
    return host.follow(semanage.directory(host, kind))


def _mend(host: Host, kind: str) -> None:
    """A cut between the two renames by which libsemanage replaces the store leaves only the old."""
    store = _store(host, kind)
    before = store.with_name("previous")  # libsemanage's own name
    if before.is_dir() and not store.exists():
        os.rename(before, store)
        durable.sync_directory(store.parent)


def _install(host: Host, kind: str, records: Sequence[str]) -> None:
    """The modules, and with them those of `records` that are modules to libsemanage as well.

    So the policy is compiled once: an import of the other kinds takes the linked one, while
    one that makes a domain permissive or a module disabled would compile all of it again.
    """
    there = _installed(host, kind)
    words: List[str] = []
    for priority in host.names(MODULES):
        for file in host.names(f"{MODULES}/{priority}"):
            if f"{priority}/{file.partition('.')[0]}" not in there:
                words += ["-X", priority, "-i", str(host.path(f"{MODULES}/{priority}/{file}"))]
    if not words:
        return
    with _as_modules(host, records) as more:
        try:
            host.run(["semodule", *words, *more], timeout_s=_BUILD_S)
        except CommandFailed:
            if not more:
                raise
            host.run(["semodule", *words], timeout_s=_BUILD_S)


@contextmanager
def _as_modules(host: Host, records: Sequence[str]) -> Iterator[List[str]]:
    """What semodule is told instead of these `records`, as semanage itself stores them."""
    words: List[str] = []
    files: List[Path] = []
    for record in map(shlex.split, records):
        if record[:2] == ["permissive", "-a"]:
            files.append(host.path(f"{WANTED}/{semanage.PERMISSIVE}{record[2]}.cil"))
            durable.write_file(files[-1], f"(typepermissive {record[2]})".encode(), mode=0o600)
            words += ["-X", _LOCAL, "-i", str(files[-1])]
        elif record[:2] == ["module", "-d"]:
            words += ["-d", record[2]]
    try:
        yield words
    finally:
        for file in files:
            durable.remove(file)


def _worded(host: Host, kind: str, line: str) -> str:
    """`line` as every version of semanage takes it: what the policy itself has is changed."""
    words = shlex.split(line)
    place = semanage.directory(host, kind)
    has = {"login": [row.partition(":")[0] for row in _rows(host, f"{place}/seusers")],
           "user": [row.split()[1] for row in _rows(host, f"{place}/users_extra")
                    if row.startswith("user ")]}.get(words[0], [])
    return line.replace(" -a ", " -m ", 1) if words[-1] in has else line


def _rows(host: Host, path: str) -> List[str]:
    return semanage.said(host.read_text(path, default=""))


def _in_turn(lines: Sequence[str]) -> List[List[str]]:
    """What one import can take: semanage asks the store for a log-in's user, which must be there.
    """
    later = [line for line in lines if line.startswith("login ")]
    if not any(line.startswith("user ") for line in lines):
        later = []
    return [part for part in ([line for line in lines if line not in later], later) if part]


def _import(host: Host, lines: Sequence[str]) -> None:
    """All in one go; where that fails, one by one, changing what the policy itself has."""
    try:
        host.run(["semanage", "import"], data="".join(f"{line}\n" for line in lines).encode(),
                 timeout_s=_BUILD_S)
        return
    except CommandFailed:
        if len(lines) > _SINGLY:
            raise
    for line in lines:
        words = shlex.split(line)
        try:
            host.run(["semanage", *words], timeout_s=_BUILD_S)
        except CommandFailed:
            if "-a" not in words:
                raise
            at = words.index("-a")
            host.run(["semanage", *words[:at], "-m", *words[at + 1:]], timeout_s=_BUILD_S)


_SINGLY = 20  # each takes as long as all


def _relabel(host: Host) -> None:
    """What the config wrote before the policy knew these records."""
    paths = b"".join(os.fsencode(path) + b"\0" for path in _carried(host))
    host.run(["restorecon", "-i", "-0", "-f", "-"], data=paths, timeout_s=_BUILD_S)
