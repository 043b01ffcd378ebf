"""Reads whitelists from YAML; a wrong one is an error that names its file, line and field."""

import posixpath
from enum import Enum
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple, Type, TypeVar

import yaml

from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import read_regular
from ng2coreos.model.plan import ArgAction
from ng2coreos.plan import shallow
from ng2coreos.plan.packaged import data_directories
from ng2coreos.plan.rules import Action, ArgRule, Entry, Layer, Rules, StaticId, UnitRule, Verify

E = TypeVar("E", bound=Enum)
R = TypeVar("R")
_MISNAMED = (".yml", ".json", ".py")  # leftovers of editors and packages may lie there
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast


def load_rules(directories: Iterable[Path] = (), plugged: Iterable[Path] = ()) -> Rules:
    """The built-in whitelists, those of plug-ins in `plugged`, and the admin's in `directories`.

    A directory that is missing is empty. BadInput for a file that does not fit the schema, and for
    one that would not be read: nobody shall think that it works.
    """
    built_in = [place / "whitelists" for place in data_directories()]
    return Rules(_layers(directories), _layers(built_in), _layers(plugged))


def load(path: Path) -> Layer:
    """The rules in the file at `path`; BadInput if it cannot be read or does not fit the schema."""
    try:
        data = read_regular(path)
    except OSError as error:
        raise _bad(str(path), 1, "", f"cannot be read: {error.strerror}") from None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _bad(str(path), line, "", f"is not UTF-8: {error.reason}") from None
    return parse(text, str(path))


