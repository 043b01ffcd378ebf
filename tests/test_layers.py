"""A room imports only from the rooms that CONTRIBUTING.md gives it."""

import ast
from pathlib import Path
from typing import Dict, Set

PACKAGE = Path(__file__).resolve().parents[1] / "ng2coreos"
_BASE = {"model", "core"}
MAY: Dict[str, Set[str]] = {
    "core": {"model"}, "model": {"core"},
    "inventory": _BASE, "target": _BASE, "plan": _BASE, "ignition": _BASE, "stage": _BASE,
    "report": {*_BASE, "plan"}, "firstboot": {*_BASE, "stage", "report"},
    "execute": {*_BASE, "inventory", "target", "plan", "ignition", "stage", "firstboot", "report"},
    "cli": {*_BASE, "inventory", "plan", "execute", "firstboot", "report"}}


def imported(path: Path) -> Set[str]:
    """The rooms that a module imports from, wherever in it."""
    found: Set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        found |= {name.split(".")[1] for name in names if name.startswith("ng2coreos.")}
    return found & set(MAY)


def test_every_room_is_known() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(MAY)


def test_a_room_imports_only_from_the_rooms_below_it() -> None:
    wrong = {f"{path.relative_to(PACKAGE)}: {other}" for room, others in MAY.items()
             for path in (PACKAGE / room).rglob("*.py")
             for other in imported(path) - others - {room}}
    assert wrong == set()
