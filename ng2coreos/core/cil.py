"""What a policy module in CIL declares and needs, found without compiling it."""

import bz2
import re
from typing import Dict, FrozenSet, NamedTuple, Set

_BZ2 = b"BZh"
_LIMIT_BYTES = 64 << 20  # of an unpacked module; the largest of a distribution has a few MiB
_DECLARES = re.compile(rb"\((type|typealias|typeattribute|boolean|tunable|user|role)\s+([^\s()]+)")
# What compilers of other languages write for each name that a module takes from others
_NEEDS = re.compile(rb"\((typeattributeset|roleattributeset)\s+cil_gen_require\s+([^\s()]+)")
_ASKS = re.compile(rb"\((?:booleanif|tunableif)\s+(.*?)\((?:true|false)\b", re.DOTALL)
_OPERATORS = frozenset((b"and", b"or", b"not", b"xor", b"eq", b"neq"))
_KINDS = {b"type": "types", b"typealias": "types", b"typeattribute": "types",
          b"boolean": "booleans", b"tunable": "booleans", b"user": "users", b"role": "roles"}


class Names(NamedTuple):
    """Names by what they name."""

    types: FrozenSet[str] = frozenset()  # with aliases and attributes
    booleans: FrozenSet[str] = frozenset()
    users: FrozenSet[str] = frozenset()
    roles: FrozenSet[str] = frozenset()


def unpacked(data: bytes) -> bytes:
    """A file of a policy store, which may be packed; ValueError if it cannot be unpacked."""
    if not data.startswith(_BZ2):
        return data
    packed = bz2.BZ2Decompressor()
    try:
        text = packed.decompress(data, _LIMIT_BYTES)
    except OSError as error:
        raise ValueError(str(error)) from None
    if not packed.eof:
        raise ValueError("it is cut off, or too large")
    return text


def declared(text: bytes) -> Names:
    """What the module `text` brings."""
    found: Dict[str, Set[str]] = {kind: set() for kind in Names._fields}
    for kind, name in _DECLARES.findall(text):
        found[_KINDS[kind]].add(name.decode("utf-8", "replace"))
    return Names(**{kind: frozenset(names) for kind, names in found.items()})


def needed(text: bytes) -> Set[str]:
    """The types, attributes, roles and booleans that the module `text` must find in others."""
    own = declared(text)
    names = {name for _, name in _NEEDS.findall(text)}
    for condition in _ASKS.findall(text):
        names.update(set(re.findall(rb"[^\s()]+", condition)) - _OPERATORS)
    return ({name.decode("utf-8", "replace") for name in names}
            - own.types - own.roles - own.booleans)
