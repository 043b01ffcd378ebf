"""The house rules that a machine can check: ruff, mypy --strict, file sizes, Python 3.9 syntax."""

import ast
import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
HARD_LIMIT = 500
SOURCES = sorted(
    path for room in ("ng2coreos", "plugins", "data", "tests", "bench")
    for path in (REPO / room).rglob("*.py"))


def _tool(*argv: str) -> None:
    result = subprocess.run([sys.executable, "-m", *argv], cwd=REPO, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_ruff_is_content() -> None:
    _tool("ruff", "check", ".")


def test_mypy_strict_is_content() -> None:
    _tool("mypy", "ng2coreos", "plugins", "tests", "bench", "man")


def test_no_file_is_longer_than_the_hard_limit() -> None:
    long = {str(p.relative_to(REPO)): n for p in SOURCES
            if (n := len(p.read_text("utf-8").splitlines())) > HARD_LIMIT}
    assert not long


def test_everything_parses_as_python_3_9() -> None:
    for path in SOURCES:
        ast.parse(path.read_text("utf-8"), str(path), feature_version=(3, 9))
