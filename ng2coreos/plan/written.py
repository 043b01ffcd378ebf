"""Items whose content the plan itself writes: conversions, and files that the tool makes."""

import base64
import hashlib
from dataclasses import replace

from ng2coreos.model.facts import FileFact
from ng2coreos.model.item import Item, Outcome


def written(path: str, text: str, reason: str, rule: str, *, source: str = "", mode: int = 0o644,
            outcome: Outcome = Outcome.CONVERTED) -> Item:
    """The file `path` with `text`. Not for secrets: what is written stands in the plan."""
    data = text.encode("utf-8", "surrogateescape")
    return Item(path, "file", outcome, reason, rule, source=source, mode=mode,
                sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data),
                content=base64.b64encode(data).decode())


def text_of(item: Item) -> str:
    """The text of an item that `written` made."""
    return base64.b64decode(item.content).decode("utf-8", "surrogateescape")


def given_up(path: str, reason: str, rule: str, *, kind: str = "file") -> Item:
    """NG's `path` is left behind, for `reason`."""
    return replace(Item(path, kind, Outcome.DROPPED, reason, rule), source=path, verify=False)


def carried(path: str, fact: FileFact, reason: str, rule: str) -> Item:
    """NG's file `path` as it is, root's."""
    return Item(path, fact.kind, Outcome.CARRIED, reason, rule, source=path,
                mode=fact.mode & 0o7777, sha256=fact.sha256, size_bytes=fact.size_bytes,
                link=fact.link)
