"""remarks: what a host has that no file alone brings over, by the table data/remarks.yaml."""

import fnmatch
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Dict, List, Sequence, Tuple

import yaml

from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.core.plugin import API, Contribution
from ng2coreos.model.facts import Difference, HostFacts
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.catalogue import finding
from ng2coreos.plan.packaged import data_directories

FILE = "remarks.yaml"
_READ_BYTES = 64 * 1024  # a larger file has content
_SEARCH_BYTES = 256 * 1024 * 1024  # of a file that may hold a text
_WILD = "*?["
_SHOWN = 20  # paths that a finding names


@dataclass(frozen=True)
class Remark:
    """A row of the table; its keys are described there."""

    id: str
    about: str
    text: str
    remedy: str
    paths: Tuple[str, ...] = ()
    added: Tuple[str, ...] = ()
    unless: Tuple[str, ...] = ()
    without: Tuple[str, ...] = field(default=())  # the table's `not`
    holds: str = ""
    kind: str = Kind.WARNING.value


class Remarks:
    """Facts: for each remark the paths outside /etc that show that the host has it."""

    id = "remarks"
    api = API

    def facts(self, host: Host) -> Dict[str, Any]:
        """Looks at names, and into small files for a line that is no comment."""
        found = {}
        for row in table():
            paths = [path for pattern in row.paths if not pattern.startswith("/etc/")
                     for path in _expanded(host, pattern) if not _left_out(row, path)]
            told = [path for path in paths if (
                _holds(host, path, row.holds.encode()) if row.holds
                else _says_something(host, path))]
            if told:
                found[row.id] = sorted(set(told))[:_SHOWN]
        return {"found": found}

    def contribute(self, facts: HostFacts, mine: Dict[str, Any],
                   target: TargetFacts) -> Contribution:
        """A finding for each that the host has and that the image does not settle."""
        if not mine:
            return Contribution()
        there = {package.name for package in target.packages}
        changed = [c.path for c in facts.etc if c.difference is not Difference.DELETED
                   and c.host is not None and c.host.kind in ("file", "symlink")]
        names = [package.name for package in facts.packages.added]
        findings: List[Finding] = []
        for row in table():
            paths = [*mine["found"].get(row.id, []),
                     *(p for p in changed if _fits(p, row.paths) and not _left_out(row, p))]
            packages = sorted({name for name in names if _fits(name, row.added)})
            if (paths or packages) and not there & set(row.unless):
                findings.append(_finding(row, sorted(set(paths)), packages))
        return Contribution(findings=tuple(findings))


PLUGIN = Remarks


@lru_cache(maxsize=1)
def table() -> Tuple[Remark, ...]:
    """The remarks; the file comes with the package and never changes while it runs."""
    for place in data_directories():
        if (place / FILE).is_file():
            rows = yaml.safe_load((place / FILE).read_text("utf-8"))
            return tuple(_remark(row) for row in rows)
    raise FileNotFoundError(FILE)


def _remark(row: Dict[str, Any]) -> Remark:
    known = {item.name for item in fields(Remark)}
    values = {"without" if key == "not" else key: value for key, value in row.items()}
    if not set(values) <= known:
        raise BadInput(f"{FILE}: {row.get('id')} has a key that is not known.",
                       hint="Its keys are described at its top.")
    made: Dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value
                            for key, value in values.items()}
    return Remark(**made)


def _finding(row: Remark, paths: Sequence[str], packages: Sequence[str]) -> Finding:
    resources = [*(f"file:{path}" for path in paths[:_SHOWN]),
                 *(f"package:{name}" for name in packages[:_SHOWN])]
    more = len(paths) + len(packages) - len(resources)
    values: Dict[str, Any] = {"about": row.about, "text": row.text, "remedy": row.remedy,
                              "entry": row.id}
    evidence = [row.id, *([f"and {more} more"] if more else [])]
    if Kind(row.kind) is Kind.INFO:
        return finding("N2C_STATE_NOTE", resources, evidence, **values)
    return finding("N2C_STATE_ACTION", resources, evidence, **values)


def _fits(name: str, patterns: Sequence[str]) -> bool:
    """Component by component: a star stays within a directory."""
    return any(name.count("/") == pattern.count("/") and all(
        fnmatch.fnmatchcase(part, wanted)
        for part, wanted in zip(name.split("/"), pattern.split("/"))) for pattern in patterns)


def _left_out(row: Remark, path: str) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in row.without)


def _expanded(host: Host, pattern: str) -> List[str]:
    """The paths of the host that fit a pattern."""
    found = [""]
    for part in pattern.strip("/").split("/"):
        if any(char in part for char in _WILD):
            found = [f"{top}/{name}" for top in found for name in host.names(top or "/")
                     if fnmatch.fnmatchcase(name, part)]
        else:
            found = [f"{top}/{part}" for top in found]
    return [path for path in found if host.lstat(path) is not None]


def _says_something(host: Host, path: str) -> bool:
    """Is it a directory that is not empty, or a file with a line that is no comment?"""
    real = host.follow(path)
    if real.is_dir():
        return bool(host.names(path))
    if not real.is_file():
        return False
    if real.stat().st_size > _READ_BYTES:
        return True
    lines = host.read_text(path, default="").splitlines()
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _holds(host: Host, path: str, text: bytes) -> bool:
    """Is `text` in a file, in letters of either case?  Of a huge one only the beginning counts."""
    if not host.follow(path).is_file():
        return False
    left, before, text = _SEARCH_BYTES, b"", text.lower()
    with open(host.open(path), "rb", buffering=0) as file:
        while left > 0:
            block = file.read(min(left, 1 << 20))
            if not block:
                return False
            seen = before + block.lower()
            if text in seen:
                return True
            left, before = left - len(block), seen[-len(text):]
    return False
