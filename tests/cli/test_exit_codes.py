"""Every exit code is produced by something, looks the same, and stands in the manual."""

from pathlib import Path
from typing import Type

import click
import pytest

from ng2coreos.cli.main import guarded
from ng2coreos.core.errors import HOST_STATES, Exit, Ng2CoreosError, error_classes
from tests.report.schema import validator

MANUAL = Path(__file__).parents[2] / "man" / "ng2coreos.8"
# Codes that no error class has: what produces them
OTHERS = {
    Exit.OK: "tests/cli/test_commands.py: test_a_whole_life_on_ng",
    Exit.USAGE: "tests/cli/test_commands.py: test_a_wrong_call_is_told_and_changes_nothing",
    Exit.SIGINT: "tests/execute/test_runner.py: test_a_signal_lets_the_change_end",
    Exit.SIGTERM: "tests/execute/test_runner.py: test_a_signal_lets_the_change_end",
    Exit.WARNINGS: "tests/cli/test_commands.py: test_strict_ends_with_100_when_there_are_warnings",
}


def test_every_code_has_a_class_or_a_place() -> None:
    assert set(error_classes()) | set(OTHERS) == set(Exit)
    assert not set(error_classes()) & set(OTHERS)
    root = Path(__file__).parents[2]
    for place in OTHERS.values():
        name, _, test = place.partition(": ")
        assert name == "reserved" or f"def {test}" in (root / name).read_text("utf-8")


@pytest.mark.parametrize("kind", error_classes().values(), ids=lambda kind: kind.__name__)
def test_every_error_class_is_one_line_and_a_hint(
        kind: Type[Ng2CoreosError], capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise kind("What happened.", hint="What to do.")

    assert guarded(fail) == kind.exit_code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "ng2coreos: What happened.\n  What to do.\n")


def test_every_code_says_what_the_host_is() -> None:
    assert set(HOST_STATES) == set(Exit)
    known = set(validator().schema["properties"]["host_state"]["enum"])
    assert {state for states in HOST_STATES.values() for state in states} <= known


def test_control_c_before_anything_began_is_130() -> None:
    def stop() -> None:
        raise click.Abort

    assert guarded(stop) == Exit.SIGINT


@pytest.mark.parametrize("code", Exit, ids=lambda code: str(code.name))
def test_every_code_stands_in_the_manual(code: Exit) -> None:
    assert f".It {code.value}\n" in MANUAL.read_text("utf-8")