def parse(text: str, origin: str) -> Layer:
    """The rules in the YAML `text` of the file `origin`."""
    try:
        shallow.check(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _bad(origin, line, "", f"is not YAML: {error.reason}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        problem = getattr(error, "problem", None) or str(error)
        raise _bad(origin, line, "", f"is not YAML: {problem}") from None
    except (ValueError, RecursionError):
        raise _bad(origin, 1, "", "is nested too deeply") from None
    if node is None:
        return Layer(origin)
    top = _Map(node, origin, "")
    entries = top.rows("entries", lambda row: (_entry(row), row.line))
    layer = Layer(
        origin, tuple(entry for entry, _ in entries), top.rows("units", _unit),
        top.rows("kernel_args", _argument), top.rows("static_ids", _static_id),
        tuple(line for _, line in entries))
    top.end()
    return layer


def _layers(directories: Iterable[Path]) -> Tuple[Layer, ...]:
    layers = []
    for directory in directories:
        if directory.exists() and not directory.is_dir():
            raise _bad(str(directory), 1, "", "is not a directory")
        for path in sorted(directory.glob("*")):
            if path.suffix in _MISNAMED:
                raise _bad(str(path), 1, "", "is not read: its name must end in .yaml")
            if path.suffix == ".yaml":
                layers.append(load(path))
    return tuple(layers)


def _entry(row: "_Map") -> Entry:
    action = row.choice("action", Action)
    entry = Entry(
        id=row.text("id"), paths=row.paths("paths"), action=action, reason=row.text("reason"),
        verify=row.choice("verify", Verify,
                          Verify.CONTENT if action is Action.CARRY else Verify.NONE),
        exclude=row.paths("exclude", optional=True), owner=row.text("owner", ""),
        mode=row.mode("mode"), secret=row.flag("secret"), host_data=row.flag("host_data"))
    if entry.owner and (entry.owner.count(":") != 1 or not all(entry.owner.split(":"))):
        raise row.bad("owner", "must be user:group")
    return entry


def _unit(row: "_Map") -> UnitRule:
    return UnitRule(row.text("unit"), row.text("reason"), row.flag("required"), row.flag("mask"),
                    row.text("renamed", ""))


def _argument(row: "_Map") -> ArgRule:
    action = row.choice("action", ArgAction)
    rule = ArgRule(row.text("arg"), action, row.text("reason"), row.text("result", ""),
                   row.words("when_any"))
    if action is ArgAction.ADD:
        raise row.bad("action", "add is the plan's own; use keep, drop or translate")
    if (action is ArgAction.TRANSLATE) != bool(rule.result):
        raise row.bad("result", "goes with translate, and only with it")
    return rule


def _static_id(row: "_Map") -> StaticId:
    kind = row.text("kind")
    if kind not in ("user", "group"):
        raise row.bad("kind", "must be user or group")
    return StaticId(row.text("name"), kind, row.number("id"), row.text("reason"))


class _Map:
    """A YAML mapping that is taken key by key; what was not taken is an error."""

    def __init__(self, node: yaml.Node, origin: str, field: str) -> None:
        self._origin = origin
        self._field = field
        self.line = node.start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            raise _bad(origin, self.line, field, "must be a mapping")
        self._values: Dict[str, yaml.Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _bad(origin, key.start_mark.line + 1, field, "has a key that is no text")
            name = str(key.value)
            if name in self._values:
                raise _bad(origin, key.start_mark.line + 1, self._name(name), "stands twice")
            self._values[name] = value
        self._lines = {name: value.start_mark.line + 1 for name, value in self._values.items()}

    def bad(self, key: str, problem: str) -> BadInput:
        """The error that names this field's place."""
        return _bad(self._origin, self._lines.get(key, self.line), self._name(key), problem)

    def end(self) -> None:
        """BadInput if a key is left that nobody took."""
        for key in self._values:
            raise self.bad(key, "is not a key that is known here")

    def rows(self, key: str, make: "Callable[[_Map], R]") -> Tuple[R, ...]:
        """The mappings in the list at `key`, each made into a record."""
        found = []
        for number, node in enumerate(self._list(key)):
            row = _Map(node, self._origin, f"{self._name(key)}[{number}]")
            found.append(make(row))
            row.end()
        return tuple(found)

    def text(self, key: str, default: Any = None) -> str:
        """A text that is not empty, or `default` where the key is missing."""
        if key not in self._values and default is not None:
            return str(default)
        value = self._scalar(key)
        if not isinstance(value, str) or not value.strip():
            raise self.bad(key, "must be a text")
        return " ".join(value.split())

    def flag(self, key: str) -> bool:
        """A boolean, false where the key is missing."""
        if key not in self._values:
            return False
        value = self._scalar(key)
        if not isinstance(value, bool):
            raise self.bad(key, "must be true or false")
        return value

    def number(self, key: str) -> int:
        """A number."""
        value = self._scalar(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self.bad(key, "must be a number")
        return value

    def mode(self, key: str) -> Any:
        """A file mode, written as a text in octal, or None where the key is missing."""
        if key not in self._values:
            return None
        value = self._scalar(key)
        if not isinstance(value, str) or len(value) != 4 or not set(value) <= set("01234567"):
            raise self.bad(key, 'must be four octal digits in quotes, such as "0600"')
        return int(value, 8)

    def choice(self, key: str, kind: Type[E], default: Any = None) -> E:
        """A member of `kind`."""
        if key not in self._values and default is not None:
            return kind(default)
        value = self._scalar(key)
        if value not in [member.value for member in kind]:
            raise self.bad(key, "must be one of " + ", ".join(str(m.value) for m in kind))
        return kind(value)

    def words(self, key: str) -> Tuple[str, ...]:
        """A list of texts, empty where the key is missing."""
        return tuple(word for word, _ in self._words(key))

    def paths(self, key: str, *, optional: bool = False) -> Tuple[str, ...]:
        """A list of absolute path patterns, of at least one unless `optional`."""
        if key not in self._values and not optional:
            raise self.bad(key, "is missing")
        found = self._words(key)
        if not found and not optional:
            raise self.bad(key, "is empty")
        for path, line in found:
            if path != posixpath.normpath(path) or not path.startswith("/") or "//" in path:
                raise _bad(self._origin, line, self._name(key), f"{path} is not an absolute path "
                           "in its plain form")
        return tuple(path for path, _ in found)

    def _words(self, key: str) -> List[Tuple[str, int]]:
        found: List[Tuple[str, int]] = []
        for node in self._list(key):
            line = node.start_mark.line + 1
            value = _construct(node) if isinstance(node, yaml.ScalarNode) else None
            if not isinstance(value, str) or not value:
                raise _bad(self._origin, line, self._name(key), "must be a list of texts")
            found.append((value, line))
        return found

    def _list(self, key: str) -> Sequence[yaml.Node]:
        node = self._values.pop(key, None)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            raise self.bad(key, "must be a list")
        children: List[yaml.Node] = node.value
        return children

    def _scalar(self, key: str) -> Any:
        node = self._values.pop(key, None)
        if node is None:
            raise self.bad(key, "is missing")
        if not isinstance(node, yaml.ScalarNode):
            raise self.bad(key, "must be a single value")
        return _construct(node)

    def _name(self, key: str) -> str:
        return f"{self._field}.{key}" if self._field else key


def _construct(node: yaml.Node) -> Any:
    """The value of a scalar; None for one that its tag does not fit (a date of month 13)."""
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError, OverflowError):
        return None
    finally:
        loader.dispose()


def _bad(origin: str, line: int, field: str, problem: str) -> BadInput:
    what = f"{field} {problem}" if field else problem
    return BadInput(f"{origin}, line {line}: {what}.",
                    hint="Mend the whitelist; its keys are described in the manual.")
