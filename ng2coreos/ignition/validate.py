"""Refuses a config that Ignition would refuse, or that we must not use.

Ignition runs once, on a machine that nobody watches: what can be found before is found here.
Messages name places in the config, never its contents.
"""

import json
import posixpath
import re
from pathlib import Path
from typing import AbstractSet, Any, Dict, Iterator, List, Tuple
from urllib.parse import unquote_to_bytes

from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.ignition import schema, skeleton, spec2, spec3
from ng2coreos.ignition.paths import canonical, is_plain
from ng2coreos.model.ignition import WRITTEN, Spec, spec_text

VALIDATOR = "ignition-validate"
_SECTIONS = {"ignition": {"version"},
             "storage": {"filesystems", "directories", "files", "links"},
             "passwd": {"users", "groups"}}
_KERNEL_ARGUMENTS = {"kernelArguments": {"shouldExist"}}
_HINT = "This is a bug of ng2coreos, unless the config was edited."
_MAX_MODE = 0o777  # no spec that we write sets more, see limits.py
_MAX_ID = 2 ** 32 - 2
_DATA = "data:"
_BASE64 = ";base64"
# How it says that it is too old or too new; whether the version exists at all we know ourselves
_NOT_ITS_VERSION = "unsupported config version"
_REPORTED = re.compile(r"(error|warning|info)\b.{0,300}", re.IGNORECASE)


def validate(config: Path, host: Host, *, reinstall: bool = False,
             replaced: AbstractSet[str] = frozenset()) -> None:
    """BadInput if our own checks or the real ignition-validate find an error or a warning.

    Ours are those of the config's spec version, strictly, and of what a move (or a `reinstall`)
    may use: no directory is emptied, but where it is known that none is there (`replaced`).  The
    real validator is asked where it is installed and knows the version.
    """
    with open(config, "rb") as stream:
        data = _parse(skeleton.read(stream))
    problems = list(_problems(data, reinstall, replaced))
    if problems:
        raise BadInput("The Ignition config is invalid: " + "; ".join(problems[:10]) + ".",
                       hint=_HINT)
    try:
        result = host.run([VALIDATOR, str(config)], ok=(0, 1))
    except Unsupported:
        return
    said = (result.stdout + "\n" + result.stderr).splitlines()
    if result.returncode and any(_NOT_ITS_VERSION in line for line in said):
        return
    # older ones show the line of the config, with its secrets, below the message
    report = [match.group() for match in map(_REPORTED.match, said) if match]
    if result.returncode or any("warning" in line or "error" in line for line in report):
        raise BadInput("ignition-validate refuses the config: " + "; ".join(report[:10]) + ".",
                       hint=_HINT)


def _parse(config: bytes) -> Any:
    try:
        return json.loads(config)
    except (ValueError, RecursionError):
        raise BadInput("The Ignition config is not JSON.", hint=_HINT) from None


def _problems(data: Any, reinstall: bool, replaced: AbstractSet[str]) -> Iterator[str]:
    spec = _version(data)
    if spec is None:
        yield "ignition.version is none that is known"
        return
    wrong = list(schema.mismatches(data, schema.shape(spec)))
    if wrong:  # the checks below rely on the shape
        yield from wrong
        return
    allowed = {**_SECTIONS, **(_KERNEL_ARGUMENTS if reinstall else {})}
    for name, section in data.items():
        for key in section:
            if key not in allowed.get(name, ()):
                yield f"{name}.{key} must not be in it"
    storage = data.get("storage", {})
    yield from _storage(storage, spec, replaced)
    yield from (_mounts2 if spec[0] == spec2.BASE[0] else _mounts3)(storage)
    yield from _passwd(data.get("passwd", {}))


def _version(data: Any) -> Any:
    ignition = data.get("ignition") if isinstance(data, dict) else None
    version = ignition.get("version") if isinstance(ignition, dict) else None
    return next((spec for spec in WRITTEN if spec_text(spec) == version), None)


def _storage(storage: Dict[str, Any], spec: Spec,
             replaced: AbstractSet[str]) -> Iterator[str]:
    seen: Dict[str, str] = {}
    for place, entry in _entries(storage, ("directories", "files", "links")):
        path = entry["path"]
        if not is_plain(path):
            yield f"{place}.path is not a plain absolute path"
            continue
        # in spec 2 a path is one inside its file system
        name = entry.get("filesystem", spec2.ROOT)
        real = canonical(path) if name == spec2.ROOT else f"/{name}:{path}"
        if real in seen:
            yield f"{path} is both {seen[real]} and {place}"
        seen[real] = place
        yield from _node(place, path, entry, spec)
        if place.startswith("directories") and entry.get("overwrite") and path not in replaced:
            yield f"{path} would be emptied"
    for path in seen:
        parent = posixpath.dirname(path)
        while parent != "/":
            if not seen.get(parent, "directories").startswith("directories"):
                yield f"{path} lies below {parent}, which is no directory"
            parent = posixpath.dirname(parent)


