"""Which label each path has by the target's own policy, asked of libselinux.

The policy is the one in the new deployment, with the file contexts that the plan carries.  ostree's
SePolicy would do the same, but takes names in UTF-8 only, and no file contexts besides the image's.
"""

import ctypes
import os
import re
import stat
from collections import OrderedDict
from pathlib import Path
from typing import FrozenSet, List, Optional, Sequence, Set, Tuple

from ng2coreos.core.errors import BadInput, Unsupported

CONTEXTS = "file_contexts"
_PARTS = ("", ".homedirs", ".local")  # of the file contexts, as libselinux reads them
_SUBS = (".subs_dist", ".subs")
_LIBRARY = "libselinux.so.1"
_CTX_FILE, _OPT_PATH = 0, 3  # SELABEL_CTX_FILE, SELABEL_OPT_PATH (selinux/label.h)
_ENOENT = 2  # no file context matches, or one that says <<none>>
_META = frozenset(b".^$?*+|[](){}\\")
_OPTIONAL = frozenset(b"?*+{")
_DEPTH = 3  # components of a directory that has its own choice of file contexts
_CHOICES_KEPT, _OPEN_KEPT = 4096, 16
# An escape, a class of characters, or what opens, closes or parts groups
_SIGN = re.compile(rb"\\.|\[\^?\]?[^\]]*\]|[()|]", re.DOTALL)
_WORDS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

Choice = Tuple[int, ...]  # file contexts by their place among all


class _Option(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("value", ctypes.c_char_p)]


class Labels:
    """The labels that the policy in a `contexts` directory gives, by path on the new system.

    libselinux tries the file contexts one after the other, thousands of them below /var.  So each
    directory is asked about with those only that can match something in it; which of them does is
    libselinux's answer.  Memory is bounded by the file contexts.
    """

    def __init__(self, contexts: Path, scratch: Path, local: Sequence[str] = (),
                 subs: Sequence[str] = ()) -> None:
        """`local` and `subs` are lines for file_contexts.local and .subs; `scratch` is ours."""
        files = contexts / "files"
        more = {".local": _bytes(local), ".subs": _bytes(subs)}
        try:
            self._lines = [(part, _literal(line.split()[0]), line) for part in _PARTS
                           for line in _said(_read(files / (CONTEXTS + part))
                                             + more.get(part, b""))]
            self._subs = {part: _read(files / (CONTEXTS + part)) + more.get(part, b"")
                          for part in _SUBS}
        except OSError as error:
            raise BadInput(f"The image's file contexts cannot be read: {error.strerror}.",
                           hint="Is the image damaged?") from None
        if not any(part == "" for part, _, _ in self._lines):
            raise BadInput("The image has a policy, but no file contexts.",
                           hint="Is the image damaged?")
        self._aliases = [(pair[0], pair[1]) for text in self._subs.values()
                         for pair in (line.split() for line in _said(text)) if len(pair) == 2]
        self.customizable: FrozenSet[bytes] = frozenset(
            line.strip() for line in _said(_read(contexts / "customizable_types")))
        self._scratch = scratch
        self._library = _library()
        self._choices: OrderedDict[bytes, Choice] = OrderedDict()
        self._open: OrderedDict[Choice, int] = OrderedDict()
        self._found = ctypes.c_void_p()

    def wanted(self, path: bytes, mode: int) -> Optional[bytes]:
        """The label of an inode with that path and st_mode; None where the policy has none."""
        handle = self._handle(path)
        if self._library.selabel_lookup_raw(handle, ctypes.byref(self._found), path, mode):
            number = ctypes.get_errno()
            if number == _ENOENT:
                return None
            raise OSError(number, f"selabel_lookup: {os.strerror(number)}", os.fsdecode(path))
        value = self._found.value
        assert value is not None
        label = ctypes.string_at(value)
        self._library.freecon(value)
        return label

    def merged(self, have: Optional[bytes], path: bytes, mode: int) -> Optional[bytes]:
        """The label that an inode with label `have` must get; None to leave it as it is.

        As `restorecon` without -F: another type replaces the type only, and a type that the admin
        may choose at will (customizable_types) stays.  Where the policy leaves the choice to who
        makes the file (/var/tmp, crontabs), one without a type gets that of its directory, as a
        new one would: no confined program may touch unlabeled_t.
        """
        wanted = self.wanted(path, mode)
        if wanted is None and _untyped(have):
            wanted = self._above(path)
        if wanted is None or have == wanted:
            return None
        old, new = (have or b"").split(b":", 3), wanted.split(b":", 3)
        if len(old) < 3 or len(new) < 3:
            return wanted
        if old[2] == new[2] or old[2] in self.customizable:
            return None
        return b":".join([*old[:2], new[2], *old[3:]])

    def _above(self, path: bytes) -> Optional[bytes]:
        """The label of the nearest directory above `path` for which the policy has one."""
        while path.strip(b"/"):
            path = path.rpartition(b"/")[0] or b"/"
            found = self.wanted(path, stat.S_IFDIR)
            if found is not None:
                return found
        return None

    def _handle(self, path: bytes) -> int:
        parts = path.split(b"/")
        top = b"/".join(parts[:min(max(len(parts) - 1, 2), _DEPTH + 1)])
        choice = self._choice(top)
        if choice not in self._open:
            if len(self._open) >= _OPEN_KEPT:
                self._library.selabel_close(self._open.popitem(last=False)[1])
            self._open[choice] = self._opened(choice)
        return self._open[choice]

    def _choice(self, top: bytes) -> Choice:
        """The file contexts that can match `top` or something below it."""
        found = self._choices.get(top)
        if found is None:
            above = (self._choice(top.rpartition(b"/")[0]) if top.count(b"/") > 1
                     else range(len(self._lines)))
            names = self._names(top)
            found = tuple(n for n in above if any(
                self._lines[n][1].startswith(name) or name.startswith(self._lines[n][1])
                for name in names))
            if len(self._choices) >= _CHOICES_KEPT:
                self._choices.popitem(last=False)
            self._choices[top] = found
        return found

    def _opened(self, choice: Choice) -> int:
        place = f"{self._scratch}/contexts-{os.getpid()}"
        texts = dict.fromkeys(_PARTS, b"")
        for n in choice:
            texts[self._lines[n][0]] += self._lines[n][2] + b"\n"
        for part, text in {**texts, **self._subs}.items():
            Path(place + part).write_bytes(text)
        options = _Option(_OPT_PATH, os.fsencode(place))
        handle = self._library.selabel_open(_CTX_FILE, ctypes.byref(options), 1)
        number = ctypes.get_errno()
        for part in (*_PARTS, *_SUBS):
            os.unlink(place + part)
        if not handle:
            raise BadInput("libselinux cannot read the image's file contexts: "
                           f"{os.strerror(number)}.", hint="Is the image damaged?")
        return int(handle)

    def _names(self, top: bytes) -> Set[bytes]:
        """`top` and what the policy's equivalences may turn it, or something below it, into."""
        names: Set[bytes] = set()
        todo = [top]
        while todo:
            name = todo.pop()
            if name in names:
                continue
            names.add(name)
            for alias, real in self._aliases:
                if name == alias or name.startswith(alias + b"/"):
                    todo.append(real + name[len(alias):])
                elif alias.startswith(name.rstrip(b"/") + b"/"):
                    todo.append(real)
        return names


