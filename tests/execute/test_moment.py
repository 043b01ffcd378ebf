"""What may have changed since the plan is asked when it is applied and when it is armed."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Optional, Tuple

import pytest

from ng2coreos.core.command import Completed
from ng2coreos.core.errors import Blocked, NeedsAnswer, RolledBack
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands
from ng2coreos.execute.judge import judge
from ng2coreos.execute.store import Store
from ng2coreos.model.facts import HostFacts, LogicalVolume, Package
from ng2coreos.model.plan import Plan
from ng2coreos.plan.catalogue import finding
from tests.execute.simulated import Scene, write
from tests.execute.world import World
from tests.plan import build
from tests.stage.namespace import in_namespace

RUNNING = finding("N2C_VDSM_VMS_RUNNING", ["vm:a"], count=1)
UNKNOWN = finding("N2C_VDSM_STATE_UNKNOWN")


def told(plan: Plan) -> Plan:
    """`plan` as it was made while a VM ran."""
    return replace(plan, decisions=replace(plan.decisions, findings=(RUNNING, UNKNOWN)))


def vms(place: World, running: Optional[Tuple[str, ...]]) -> None:
    """What vdsm says now."""
    listed = None if running is None else list(running)
    plugins = place.facts.plugins
    mine = {**plugins["vdsm"], "volatile": {"vms": listed}}
    place.facts = replace(place.facts, plugins={**plugins, "vdsm": mine})


def test_a_plan_that_was_made_while_vms_ran_is_not_believed(place: World) -> None:
    place.plan = told(place.plan)
    with pytest.raises(Blocked):
        judge(place.plan)
    place.apply()
    assert place.ended == "finished"


def test_a_plan_that_was_made_before_vms_ran_is_not_believed(place: World) -> None:
    vms(place, ("a",))
    with pytest.raises(Blocked, match="N2C_VDSM_VMS_RUNNING"):
        place.apply()
    vms(place, None)
    with pytest.raises(NeedsAnswer, match="N2C_VDSM_STATE_UNKNOWN"):
        place.apply()
    assert place.store.current() is None


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
@pytest.mark.usefixtures("no_fsync")
@pytest.mark.parametrize("answer, ends", [('["a"]', "N2C_VDSM_VMS_RUNNING"),
                                          ("no json", "N2C_VDSM_STATE_UNKNOWN"), ("[]", "")])
def test_vms_that_were_started_during_the_run_undo_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, ends: str) -> None:
    scene = Scene(tmp_path).install(monkeypatch)

    def vdsm(number: int, argv: Tuple[str, ...]) -> Optional[Completed]:
        return Completed(argv, 0, answer, "", 0.0) if argv[0] == "vdsm-client" else None

    def work() -> None:
        before = scene.ng()
        write(scene.host, "/etc/vdsm/vdsm.id", b"8f2b8a52\n")
        scene.host.fail = vdsm
        if ends:
            with pytest.raises(RolledBack, match=ends):
                commands.apply(scene.host, scene.plan, Progress())
            assert scene.ng() == before
        else:
            commands.apply(scene.host, scene.plan, Progress())
        assert (Store(scene.host).current() is None) == bool(ends)

    in_namespace(work)


def by_dnf(known: HostFacts) -> HostFacts:
    """A package has come; nothing in /etc tells of it."""
    tool = Package("htop", 0, "3.2", "1", "x86_64")
    return replace(known, packages=replace(
        known.packages, total=known.packages.total + 1,
        added=(*known.packages.added, tool)))


def by_imgbase(known: HostFacts) -> HostFacts:
    """An update has made its base; the layer and the boot entry come later."""
    base = LogicalVolume("ovirt-node-ng-4.5.6-0.20240201.0", "new", "Vri---tz-k", build.GIB,
                         known.layout.pool.name, "", ("imgbased:base",))
    return replace(known, layout=replace(known.layout, volumes=(*known.layout.volumes, base)))


def by_boot_setup(known: HostFacts) -> HostFacts:
    """imgbased has another default: a title, as it always sets it."""
    return replace(known, boot=replace(known.boot, grub_variables={
        **known.boot.grub_variables, "saved_entry": "ovirt-node-ng-4.5.6-0.20240201.0 (5.14)"}))


def by_growth(known: HostFacts) -> HostFacts:
    """dmeventd has extended the pool."""
    pool = known.layout.pool
    volumes = tuple(replace(v, size_bytes=2 * v.size_bytes) if v.name == pool.name else v
                    for v in known.layout.volumes)
    return replace(known, layout=replace(
        known.layout, vg_free_bytes=0, pool=replace(pool, size_bytes=2 * pool.size_bytes),
        volumes=volumes))


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
@pytest.mark.usefixtures("no_fsync")
@pytest.mark.parametrize("meanwhile, told", [
    (by_dnf, "packages"), (by_imgbase, "volumes"), (by_boot_setup, "boot"), (by_growth, "")])
def test_what_another_program_changes_during_the_run_undoes_it_unless_nothing_depends_on_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[HostFacts], Any],
        told: str) -> None:
    scene = Scene(tmp_path).install(monkeypatch)

    def work() -> None:
        before = scene.ng()
        begun = meanwhile(scene.facts)

        def other(number: int, argv: Tuple[str, ...]) -> Optional[Completed]:
            scene.facts = begun
            return None

        scene.host.fail = other
        if told:
            with pytest.raises(RolledBack, match=f"changed since the plan was made: {told}\\."):
                commands.apply(scene.host, scene.plan, Progress())
            assert scene.ng() == before
        else:
            commands.apply(scene.host, scene.plan, Progress())
        assert (Store(scene.host).current() is None) == bool(told)

    in_namespace(work)