def _node(place: str, path: str, entry: Dict[str, Any], spec: Spec) -> Iterator[str]:
    kind = place.partition("[")[0]
    if kind != "directories" and entry.get("overwrite") is not True:
        yield f"{path} would not replace a file that is there"
    if kind != "links" and not 0 <= entry.get("mode", -1) <= _MAX_MODE:
        yield f"{path} has no mode that Ignition can set"
    if kind == "files":
        yield from _contents(path, entry, spec)
    if kind == "links" and (not entry.get("target") or entry.get("hard")):
        yield f"{path} is no symlink that leads somewhere"
    for owner in ("user", "group"):
        who = entry.get(owner, {"id": 0})
        number, name = who.get("id"), who.get("name")
        if (number is not None and 0 <= number <= _MAX_ID, bool(name)) not in (
                (True, False), (False, True)):
            yield f"the {owner} of {path} is neither a name nor a number"


def _contents(path: str, entry: Dict[str, Any], spec: Spec) -> Iterator[str]:
    contents = entry.get("contents", {})
    if entry.get("append"):
        yield f"{path} would be appended to"
    if not _is_data(contents.get("source", "")):
        yield f"the content of {path} is not a data URL"
    packing = contents.get("compression")
    if packing is not None and (packing != "gzip" or spec < spec3.PACKED):
        yield f"the content of {path} is packed as Ignition cannot unpack it"


def _mounts3(storage: Dict[str, Any]) -> Iterator[str]:
    yield from _mounts([(place, entry, ("device", "path"))
                        for place, entry in _entries(storage, ("filesystems",))])


def _mounts2(storage: Dict[str, Any]) -> Iterator[str]:
    mounts: List[Tuple[str, Dict[str, Any], Tuple[str, ...]]] = []
    names = [spec2.ROOT]
    for place, entry in _entries(storage, ("filesystems",)):
        name = entry.get("name", "")
        if not name or name in names:
            yield f"{place} has no name of its own"
        names.append(name)
        if "mount" not in entry or "path" in entry:
            yield f"{place} is none that is mounted"
        elif "create" in entry["mount"]:
            yield f"{place} would be formatted"
        else:
            mounts.append((place, entry["mount"], ("device",)))
    yield from _mounts(mounts)
    for place, entry in _entries(storage, ("directories", "files", "links")):
        if entry["filesystem"] not in names:
            yield f"{place} lies on a file system that is not declared"


def _mounts(mounts: List[Tuple[str, Dict[str, Any], Tuple[str, ...]]]) -> Iterator[str]:
    seen: Dict[str, str] = {}
    for place, mount, keys in mounts:
        if mount.get("wipeFilesystem") is not False:
            yield f"{place} would be formatted"
        for key in keys:
            if not is_plain(mount.get(key, "")):
                yield f"{place}.{key} is not a plain absolute path"
            elif seen.setdefault(mount[key], place) != place:
                yield f"{mount[key]} is in {seen[mount[key]]} and {place}"


def _passwd(passwd: Dict[str, Any]) -> Iterator[str]:
    for kind, number in (("users", "uid"), ("groups", "gid")):
        names: Dict[str, str] = {}
        numbers: Dict[int, str] = {}
        for place, entry in _entries(passwd, (kind,)):
            name, value = entry["name"], entry.get(number)
            if not name or set(name) & set(":/\n, \0"):
                yield f"{place}.name is not a name"
            elif names.setdefault(name, place) != place:
                yield f"{name} is in {names[name]} and {place}"
            if "create" in entry:
                yield f"{place}.create must not be in it"
            if value is not None and not 0 <= value <= _MAX_ID:
                yield f"{place}.{number} is not a number"
            elif value is not None and numbers.setdefault(value, place) != place:
                yield f"{number} {value} is in {numbers[value]} and {place}"


def _entries(section: Dict[str, Any],
             kinds: Tuple[str, ...]) -> Iterator[Tuple[str, Dict[str, Any]]]:
    for kind in kinds:
        for number, entry in enumerate(section.get(kind, [])):
            yield f"{kind}[{number}]", entry


def _is_data(source: str) -> bool:
    if not source.startswith(_DATA):
        return False
    head, comma, body = source[len(_DATA):].partition(",")
    if head.endswith(_BASE64):
        return head == _BASE64 and not body  # the skeleton has checked and emptied it
    return bool(comma) and unquote_to_bytes(body) is not None
