"""The image's systemd units: where [Install] would link them, and which are enabled already."""

import posixpath
import re
from typing import Dict, Iterator, List, Set, Tuple

from ng2coreos.target.tree import Tree

_DIRECTORIES = ("usr/lib/systemd/system", "usr/etc/systemd/system")  # the later one wins
_UNIT = re.compile(r"[^/]+\.(service|socket|device|mount|automount|swap|target|path|timer|slice"
                   r"|scope)")
_DEPENDENCIES = {"WantedBy": "wants", "RequiredBy": "requires", "UpheldBy": "upholds"}
_MASK = "/dev/null"


def units(tree: Tree) -> Dict[str, Tuple[str, ...]]:
    """Unit file name -> what enabling it links: "T.wants", "T.requires", "T.upholds" or an alias.

    A name that is a symlink to another unit has that unit's links; masked names are left out.
    `Also=` is not followed: each unit is enabled for itself.
    """
    found: Dict[str, Tuple[str, ...]] = {}
    links: Dict[str, str] = {}
    for directory in _DIRECTORIES:
        for name, node in tree.list(directory).items():
            if node.is_directory or not _UNIT.fullmatch(name):
                continue
            found.pop(name, None)
            links.pop(name, None)
            header, content = tree.contents(node)
            if header.is_link:
                if header.link != _MASK:
                    links[name] = posixpath.basename(header.link)
            elif content:  # an empty unit file is masked too
                found[name] = install(content.decode("utf-8", "surrogateescape"))
    for name, target in links.items():
        for _ in range(len(links)):
            target = links.get(target, target)
        if target in found:
            found[name] = found[target]
    return dict(sorted(found.items()))


def enabled(tree: Tree) -> Tuple[str, ...]:
    """Units that links of the image enable: .wants, .requires, .upholds, and aliases in /etc."""
    found: Set[str] = set()
    for directory in _DIRECTORIES:
        for name, node in tree.list(directory).items():
            if node.is_directory and name.rpartition(".")[2] in _DEPENDENCIES.values():
                found.update(n for n, child in tree.list(f"{directory}/{name}").items()
                             if not child.is_directory and _UNIT.fullmatch(n)
                             and tree.contents(child)[0].link != _MASK)
            elif directory == _DIRECTORIES[1] and not node.is_directory and _UNIT.fullmatch(name):
                header = tree.contents(node)[0]
                target = posixpath.basename(header.link)
                if header.is_link and header.link != _MASK and target != name:
                    found.add(target)
    return tuple(sorted(found))


def install(text: str) -> Tuple[str, ...]:
    """What the [Install] section of a unit file links, in its order; an empty value starts anew."""
    lists: Dict[str, List[str]] = {}
    section = ""
    for line in _logical_lines(text):
        if line.startswith("["):
            section = line
            continue
        key, equals, value = line.partition("=")
        key = key.strip()
        if section != "[Install]" or not equals or key not in (*_DEPENDENCIES, "Alias"):
            continue
        if not value.strip():
            lists[key] = []
        for word in value.split():
            place = word if key == "Alias" else f"{word}.{_DEPENDENCIES[key]}"
            lists.setdefault(key, []).append(place)
    return tuple(dict.fromkeys(place for places in lists.values() for place in places))


def _logical_lines(text: str) -> Iterator[str]:
    pending = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue  # comments may stand between continued lines
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        yield pending + line
        pending = ""
    if pending:
        yield pending.strip()
