"""The admin's own records in the policy store, as `semanage export` shows them; on both systems.

The store of libsemanage has one text file for each kind of record, and a directory for each module.
Nothing is ever copied from it: a record is a line for `semanage import`, a module its own source.
"""

import shlex
from dataclasses import dataclass
from typing import Callable, Dict, Iterator, List, Sequence, Tuple

from ng2coreos.core.host import Host

CONFIG = "/etc/selinux/config"
_SETTINGS = "/etc/selinux/semanage.conf"
_ROOTS = ("/var/lib/selinux", "/etc/selinux")  # el8 and later; el7, and images of ostree
FILES = ("booleans.local", "file_contexts.local", "interfaces.local", "nodes.local", "ports.local",
         "seusers.local", "users.local")
# What semanage calls the kinds of files, by what file contexts call them
KINDS = {"": "a", "--": "f", "-d": "d", "-c": "c", "-b": "b", "-s": "s", "-l": "l", "-p": "p"}
NONE = "<<none>>"
PERMISSIVE = "permissive_"  # what semanage calls the module that makes a domain permissive
_DISTRIBUTION = 100  # priority of the policy's own modules

Text = Callable[[str], str]


@dataclass(frozen=True)
class Record:
    """One record. `values` are: of a context its user, type and range, else what the kind has."""

    kind: str  # boolean, login, user, port, node, interface, fcontext, equivalence, permissive, off
    key: Tuple[str, ...]
    values: Tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The line for `semanage import`."""
        return " ".join(shlex.quote(word) for word in self._words())

    def _words(self) -> Sequence[str]:
        key, values = self.key, self.values
        if self.kind == "boolean":
            return ("boolean", "-m", f"-{values[0]}", key[0])
        if self.kind == "login":
            return ("login", "-a", "-s", values[0], *_range(values[1]), key[0])
        if self.kind == "user":
            level = ("-L", values[0]) if values[0] else ()
            return ("user", "-a", *level, *_range(values[1]), "-R", values[2], key[0])
        if self.kind == "equivalence":
            return ("fcontext", "-a", "-e", values[0], key[0])
        if self.kind == "permissive":
            return ("permissive", "-a", key[0])
        if self.kind == "off":
            return ("module", "-d", key[0])
        user, type_, range_ = values
        what = ("-t", type_, *_range(range_))
        if self.kind == "port":
            return ("port", "-a", *what, "-p", *key)
        if self.kind == "node":
            return ("node", "-a", "-M", key[2], "-p", key[0], *what, key[1])
        if self.kind == "interface":
            return ("interface", "-a", *what, key[0])
        seuser = ("-s", user) if user not in ("", "system_u") else ()
        return ("fcontext", "-a", "-f", key[1], *seuser, *what, key[0])

    @property
    def context(self) -> str:
        """A line of file_contexts.local (fcontext) or file_contexts.subs (equivalence)."""
        if self.kind == "equivalence":
            return f"{self.key[0]} {self.values[0]}"
        user, type_, range_ = self.values
        label = NONE if type_ == NONE else f"{user}:object_r:{type_}" + (
            f":{range_}" if range_ else "")
        kind = next(sign for sign, letter in KINDS.items() if letter == self.key[1])
        return " ".join(word for word in (self.key[0], kind, label) if word)


@dataclass(frozen=True)
class Module:
    """A module that is not the distribution's. `source` is a file of the store."""

    name: str
    priority: int
    language: str  # of the source: pp or cil
    source: str
    cil: str


@dataclass(frozen=True)
class Store:
    """What the admin, or a package, added to the policy."""

    records: Tuple[Record, ...]
    modules: Tuple[Module, ...]


def policy_type(host: Host) -> str:
    """The policy's type by the configuration, whose last line wins, as for libselinux."""
    found = ""
    for line in host.read_text(CONFIG, default="").splitlines():
        key, equals, value = line.strip().partition("=")
        found = value.strip() if equals and key == "SELINUXTYPE" else found
    return found


def directory(host: Host, kind: str, top: str = "") -> str:
    """Where the store of the policy type `kind` is, below the directory `top`."""
    for line in host.read_text(top + _SETTINGS, default="").splitlines():
        key, equals, value = line.partition("=")
        if equals and key.strip() == "store-root":
            return f"{top}{value.strip()}/{kind}/active"
    found = [f"{top}{root}/{kind}" for root in _ROOTS]
    # a cut may have left only what libsemanage had put aside to replace it
    return next((f"{place}/active" for name in ("active", "previous") for place in found
                 if host.exists(f"{place}/{name}/modules")), f"{found[0]}/active")


