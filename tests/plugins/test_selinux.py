"""selinux: a host is told what its mode, its policy and its labels mean for the new system."""

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import List, Set

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Kind
from ng2coreos.model.plan import RELABEL, Labelling
from ng2coreos.plan.written import text_of
from plugins.selinux import LABELS_UNIT, Selinux
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, item, target


def with_selinux(mode: str, kind: str = "targeted") -> HostFacts:
    facts = host()
    return replace(facts, plugins={**facts.plugins, "selinux": {"mode": mode, "type": kind}})


def test_reads_what_the_configuration_names(fake_host: FakeHost) -> None:
    assert Selinux().facts(fake_host) == {"mode": "", "type": "", "records": [], "others": [],
                                          "modules": []}
    fake_host.write("/etc/selinux/config",
                    "# SELINUX=disabled\nSELINUX=Permissive\nSELINUXTYPE=targeted\n")
    found = Selinux().facts(fake_host)
    assert (found["mode"], found["type"]) == ("permissive", "targeted")


@pytest.mark.parametrize("mode,policy,wanted", [
    ("enforcing", None, []), ("permissive", None, []),
    ("enforcing", "targeted", []), ("permissive", "targeted", ["N2C_SELINUX_MODE"]),
    ("disabled", "targeted", ["N2C_SELINUX_MODE"])])
def test_what_matters_depends_on_the_images_policy(mode: str, policy: str,
                                                   wanted: List[str]) -> None:
    assert ids(decided(with_selinux(mode), target(selinux=policy))) == wanted


def test_labels_that_ng_could_not_set_are_set_before_anything_else_runs(tmp_path: Path) -> None:
    plan = decided(with_selinux("enforcing"), target(selinux="targeted"))
    assert plan.labelling == Labelling("targeted")
    text = text_of(item(plan, f"/etc/systemd/system/{LABELS_UNIT}"))
    assert "DefaultDependencies=no" in text and "Before=sysinit.target" in text
    state, = (u for u in plan.units if u.unit == LABELS_UNIT)
    assert state.links == (f"sysinit.target.wants/{LABELS_UNIT}",)
    _, _, command = text.partition("ExecStart=")[2].partition("\n")[0].partition("sh -c ")
    script = shlex.split(command)[0].replace("$$", "$").replace(RELABEL, str(tmp_path / "lists"))
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/restorecon").write_text(
        f'#!/bin/sh\n[ "$*" = "-i -0 -f $4" ] && case $4 in *bad) exit 1;; esac\n'
        f'cat "$4" >> {tmp_path}/labelled\n')
    (tmp_path / "bin/restorecon").chmod(0o755)
    (tmp_path / "lists").mkdir()
    for name in ("a", "b b"):
        (tmp_path / "lists" / name).write_bytes(b"/var/" + name.encode() + b"\0")
    where = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    assert subprocess.run(["sh", "-c", script], env=where, check=False).returncode == 0
    assert list((tmp_path / "lists").iterdir()) == []
    assert (tmp_path / "labelled").read_bytes() == b"/var/a\0/var/b b\0"
    (tmp_path / "lists/bad").touch()  # fails now: it is there for the next boot
    assert subprocess.run(["sh", "-c", script], env=where, check=False).returncode == 1
    assert (tmp_path / "lists/bad").exists()


@pytest.mark.parametrize("mode,wanted", [
    ("enforcing", {"selinux-enforcing", "selinux-labels"}), ("permissive", {"selinux-labels"}),
    ("disabled", set())])
def test_what_is_proved_is_what_the_images_mode_promises(mode: str, wanted: Set[str]) -> None:
    plan = decided(with_selinux("enforcing"), target(selinux="targeted", selinux_mode=mode))
    assert {c.kind for c in plan.checks if c.kind.startswith("selinux")} == wanted


def test_an_image_without_a_policy_changes_no_label() -> None:
    plan = decided(with_selinux("enforcing"))
    assert plan.labelling is None
    assert not [u for u in plan.units if u.unit == LABELS_UNIT]


@pytest.mark.parametrize("kind,refused", [("mls", True), ("minimum", True), ("targeted", False)])
def test_another_policy_type_is_refused(kind: str, refused: bool) -> None:
    plan = decided(with_selinux("enforcing", kind))
    assert ("N2C_SELINUX_TYPE" in ids(plan)) is refused
    if refused:
        assert found(plan, "N2C_SELINUX_TYPE").kind is Kind.INHIBITOR
