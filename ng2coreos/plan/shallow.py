"""YAML that people give us, looked at before it is composed: neither deep nor multiplied."""

import re
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # its events need no stack
_DEEPEST = 50  # nothing that we read is deeper than six levels
_MAY_BE_DEEP = re.compile(r"[\[{](?:[^\[{]*[\[{]){50}|[ ?:-]{50}")


def check(text: str, *, aliases: bool = True) -> None:
    """ValueError for a text that is nested so deeply that libyaml's composer would end the process;
    without `aliases` also for those: a few lines of them are gigabytes.
    """
    if aliases and not _MAY_BE_DEEP.search(text):
        return  # all of the whitelists
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if not aliases and isinstance(event, yaml.AliasEvent):
            raise ValueError("it has aliases")
