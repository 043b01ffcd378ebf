"""The report's schema, as the tests hold it against every report that they see made."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Dict

from jsonschema import Draft202012Validator

from ng2coreos.core.errors import HOST_STATES, Exit

DATA = Path(__file__).parents[2] / "data" / "schema"


@cache
def validator(path: Path = DATA / "report-1.0.json") -> Draft202012Validator:
    """The validator of a schema that is itself valid."""
    schema = json.loads(path.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def check(report: Dict[str, Any]) -> None:
    """Fail with every place of the report that its schema does not know."""
    wrong = [f"{e.json_path}: {e.message[:200]}" for e in validator().iter_errors(report)]
    assert wrong == []
    states = HOST_STATES[Exit(report["exit_code"])]
    assert not states or report["host_state"] in states, "one code, one host state"
