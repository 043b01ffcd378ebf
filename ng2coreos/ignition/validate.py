"""Refuses a config that Ignition would refuse, or that must not be used in a move.

Ignition runs once, on a machine that nobody watches: what can be found before is found here.
Messages name places in the config, never its contents.
"""

import base64
import binascii
import json
import posixpath
from typing import Any, Dict, Iterator, Tuple
from urllib.parse import unquote_to_bytes

from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.ignition.paths import canonical, is_plain
from ng2coreos.ignition.release import SPECS
from ng2coreos.ignition.spec3 import GENERATION

VALIDATOR = "ignition-validate"
_SECTIONS = {"ignition": {"version"},
             "storage": {"filesystems", "directories", "files", "links"},
             "passwd": {"users", "groups"}}
_HINT = "This is a bug of ng2coreos, unless the config was edited."
_MAX_MODE = 0o7777
_MAX_ID = 2 ** 32 - 2


def validate(config: bytes, host: Host) -> None:
    """BadInput if our own checks or the real ignition-validate find an error or a warning.

    The real validator is asked where it is installed; the config is given to it through a pipe,
    since it holds secrets.
    """
    problems = list(_problems(_parse(config)))
    if problems:
        raise BadInput("The Ignition config is invalid: " + "; ".join(problems[:10]) + ".",
                       hint=_HINT)
    try:
        result = host.run([VALIDATOR, "-"], ok=(0, 1), data=config)
    except Unsupported:
        return
    said = [line.strip() for line in (result.stdout + "\n" + result.stderr).splitlines()]
    report = [line for line in said if line]
    if result.returncode or any("warning" in line or "error" in line for line in report):
        raise BadInput("ignition-validate refuses the config: " + "; ".join(report[:10]) + ".",
                       hint=_HINT)


def _parse(config: bytes) -> Dict[str, Any]:
    try:
        data = json.loads(config)
    except (ValueError, RecursionError):
        raise BadInput("The Ignition config is not JSON.", hint=_HINT) from None
    if not isinstance(data, dict):
        raise BadInput("The Ignition config is not a JSON object.", hint=_HINT)
    return data


def _problems(data: Dict[str, Any]) -> Iterator[str]:
    if any(not isinstance(section, dict) for section in data.values()):
        yield "a section is not an object"
        return
    for name, section in data.items():
        for key, value in section.items():
            if key not in _SECTIONS.get(name, ()):
                yield f"{name}.{key} must not be in it"
            elif name != "ignition" and not (isinstance(value, list) and all(
                    isinstance(entry, dict) for entry in value)):
                yield f"{name}.{key} is not a list of objects"
                return
    version = data.get("ignition", {}).get("version")
    known = [".".join(map(str, spec)) for _, spec in SPECS if spec[0] == GENERATION]
    if version not in known:
        yield "ignition.version is none that is known"
    yield from _storage(data.get("storage", {}))
    yield from _passwd(data.get("passwd", {}))


def _storage(storage: Dict[str, Any]) -> Iterator[str]:
    seen: Dict[str, str] = {}
    for place, entry in _entries(storage, ("directories", "files", "links")):
        path = entry.get("path")
        if not isinstance(path, str) or not is_plain(path):
            yield f"{place}.path is not a plain absolute path"
            continue
        real = canonical(path)
        if real in seen:
            yield f"{path} is both {seen[real]} and {place}"
        seen[real] = place
        yield from _node(place, path, entry)
    for path in seen:
        parent = posixpath.dirname(path)
        while parent != "/":
            if not seen.get(parent, "directories").startswith("directories"):
                yield f"{path} lies below {parent}, which is no directory"
            parent = posixpath.dirname(parent)
    yield from _filesystems(storage)


def _node(place: str, path: str, entry: Dict[str, Any]) -> Iterator[str]:
    kind = place.partition("[")[0]
    if kind == "directories" and entry.get("overwrite"):
        yield f"{path} would be emptied"
    if kind != "directories" and entry.get("overwrite") is not True:
        yield f"{path} would not replace a file that is there"
    if kind != "links":
        mode = entry.get("mode")
        if not isinstance(mode, int) or isinstance(mode, bool) or not 0 <= mode <= _MAX_MODE:
            yield f"{path} has no valid mode"
    if kind == "files" and not _is_data(entry.get("contents")):
        yield f"the content of {path} is not a data URL"
    if kind == "links" and not (isinstance(entry.get("target"), str) and entry["target"]):
        yield f"{path} leads nowhere"
    for owner in ("user", "group"):
        who = entry.get(owner, {"id": 0})
        number, name = (who.get("id"), who.get("name")) if isinstance(who, dict) else (None, None)
        good_number = isinstance(number, int) and 0 <= number <= _MAX_ID
        if (good_number, bool(name)) not in ((True, False), (False, True)):
            yield f"the {owner} of {path} is neither a name nor a number"


def _filesystems(storage: Dict[str, Any]) -> Iterator[str]:
    devices: Dict[Any, str] = {}
    for place, entry in _entries(storage, ("filesystems",)):
        if entry.get("wipeFilesystem") is not False:
            yield f"{place} would be formatted"
        for key in ("device", "path"):
            if not isinstance(entry.get(key), str) or not is_plain(entry[key]):
                yield f"{place}.{key} is not a plain absolute path"
            elif devices.setdefault(entry[key], place) != place:
                yield f"{entry[key]} is in {devices[entry[key]]} and {place}"


def _passwd(passwd: Dict[str, Any]) -> Iterator[str]:
    for kind, number in (("users", "uid"), ("groups", "gid")):
        names: Dict[Any, str] = {}
        numbers: Dict[Any, str] = {}
        for place, entry in _entries(passwd, (kind,)):
            name = entry.get("name")
            if not isinstance(name, str) or not name or set(name) & set(":/\n, \0"):
                yield f"{place}.name is not a name"
            elif names.setdefault(name, place) != place:
                yield f"{name} is in {names[name]} and {place}"
            value = entry.get(number)
            if value is not None and not (type(value) is int and 0 <= value <= _MAX_ID):
                yield f"{place}.{number} is not a number"
            elif value is not None and numbers.setdefault(value, place) != place:
                yield f"{number} {value} is in {numbers[value]} and {place}"


def _entries(section: Dict[str, Any],
             kinds: Tuple[str, ...]) -> Iterator[Tuple[str, Dict[str, Any]]]:
    for kind in kinds:
        for number, entry in enumerate(section.get(kind, [])):
            yield f"{kind}[{number}]", entry


def _is_data(contents: Any) -> bool:
    source = contents.get("source") if isinstance(contents, dict) else None
    if not isinstance(source, str) or not source.startswith("data:"):
        return False
    head, comma, body = source[len("data:"):].partition(",")
    if not head.endswith(";base64"):
        return bool(comma) and unquote_to_bytes(body) is not None
    try:
        base64.b64decode(body, validate=True)
    except binascii.Error:
        return False
    return True
