"""The defaults file /etc/ng2coreos/ng2coreos.conf: ini, checked whole, from a safe file only.

What stands in it is what an admin would otherwise type in every call. The command line wins over
it; what an answers file says of the policy wins over it too, since that is named for one run. What
one call alone may ask for (a reboot, an override, another form of output) cannot stand in it.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import click

from ng2coreos.cli.nearest import meant
from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import STATE_BYTES, read_regular

FILE = "/etc/ng2coreos/ng2coreos.conf"
OPTIONS, POLICY = "ng2coreos", "policy"  # its sections
KEYS = ("target", "ref", "key", "answers", "color", "verbose", "quiet", "log-file")
_PATHS = ("key", "answers", "log-file")
_SWITCHES = ("verbose", "quiet")
_COLORS = ("auto", "always", "never")
_HINT = "See ng2coreos.conf(5)."
_FOLLOWED = {"ref": "target"}  # means something only beside the file's own


@dataclass(frozen=True)
class Conf:
    """What the file says; empty where there is none."""

    path: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)  # key -> text or bool
    policy: Mapping[str, Any] = field(default_factory=dict)  # fields of model/plan.py: Policy

    def fill(self, params: Dict[str, Any]) -> None:
        """Put what the command line left open into a command's parameters."""
        given = {name for name in params if params[name]}
        for name in ("target", "ref", "key", "answers"):
            if name in params and name not in given and _FOLLOWED.get(name) not in given:
                params[name] = self.options.get(name, params[name])

    def rows(self) -> List[Tuple[str, str]]:
        """Every key with its value, as the file has them."""
        shown = {True: "yes", False: "no"}
        return [(key, shown[value] if isinstance(value, bool) else str(value))
                for values in (self.options, self.policy) for key, value in values.items()]


def load(path: Optional[str] = None, euid: Optional[int] = None) -> Conf:
    """The file at `path`, which must be there; else the usual one, which need not.

    BadInput for one that is wrong in any place, or that anybody but root and the caller could have
    written.
    """
    file = Path(path or FILE)
    try:
        data = read_regular(file, STATE_BYTES,
                            owners={0, os.geteuid() if euid is None else euid})
        text = data.decode("utf-8")
    except FileNotFoundError:
        if path is None:
            return Conf()
        raise BadInput(f"There is no file {file}.", hint=_missing(str(file))) from None
    except PermissionError as error:
        safe = "chown root:root and chmod go-w make it safe." if error.errno == 1 else _HINT
        raise BadInput(f"{file} is not read: {(error.strerror or '').lower()}.",
                       hint=f"Look at what it says; then {safe}" if error.errno == 1 else safe
                       ) from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read: {error}.", hint=_HINT) from None
    return parse(text, str(file))


def parse(text: str, where: str) -> Conf:
    """What `text` says; BadInput names line and key of the first thing that is wrong."""
    import configparser
    found = configparser.ConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), interpolation=None, strict=True,
        empty_lines_in_values=False, default_section="\0")
    found.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        found.read_string(text, where)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next(
            (number for number, _ in getattr(error, "errors", ())), 0)
        raise BadInput(f"{where}, line {line}: {_said(error)}.", hint=_HINT) from None
    options: Dict[str, Any] = {}
    policy: Dict[str, Any] = {}
    for section in found.sections():
        if section not in (OPTIONS, POLICY):
            raise _wrong(where, text, f"[{section}]", f"there is no section [{section}]",
                         section, (OPTIONS, POLICY))
        for name, value in found[section].items():
            place = f"{where}, line {_line(text, name, section)}: {name}"
            if section == OPTIONS:
                key = name.replace("_", "-")
                options[key] = _option(key, value, place)
            else:
                key = name.replace("-", "_")
                policy[key] = _setting(key, value, place)
    return Conf(where, options, policy)


def _option(key: str, value: str, place: str) -> Any:
    if key not in KEYS:
        elsewhere = f"It belongs in [{POLICY}]." if key.replace("-", "_") in _fields() else ""
        raise BadInput(f"{place} is no key of [{OPTIONS}].", hint=elsewhere or meant(key, KEYS)
                       or f"Its keys are {', '.join(KEYS)}; see ng2coreos.conf(5).")
    if key in _SWITCHES:
        try:
            return bool(click.BOOL.convert(value, None, None))
        except click.BadParameter:
            raise BadInput(f"{place}: {value!r} is neither yes nor no.", hint=_HINT) from None
    if key == "color" and value not in _COLORS:
        raise BadInput(f"{place}: {value!r} is not one of {', '.join(_COLORS)}.",
                       hint=meant(value, _COLORS) or _HINT)
    if not value:
        raise BadInput(f"{place} has no value.", hint="Give one, or remove the line.")
    remote = key == "target" and value.startswith(("http://", "https://"))
    if key in (*_PATHS, "target") and not remote and not value.startswith("/"):
        raise BadInput(f"{place}: {value} is not an absolute path.",
                       hint="The file is read wherever the command is called.")
    return value


def _setting(key: str, value: str, place: str) -> Any:
    fields = _fields()
    if key not in fields:
        elsewhere = (f"It belongs in [{OPTIONS}]." if key.replace("_", "-") in KEYS else
                     f"{key} are this host's: they belong in an answers file."
                     if key in ("answers", "overrides", "packages") else "")
        raise BadInput(f"{place} is no key of [{POLICY}].", hint=elsewhere or meant(key, fields)
                       or f"Its keys are {', '.join(fields)}; see ng2coreos.conf(5).")
    default, choices = fields[key]
    if isinstance(default, int):
        if not value.isascii() or not value.isdigit() or int(value) < 1:
            raise BadInput(f"{place}: {value!r} is no number above 0.", hint=_HINT)
        made: Any = int(value)
    else:
        made = value
    if choices and made not in choices:
        words = [str(choice) for choice in choices]
        raise BadInput(f"{place}: {value!r} is not one of {', '.join(words)}.",
                       hint=meant(value, words) or _HINT)
    return made


def _fields() -> Dict[str, Tuple[Any, Sequence[Any]]]:
    """Field of Policy that a line can say -> its default and its choices."""
    import dataclasses

    from ng2coreos.model.plan import Policy
    usual = Policy()
    return {f.name: (getattr(usual, f.name), f.metadata["choices"])
            for f in dataclasses.fields(Policy)
            if not isinstance(getattr(usual, f.name), dict)}


def _wrong(where: str, text: str, head: str, what: str, word: str,
           known: Sequence[str]) -> BadInput:
    line = next((n for n, row in enumerate(text.splitlines(), 1) if row.strip() == head), 0)
    return BadInput(f"{where}, line {line}: {what}.",
                    hint=meant(word, known) or f"There are [{OPTIONS}] and [{POLICY}].")


def _line(text: str, key: str, section: str) -> int:
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            inside = line.strip()[1:-1]
        elif inside == section and line.partition("=")[0].strip() == key:
            return number
    return 0


def _said(error: Exception) -> str:
    import configparser
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"a key stands before the first [section]; begin with [{OPTIONS}]"
    if isinstance(error, configparser.DuplicateOptionError):
        return f"{error.option} stands there twice"
    if isinstance(error, configparser.DuplicateSectionError):
        return f"[{error.section}] stands there twice"
    return "this is no KEY = VALUE"


def _missing(path: str) -> str:
    from ng2coreos.cli.nearest import meant_path
    return meant_path(path) or "Give the path of a file like ng2coreos.conf(5)."
