"""Parses GRUB's script language, as far as grub.cfg of an NG host and our own files use it."""

import re
from dataclasses import dataclass
from typing import Dict, List, Optional, Sequence, Tuple, Union

_TOKEN = re.compile(r"""[ \t]*(?:(\#[^\n]*)|(\n|;)|((?:\\.|'[^']*'|"(?:\\.|[^"\\])*"|\$\{\w+\}|"""
                    r"""[^\s;'"\\])+))""", re.DOTALL)


class GrubError(Exception):
    """GRUB would stop here, in its menu or at its prompt; or this evaluation does not know how."""


@dataclass
class Command:
    """A simple command: raw words."""

    words: List[str]


@dataclass
class If:
    """Conditions with their bodies; the last condition may be empty (else)."""

    branches: List[Tuple[List["Node"], List["Node"]]]


@dataclass
class WithBody:
    """function or menuentry with its body."""

    words: List[str]
    body: List["Node"]


Node = Union[Command, If, WithBody]


@dataclass
class Entry:
    """An entry of the menu."""

    title: str
    id: str
    body: List[Node]


def parse(text: str) -> List[Node]:
    """The commands of a script; GrubError where GRUB's own parser would refuse it."""
    tokens = _tokens(text)
    nodes, at = _parse(tokens, 0, ())
    if at != len(tokens):
        raise GrubError(f"unexpected {tokens[at]!r}")
    return nodes


def snippet(name: str, data: bytes) -> Optional[Entry]:
    """The menu entry of a boot loader snippet; GRUB shows none that names no kernel."""
    fields: Dict[str, List[str]] = {}
    for line in data.decode("utf-8", "surrogateescape").splitlines():
        key, _, value = line.strip().partition(" ")
        fields.setdefault(key, []).append(value.strip())
    linux = fields.get("linux", [""])[-1]
    if not linux:
        return None
    words = [f"'{word}'" for word in fields.get("options", [""])[-1].split()]
    body: List[Node] = [Command(["linux", f"'{linux}'", *words])]
    initrds = [word for value in fields.get("initrd", []) for word in value.split()]
    if initrds:
        body.append(Command(["initrd", *(f"'{word}'" for word in initrds)]))
    return Entry(fields.get("title", [name])[-1], name, body)


def version(name: str) -> List[Tuple[int, int, str]]:
    """What entries are sorted by: numbers count as numbers, and more than letters."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part)
            for part in re.findall(r"\d+|[A-Za-z]+", name)]


def _tokens(text: str) -> List[str]:
    found, at = [], 0
    text = text.rstrip(" \t")
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise GrubError(f"cannot be read from {text[at:at + 30]!r} on")
        at = match.end()
        if match.group(2) or match.group(3):
            found.append(match.group(2) or match.group(3))
    return found


def _parse(tokens: Sequence[str], at: int, ends: Tuple[str, ...]) -> Tuple[List[Node], int]:
    nodes: List[Node] = []
    while at < len(tokens):
        token = tokens[at]
        if token in ("\n", ";"):
            at += 1
        elif token in ends:
            break
        elif token == "if":
            node, at = _parse_if(tokens, at + 1)
            nodes.append(node)
        elif token in ("then", "elif", "else", "fi", "{", "}"):
            raise GrubError(f"unexpected {token!r}")
        else:
            words: List[str] = []
            while at < len(tokens) and tokens[at] not in ("\n", ";"):
                if tokens[at] == "{" and words[0] in ("function", "menuentry"):
                    break
                words.append(tokens[at])
                at += 1
            if words[0] not in ("function", "menuentry"):
                nodes.append(Command(words))
                continue
            if at == len(tokens) or tokens[at] != "{":
                raise GrubError(f"{words} has no body")
            body, at = _parse(tokens, at + 1, ("}",))
            nodes.append(WithBody(words, body))
            at = _expect(tokens, at, "}")
    return nodes, at


def _parse_if(tokens: Sequence[str], at: int) -> Tuple[If, int]:
    branches = []
    while True:
        condition, at = _parse(tokens, at, ("then",))
        body, at = _parse(tokens, _expect(tokens, at, "then"), ("elif", "else", "fi"))
        branches.append((condition, body))
        if at < len(tokens) and tokens[at] == "elif":
            at += 1
            continue
        if at < len(tokens) and tokens[at] == "else":
            body, at = _parse(tokens, at + 1, ("fi",))
            branches.append(([], body))
        return If(branches), _expect(tokens, at, "fi")


def _expect(tokens: Sequence[str], at: int, wanted: str) -> int:
    if at >= len(tokens) or tokens[at] != wanted:
        raise GrubError(f"{wanted!r} is missing")
    return at + 1
