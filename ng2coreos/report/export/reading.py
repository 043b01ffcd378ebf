"""Reads a report that was written before, whoever carried it here."""

import json
from typing import Any, Dict

from ng2coreos.core.errors import BadInput
from ng2coreos.model import codec
from ng2coreos.model.plan import SCHEMA, Plan
from ng2coreos.report import document

_HINT = "Give what `ng2coreos plan --json` printed, or a plan of `plan --output`."


def report_in(data: bytes, where: str) -> Dict[str, Any]:
    """The report in `data`, valid by its schema; a plan is made one. Else BadInput."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{where} is not JSON: {error}.", hint=_HINT) from None
    if isinstance(found, dict) and found.get("schema") == SCHEMA:
        plan = codec.load(Plan, found, where)
        return document.document(document.Occasion("plan", "untouched"), plan)
    valid(found, where)
    report: Dict[str, Any] = found
    return report


def valid(found: Any, where: str) -> None:
    """BadInput, with the place, for what is no report."""
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(schema, dict) or schema.get("id") != document.ID:
        raise BadInput(f"{where} is no report of ng2coreos.", hint=_HINT)
    if schema.get("version") != document.VERSION:
        raise BadInput(f"{where} is a report of version {str(schema.get('version'))[:20]!r}, not "
                       f"{document.VERSION}.", hint="Read it with the tool that wrote it.")
    error = next(iter(_validator().iter_errors(found)), None)
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "its top"
        raise BadInput(f"{where} is a damaged report, at {place}: {error.message[:120]}.",
                       hint=_HINT)


def _validator() -> Any:
    """jsonschema's newest: older ones than 4 know 2020-12 as draft 7, which is near enough."""
    import jsonschema

    from ng2coreos.plan.packaged import data_directories
    schema = next(place / "schema" / "report-1.0.json" for place in data_directories()
                  if (place / "schema" / "report-1.0.json").is_file())
    kind = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)
    return kind(json.loads(schema.read_text("utf-8")))
