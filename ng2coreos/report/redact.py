"""Takes secrets out of what is shown: contents of secret items, passwords in arguments and URLs."""

from dataclasses import replace
from typing import Any

from ng2coreos.core.redact import redact_text
from ng2coreos.model.item import Item
from ng2coreos.model.plan import Plan


def redact_plan(plan: Plan) -> Plan:
    """The plan without the contents and digests of secret items.

    A short secret could be guessed from its digest, so that goes too.
    """
    items = tuple(_redact_item(item) for item in plan.decisions.items)
    return replace(plan, decisions=replace(plan.decisions, items=items))


def redact_data(data: Any) -> Any:
    """JSON data with every text in it redacted; an item's content (base64) is left as it is."""
    if isinstance(data, dict):
        return {key: value if key == "content" else redact_data(value)
                for key, value in data.items()}
    if isinstance(data, list):
        return [redact_data(value) for value in data]
    return redact_text(data) if isinstance(data, str) else data


def _redact_item(item: Item) -> Item:
    return replace(item, content="", sha256="", link="") if item.secret else item
