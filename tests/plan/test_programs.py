"""A run needs programs of NG: the plan says which are missing, before anything is begun."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Iterator, Set, Tuple

import pytest

from ng2coreos.execute.steps import STEPS
from ng2coreos.model.filesystem import MAKE
from ng2coreos.model.finding import Kind, StepKind
from ng2coreos.model.programs import PROGRAMS
from ng2coreos.stage.bootdir import _CHECKERS
from ng2coreos.stage.sysroot import HOST_OSTREE
from tests import recorded
from tests.plan.build import decided, found, host, ids, layout

PACKAGE = Path(__file__).parents[2] / "ng2coreos"
NAMES = tuple(name for program in PROGRAMS for name in program.names)
# without them a run goes on, systemd's is never gone, and chroot begins an image's own ostree
NOT_NEEDED = {"udevadm", "dmsetup", "systemctl", "chroot"}


def without(*names: str) -> Tuple[str, ...]:
    return tuple(name for name in NAMES if name not in names)


def test_a_host_without_ostree_is_told_before_the_run_and_how_to_get_it() -> None:
    plan = decided(host(programs=without("ostree")))
    one = found(plan, "N2C_TOOL_MISSING")
    assert one.kind is Kind.INHIBITOR and plan.inhibitors == (one,)
    assert one.resources == ("program:ostree",)
    assert one.evidence == ("ostree is run by pull-commit, deploy",)
    command, hint = one.steps
    assert command.argv == ("dnf", "install", "ostree")
    assert hint.kind is StepKind.HINT and "dnf install ./ostree-*.rpm" in hint.text


def test_a_freshly_installed_ng_lacks_it_and_one_to_which_it_was_added_does_not() -> None:
    assert "N2C_TOOL_MISSING" in ids(decided(recorded.facts("el9-single")))
    assert "N2C_TOOL_MISSING" not in ids(decided(recorded.facts("el8-two-generations")))


def test_each_package_is_one_finding() -> None:
    lacking = [f for f in decided(host(programs=())).findings if f.id == "N2C_TOOL_MISSING"]
    assert sorted(f.steps[0].argv[-1] for f in lacking) == [
        "coreutils", "grub2-tools", "lvm2", "ostree", "util-linux", "xfsprogs"]


@pytest.mark.parametrize("gone,stops", [
    (("mkfs.ext4", "e2fsck", "tune2fs"), False),  # everything on that host is xfs
    (("mkfs.xfs",), True), (("xfs_admin",), True),
    (("grub-script-check",), False), (("grub2-script-check",), False),  # the other one does
    (("grub-script-check", "grub2-script-check"), True)])
def test_only_what_this_run_starts_stops_it(gone: Tuple[str, ...], stops: bool) -> None:
    assert ("N2C_TOOL_MISSING" in ids(decided(host(programs=without(*gone))))) is stops


def test_a_snapshot_of_another_type_needs_that_types_programs() -> None:
    known = layout()
    mounts = tuple(replace(m, fstype="ext4") if m.target == "/home" else m for m in known.mounts)
    facts = host(layout=replace(known, mounts=mounts), programs=without("tune2fs", "mkfs.ext4"))
    assert found(decided(facts), "N2C_TOOL_MISSING").resources == ("program:tune2fs",)


def test_the_table_has_every_program_that_the_steps_run() -> None:
    run = {name for room in ("stage", "execute")
           for path in (PACKAGE / room).rglob("*.py") for name in started(path)}
    run |= {argv[0] for argv in MAKE.values()} | {*_CHECKERS, *HOST_OSTREE.argv}
    assert run - NOT_NEEDED == set(NAMES)


def test_the_table_names_steps_that_there_are() -> None:
    assert {name for p in PROGRAMS for name in p.steps} <= {step.id for step in STEPS}


def started(path: Path) -> Set[str]:
    """The first words of the lists that a module gives to `run`."""
    return {words[0].value for words in _lists(ast.parse(path.read_text("utf-8")))
            if words and isinstance(words[0], ast.Constant) and isinstance(words[0].value, str)}


def _lists(tree: ast.AST) -> Iterator["list[ast.expr]"]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) \
                and node.func.attr == "run" and node.args and isinstance(node.args[0], ast.List):
            yield node.args[0].elts
