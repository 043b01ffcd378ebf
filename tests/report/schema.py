"""The report's schema, as the tests hold it against every report that they see made."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Dict

import jsonschema

from ng2coreos.core.errors import HOST_STATES, Exit

DATA = Path(__file__).parents[2] / "data" / "schema"


# NG's own jsonschema is 3.2, which knows nothing newer than draft 7: near enough for our keywords
KIND: Any = getattr(jsonschema, "Draft202012Validator", jsonschema.Draft7Validator)


@cache
def validator(path: Path = DATA / "report-1.0.json") -> Any:
    """The validator of a schema that is itself valid."""
    schema = json.loads(path.read_text("utf-8"))
    KIND.check_schema(schema)
    return KIND(schema)


def check(report: Dict[str, Any]) -> None:
    """Fail with every place of the report that its schema does not know."""
    wrong = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator().iter_errors(report)]
    assert wrong == []
    states = HOST_STATES[Exit(report["exit_code"])]
    assert not states or report["host_state"] in states, "one code, one host state"
