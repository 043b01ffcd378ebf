"""JSON for the records: `dump` and `load` are inverse; input of a wrong shape is one clear error.

Records are frozen dataclasses of int, float, str, bool, enums, optionals, tuples, string-keyed
dicts, `Any` (JSON as it is) and other records.  Nothing else is needed and nothing else works.
"""

import dataclasses
import enum
import json
import sys
import typing
from functools import cache
from typing import Any, Dict, Type, TypeVar

from ng2coreos.core.errors import BadInput

T = TypeVar("T")


def dump(value: Any) -> Any:
    """`value` as plain JSON data, keys in the order of the fields."""
    if dataclasses.is_dataclass(value):
        return {f.name: dump(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [dump(item) for item in value]
    if isinstance(value, dict):
        return {key: dump(item) for key, item in value.items()}
    return value


def dumps(value: Any) -> str:
    """`value` as JSON text, indented, the same for the same value, one line feed at the end."""
    return json.dumps(dump(value), indent=1, ensure_ascii=True) + "\n"


def load(cls: Type[T], data: Any, where: str = "") -> T:
    """The record that `data` describes; BadInput names the place of what does not fit."""
    result: T = _load(cls, data, where or cls.__name__)
    return result


def loads(cls: Type[T], text: str, where: str = "") -> T:
    """As `load`, from JSON text."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where or cls.__name__} is not JSON: {error}.",
                       hint="Was the file cut off or edited?") from None
    return load(cls, data, where)


@cache
def _hints(cls: Type[Any]) -> Dict[str, Any]:
    return typing.get_type_hints(cls)


def _load(kind: Any, data: Any, where: str) -> Any:
    if kind is Any:
        return data
    origin = typing.get_origin(kind)
    if origin is typing.Union:
        rest = [k for k in typing.get_args(kind) if k is not type(None)]
        return None if data is None else _load(rest[0], data, where)
    if origin is tuple:
        inner, *more = typing.get_args(kind)
        _expect(isinstance(data, list), where, "a list", data)
        if more == [Ellipsis]:
            return tuple(_load(inner, item, f"{where}[{n}]") for n, item in enumerate(data))
        kinds = (inner, *more)
        _expect(len(data) == len(kinds), where, f"{len(kinds)} values", data)
        return tuple(_load(k, item, f"{where}[{n}]")
                     for n, (k, item) in enumerate(zip(kinds, data)))
    if origin is dict:
        _expect(isinstance(data, dict), where, "an object", data)
        inner = typing.get_args(kind)[1]
        return {str(key): _load(inner, item, f"{where}.{key}") for key, item in data.items()}
    if dataclasses.is_dataclass(kind):
        return _load_record(kind, data, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        _expect(data in [member.value for member in kind], where,
                "one of " + ", ".join(str(member.value) for member in kind), data)
        return kind(data)
    if kind is float and isinstance(data, (int, float)) and not isinstance(data, bool):
        # JSON's numbers have no end; Python's JSON has Infinity and NaN besides
        _expect(abs(data) <= sys.float_info.max, where, "a number of some size", data)
        return float(data)
    _expect(isinstance(data, kind) and not (kind is int and isinstance(data, bool)), where,
            kind.__name__, data)
    return data


def _load_record(kind: Any, data: Any, where: str) -> Any:
    _expect(isinstance(data, dict), where, "an object", data)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(data) - set(fields))
    _expect(not unknown, where, f"none of {', '.join(unknown)}", data)
    values = {}
    for name, field in fields.items():
        if name in data:
            values[name] = _load(_hints(kind)[name], data[name], f"{where}.{name}")
        else:
            optional = (field.default is not dataclasses.MISSING
                        or field.default_factory is not dataclasses.MISSING)
            _expect(optional, where, f"the key {name}", data)
    return kind(**values)


def _expect(holds: bool, where: str, wanted: str, data: Any) -> None:
    if not holds:
        try:
            shown = json.dumps(data, default=str)[:80]
        except (RecursionError, ValueError):  # as deep, or as long, as could just be read
            shown = f"a {type(data).__name__} without an end"
        raise BadInput(f"{where}: expected {wanted}, found {shown}.",
                       hint="Was the file edited, or made by another version of ng2coreos?")