def _untyped(label: Optional[bytes]) -> bool:
    """Is there no label, or the one that a kernel with SELinux shows then?"""
    return not label or label.split(b":")[2:3] == [b"unlabeled_t"]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes() + b"\n"
    except FileNotFoundError:
        return b""


def _bytes(lines: Sequence[str]) -> bytes:
    return b"".join(line.encode("utf-8", "surrogateescape") + b"\n" for line in lines)


def _said(text: bytes) -> List[bytes]:
    return [line for line in text.splitlines() if line.strip() and not line.lstrip()[:1] == b"#"]


def _literal(pattern: bytes) -> bytes:
    """What every path begins with that `pattern` matches; too little does no harm."""
    depth = 0
    for sign in _SIGN.findall(pattern):
        depth += (sign == b"(") - (sign == b")")
        if sign == b"|" and depth <= 0:
            return b""  # one of several patterns
    found = bytearray()
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == ord("\\") and pattern[at + 1:at + 2] and pattern[at + 1] not in _WORDS:
            at += 1
            char = pattern[at]
        elif char in _META:
            break
        found.append(char)
        at += 1
    if pattern[at:at + 1] and pattern[at] in _OPTIONAL:
        del found[-1:]  # it may be missing
    return bytes(found)


def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(_LIBRARY, use_errno=True)
    except OSError:
        raise Unsupported(f"{_LIBRARY} is missing, and the image has an SELinux policy.",
                          hint="Install libselinux.") from None
    library.selabel_open.restype = ctypes.c_void_p
    library.selabel_close.argtypes = [ctypes.c_void_p]
    library.selabel_close.restype = None
    library.selabel_lookup_raw.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p),
                                           ctypes.c_char_p, ctypes.c_int]
    library.freecon.argtypes = [ctypes.c_void_p]
    library.freecon.restype = None
    return library
