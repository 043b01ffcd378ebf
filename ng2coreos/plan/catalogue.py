"""The texts of the findings: data/findings.yaml, one place for id, kind, title and remedy."""

from functools import lru_cache
from typing import Any, Dict, Mapping, Optional, Sequence

import yaml

from ng2coreos.model.finding import Finding, Kind
from ng2coreos.plan.packaged import data_directories

FILE = "findings.yaml"


def finding(id: str, resources: Sequence[str] = (), evidence: Sequence[str] = (), *,
            kind: Optional[Kind] = None, **values: Any) -> Finding:
    """The finding `id` as the catalogue words it, its summary filled with `values`.

    `kind` lowers or raises it where the same fact weighs differently. KeyError for an id that the
    catalogue lacks or a value that its text wants: both are bugs, and a test looks for them.
    """
    row = catalogue()[id]
    return Finding(
        id=id, kind=kind or Kind(row["kind"]), title=row["title"].format(**values),
        summary=row["summary"].format(**values), remedy=row.get("remedy", "").format(**values),
        resources=tuple(resources), evidence=tuple(evidence))


@lru_cache(maxsize=1)
def catalogue() -> Mapping[str, Dict[str, str]]:
    """Every finding's texts by id; they come with the package and never change while it runs."""
    for place in data_directories():
        path = place / FILE
        if path.is_file():
            rows = yaml.safe_load(path.read_text("utf-8"))
            return {row.pop("id"): {key: " ".join(text.split()) for key, text in row.items()}
                    for row in rows}
    raise FileNotFoundError(FILE)
