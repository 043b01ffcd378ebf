"""What the scanners share: JSON reports, numbers and shell-like assignments, from strangers."""

import json
import shlex
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List

from ng2coreos.core.errors import BadInput, Unsupported
from ng2coreos.core.host import Host

Row = Dict[str, str]

_DIGITS = 20  # 2 to the 64th has 20


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turn what the file system refuses while `what` is read into errors with a hint."""
    try:
        yield
    except PermissionError as error:
        raise Unsupported(f"{what} cannot be read: {error}.",
                          hint="Run ng2coreos as root.") from None
    except OSError as error:
        raise BadInput(f"{what} cannot be read: {error}.",
                       hint="Look at this file on the host; a healthy NG host has it.") from None


def json_object(text: str, command: str) -> Dict[str, Any]:
    """The JSON object that `command` printed."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise BadInput(f"{command} did not print a JSON object but {text[:60]!r}.",
                       hint=f"Run `{command}` by hand: is it the distribution's own program?")
    return data


def objects(items: Any, command: str) -> List[Dict[str, Any]]:
    """A JSON list of objects."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadInput(f"{command} printed JSON of an unknown shape.",
                       hint=f"Run `{command}` by hand: is it the distribution's own program?")
    return items


def rows(items: Any, command: str) -> List[Row]:
    """A JSON list of flat objects with every value as text, null as nothing."""
    return [{str(key): _text(value) for key, value in item.items()}
            for item in objects(items, command)]


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def integer(text: str, what: str) -> int:
    """A whole number from 0 up, an empty text being 0 (LVM leaves what does not apply empty)."""
    if text and not (text.isdecimal() and text.isascii() and len(text) < _DIGITS):
        raise BadInput(f"{what}: expected a whole number, found {text[:40]!r}.",
                       hint="The program that printed it is not one that ng2coreos knows.")
    return int(text or "0")


def percentage(text: str, what: str) -> float:
    """A percentage as a number from 0 to 100, an empty text being 0."""
    try:
        value = float(text or "0")
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= 100.0:
        raise BadInput(f"{what}: expected a percentage, found {text[:40]!r}.",
                       hint="The program that printed it is not one that ng2coreos knows.")
    return value


def assignments(text: str) -> Dict[str, str]:
    """KEY=value lines with shell quoting (os-release); the last of equal keys wins."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or not key.isidentifier():
            continue
        try:
            found[key] = "".join(shlex.split(value))
        except ValueError:
            found[key] = value.strip("\"'")
    return found


def line_of(host: Host, path: str) -> str:
    """The first line of a small file, or nothing where the file is missing."""
    with readable(path):
        return host.read_text(path, default="").partition("\n")[0].strip()
