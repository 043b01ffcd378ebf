"""Lines of docs/security.md that no other test holds: secrets at every moment, no shell, modes."""

import ast
import logging
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

import pytest

from ng2coreos.execute import commands
from tests.execute.simulated import SECRET
from tests.execute.world import Notes
from tests.faults.cuts import recorded
from tests.faults.scene import RUNS, Scene
from tests.faults.test_errors import every_write

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/security.md"
# the two secrets of the scene, as they are and in base64 at any of the three offsets
CANARIES = (SECRET.strip(), b"Y2FuYXJ5", b"NhbmFye", b"jYW5hcn")
KEPT_BY_NG = ("etc/secret.key", "etc/shadow")
SOURCES = sorted([*(ROOT / "ng2coreos").rglob("*.py"), *(ROOT / "plugins").rglob("*.py"),
                  *(ROOT / "man").rglob("*.py")])


def holds(data: bytes) -> bool:
    """Is a secret in there?"""
    return any(canary in data for canary in CANARIES)


def test_at_no_moment_of_a_run_can_anybody_else_read_a_secret(scene: Scene) -> None:
    """At every point of apply and rollback: mode 0600 in 0700, on /boot 0600, in one file there."""
    scene.host.path("/boot/efi/EFI").mkdir(parents=True)
    scene.host.media.settled()
    with recorded(scene.host, ("killed",)) as cuts:
        scene.apply()
        scene.roll_back()
    seen: Set[Tuple[str, str]] = set()
    for cut in cuts:
        for name, tree in cut.files.items():
            for path, node in tree.items():
                if not holds(node.data) or (name == "/" and path in KEPT_BY_NG):
                    continue
                seen.add((name, path))
                assert node.kind == "f" and node.mode & 0o077 == 0, f"{cut}: {name}{path}"
                assert name in ("/", "/boot"), f"{cut}: {name}{path}"
                assert name == "/boot" or path.startswith(RUNS), f"{cut}: {path}"
        assert not [p for p in cut.files["/boot"] if p.startswith("efi/EFI/")], str(cut)
        for path, node in cut.files["/"].items():
            ours = path == RUNS or path.startswith(f"{RUNS}/")
            if ours and (node.kind == "f" or path.count("/") <= RUNS.count("/") + 1):
                assert node.kind == "l" or node.mode & 0o077 == 0, f"{cut}: {path}"
    on_boot = {path for name, path in seen if name == "/boot"}
    assert {re.sub(r"\.(.*)\.ng2coreos-new", r"\1", Path(path).name) for path in on_boot} == {
        "ng2coreos-firstboot.cpio"}
    assert ("/", f"{RUNS}/{scene.plan.run_id}/config.ign") in seen  # else nothing was looked at
    left = {path for path, node in cuts[-1].files["/"].items() if holds(node.data)}
    assert left == set(KEPT_BY_NG)
    assert not [path for path, node in cuts[-1].files["/boot"].items() if holds(node.data)]


def test_no_log_progress_error_or_command_line_shows_a_secret(
        scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    notes = Notes()
    commands.apply(scene.host, scene.plan, notes)
    commands.roll_back(scene.host, notes)
    errors: List[str] = []
    every_write(scene, 5, lambda step, name, error: errors.append(repr(error)), 12, 0)
    assert len(errors) > 10
    words = [word for argv in scene.host.calls for word in argv]
    for text in (caplog.text, *notes.said, *errors, *words):
        assert not holds(text.encode("utf-8", "surrogateescape")), text


def calls(tree: ast.AST) -> Iterator[Tuple[str, ast.Call]]:
    """Every call, by the dotted name of what is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


SHELLS = re.compile(r"(os\.(system|popen|spawn\w*|exec\w*)|subprocess\.(getoutput|getstatusoutput)"
                    r"|pty\.spawn|commands\.getoutput|asyncio\.create_subprocess_shell)$")
UNSAFE = re.compile(r"(eval|exec|pickle\.loads?|marshal\.loads?|yaml\.(unsafe_load|full_load)"
                    r"|shelve\.open|tempfile\.mktemp)$")


def test_no_shell_anywhere_and_two_places_start_programs() -> None:
    starting: Set[str] = set()
    for path in SOURCES:
        for name, node in calls(ast.parse(path.read_text("utf-8"))):
            where = f"{path.relative_to(ROOT)}:{node.lineno}: {name}"
            assert not SHELLS.match(name), where
            assert not UNSAFE.match(name), where
            if name.startswith("subprocess."):
                assert not any(k.arg == "shell" for k in node.keywords), where
                starting.add(str(path.relative_to(ROOT)))
            if name in ("yaml.load", "yaml.compose", "yaml.parse"):
                loader = [ast.unparse(k.value) for k in node.keywords if k.arg == "Loader"]
                assert loader == ["_LOADER"], where
    assert starting == {"ng2coreos/core/command.py", "ng2coreos/target/compressed.py"}


def test_argv_of_programs_are_lists_of_words(scene: Scene) -> None:
    """No word that a run gives to a program is a command line for a shell."""
    scene.apply()
    assert scene.host.calls
    for argv in scene.host.calls:
        assert argv[0] not in ("sh", "bash", "env", "eval") and not set("|;&`") & set(argv[0])


def lines() -> List[Dict[str, str]]:
    """The rows of the table of threats."""
    found = []
    for line in DOCUMENT.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "Threat":
            found.append(dict(zip(("threat", "against", "tests"), cells)))
    return found


def named_in(path: Path) -> Set[str]:
    """The names of the tests in a file, by its syntax."""
    return {node.name for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize("row", lines(), ids=lambda row: row["threat"][:40])
def test_every_line_of_the_threat_model_has_tests_that_exist(row: Dict[str, Any]) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row["tests"])
    assert named and row["against"], row
    for path, name in named:
        assert (ROOT / path).is_file(), path
        assert name in named_in(ROOT / path), f"{path}::{name}"


def test_the_threat_model_is_a_model() -> None:
    assert len(lines()) > 20
