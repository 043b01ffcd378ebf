"""What axe-core, the usual checker of accessibility, finds wrong on a page.

Its script comes in a Python package; of that nothing else is used, nor what it depends on.
"""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Optional

from tests.report.browser import Browser

# Words in drawings are left out: it cannot tell what is behind them, and takes seconds to say so.
_PLACE = {"include": [["html"]], "exclude": [["svg text"]]}


def violations(tab: Browser, only: Optional[str] = None) -> List[str]:
    """A line for each element that breaks a rule, of any impact; `only` asks for one rule."""
    options: Dict[str, Any] = {"preload": False, "resultTypes": ["violations"], "iframes": False}
    if only:
        options["runOnly"] = [only]
    else:
        options["rules"] = {"target-size": {"enabled": True}}  # of WCAG 2.2; off by itself
    tab.do(f"{_script()};0")
    found = tab.do(f"axe.run({json.dumps(_PLACE)}, {json.dumps(options)})")
    assert found["passes"] or found["violations"], "axe has looked at nothing"
    return [f"{rule['id']} ({rule['impact']}): {rule['help']}: {node['html'][:200]}"
            for rule in found["violations"] for node in rule["nodes"]]


def _script() -> str:
    package = find_spec("axe_playwright_python")
    assert package and package.submodule_search_locations, "`make setup` installs axe-core"
    return (Path(package.submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")