def read(host: Host, kind: str, top: str = "") -> Store:
    """The store of policy type `kind` below `top`; an empty one where there is none."""
    place = directory(host, kind, top)
    modules = _modules(host, place)
    found = [*records(lambda name: host.read_text(f"{place}/{name}", default="")),
             *equivalences(host.read_text(
                 f"{top}/etc/selinux/{kind}/contexts/files/file_contexts.subs", default="")),
             *(Record("permissive", (m.name[len(PERMISSIVE):],)) for m in modules
               if m.name.startswith(PERMISSIVE)),
             *(Record("off", (name,)) for name in host.names(f"{place}/modules/disabled"))]
    return Store(tuple(found), tuple(m for m in modules if not m.name.startswith(PERMISSIVE)))


def records(text: Text) -> List[Record]:
    """The records of the store's text files, which `text` reads by name ("" for none)."""
    found: List[Record] = []
    for name in FILES:
        for line in said(text(name)):
            found += _PARSERS[name](line)
    return found


def equivalences(text: str) -> List[Record]:
    """The records of a file_contexts.subs."""
    pairs = [line.split() for line in said(text)]
    return [Record("equivalence", (pair[0],), (pair[1],)) for pair in pairs if len(pair) == 2]


def said(text: str) -> List[str]:
    """The lines that are no comments."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def _modules(host: Host, place: str) -> Tuple[Module, ...]:
    found = []
    for priority in host.names(f"{place}/modules"):
        if not priority.isdigit() or int(priority) <= _DISTRIBUTION:
            continue
        for name in host.names(f"{place}/modules/{priority}"):
            top = f"{place}/modules/{priority}/{name}"
            language = host.read_text(f"{top}/lang_ext", default="").strip() or "cil"
            source = f"{top}/hll" if host.exists(f"{top}/hll") else f"{top}/cil"
            language = language if source.endswith("hll") else "cil"
            if host.exists(source):
                found.append(Module(name, int(priority), language, source, f"{top}/cil"))
    return tuple(found)


def _range(value: str) -> Tuple[str, ...]:
    return ("-r", value) if value else ()


def _context(label: str) -> Tuple[str, str, str]:
    if label == NONE:
        return "", NONE, ""
    parts = [*label.split(":", 3), "", "", ""]
    return parts[0], parts[2], parts[3]


def _boolean(line: str) -> Iterator[Record]:
    name, _, value = line.partition("=")
    yield Record("boolean", (name.strip(),), ("1" if value.strip() in ("1", "true") else "0",))


def _fcontext(line: str) -> Iterator[Record]:
    words = line.split()
    kind = words[1] if len(words) == 3 else ""
    if len(words) in (2, 3) and kind in KINDS:
        yield Record("fcontext", (words[0], KINDS[kind]), _context(words[-1]))


def _interface(line: str) -> Iterator[Record]:
    words = line.split()
    if len(words) == 4:
        yield Record("interface", (words[1],), _context(words[2]))


def _node(line: str) -> Iterator[Record]:
    words = line.split()
    if len(words) == 5:
        yield Record("node", tuple(words[1:4]), _context(words[4]))


def _port(line: str) -> Iterator[Record]:
    words = line.split()
    if len(words) >= 4:
        yield Record("port", (words[1], "".join(words[2:-1])), _context(words[-1]))


def _login(line: str) -> Iterator[Record]:
    name, _, rest = line.partition(":")
    user, _, range_ = rest.partition(":")
    yield Record("login", (name,), (user, range_))


def _user(line: str) -> Iterator[Record]:
    """Such as ``user ops_u roles { staff_r } level s0 range s0 - s0:c0;``."""
    words = line.rstrip(";").replace("{", " { ").replace("}", " } ").split()
    parts: Dict[str, List[str]] = {"roles": [], "level": [], "range": []}
    part = ""
    for word in words[2:]:
        if word in parts and word != part:
            part = word
        elif word not in "{}" and part:
            parts[part].append(word)
    if len(words) > 2:
        yield Record("user", (words[1],), ("".join(parts["level"]), "".join(parts["range"]),
                                           " ".join(sorted(parts["roles"]))))


_PARSERS: Dict[str, Callable[[str], Iterator[Record]]] = {
    "booleans.local": _boolean, "file_contexts.local": _fcontext, "interfaces.local": _interface,
    "nodes.local": _node, "ports.local": _port, "seusers.local": _login, "users.local": _user}
