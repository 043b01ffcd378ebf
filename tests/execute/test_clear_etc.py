"""clear-etc: what the admin answered away goes from the deployment, once, and nothing else does."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands, planning
from ng2coreos.execute.planning import changes_of
from ng2coreos.execute.steps import STEPS
from ng2coreos.execute.steps.clear_etc import ClearEtc
from ng2coreos.execute.store import Store
from ng2coreos.model.facts import Difference, EtcChange, FileFact
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.stage import sysroot
from tests.execute.simulated import Scene
from tests.execute.world import CLOCK
from tests.fakes import FakeHost
from tests.plan import build
from tests.stage.namespace import in_namespace

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
FOLDER = FileFact("directory", 0o755, 0, 0)


def made(**policy: Any) -> Plan:
    """A plan for a host that deleted a file and has a directory where the image has a file."""
    facts = build.host(etc=(build.deleted("/etc/motd"), build.added("/etc/d", FOLDER),
                            build.added("/etc/d/x")))
    image = build.target(etc={"/etc/motd": build.file("factory"), "/etc/d": build.file("t")})
    return planning.make_plan(FakeHost(), facts, image, Policy(**policy), CLOCK)


def test_without_answers_nothing_is_removed() -> None:
    assert "clear-etc" not in [change.step for change in made().changes]


def test_the_change_stands_in_the_plan_right_after_the_deployment() -> None:
    plan = made(answers={"/etc/motd": "keep-ng", "/etc/d": "keep-ng"})
    steps = [change.step for change in plan.changes]
    assert steps[steps.index("clear-etc") - 1] == "deploy"
    change = plan.changes[steps.index("clear-etc")]
    assert change.params == {"paths": ["/etc/d", "/etc/motd"]} and "/etc/motd" in change.summary


@ROOT
@pytest.mark.usefixtures("no_fsync")
def test_they_go_from_the_deployment_and_never_through_a_link_out_of_it(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(tmp_path).install(monkeypatch)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("x")
    monkeypatch.setattr(sysroot, "deploy", _with_etc(sysroot.deploy, outside))
    paths = ("/etc/motd", "/etc/d", "/etc/link", "/etc/out/kept", "/etc/none")
    items = (*scene.plan.decisions.items,
             *(Item(p, "absent", Outcome.CARRIED, "r", "answer", replaces="file") for p in paths))
    decisions = replace(scene.plan.decisions, items=items)
    scene.plan = replace(scene.plan, decisions=decisions,
                         changes=changes_of(decisions, scene.plan.target))

    def work() -> None:
        before = scene.ng()
        commands.apply(scene.host, scene.plan, Progress())
        etc, = scene.host.disk("ng2coreos_root").glob("ostree/deploy/*/deploy/*/etc")
        assert sorted(p.name for p in etc.iterdir()) == ["kept", "out"]
        assert (outside / "kept").read_text() == "x"
        commands.roll_back(scene.host, Progress())
        assert scene.ng() == before and Store(scene.host).current() is None

    in_namespace(work)


def test_a_second_time_it_is_already_so_and_what_came_back_is_found(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Here:
        """As much of a run as the step needs."""

        host, plan, boot = FakeHost(tmp_path), made(), tmp_path

        def sysroot(self) -> Path:
            """The new root."""
            return tmp_path

    Here.host.on("sync", ..., times=2)
    monkeypatch.setattr(sysroot, "read_deployed", lambda *_: type("D", (), {"deployment": "dep"}))
    run: Any = Here()
    (tmp_path / "dep/etc").mkdir(parents=True)
    (tmp_path / "dep/etc/motd").symlink_to("nowhere")
    change = replace(made(answers={"/etc/motd": "keep-ng"}).changes[0], step="clear-etc",
                     params={"paths": ["/etc/motd"]})
    step = next(s for s in STEPS if isinstance(s, ClearEtc))
    assert [step.apply(change, run), step.apply(change, run)] == [{"removed": 1}, {"removed": 0}]
    step.verify(change, run)
    Here.host.check()
    (tmp_path / "dep/etc/motd").write_text("back")
    with pytest.raises(Exception, match="motd could not be removed"):
        step.verify(change, run)


def _with_etc(deploy: Any, outside: Path) -> Any:
    """The stand-in for ostree, which also makes the deployment's /etc."""
    def deploys(host: Any, root: Path, *more: Any) -> Any:
        found = deploy(host, root, *more)
        etc = root / found.deployment / "etc"
        (etc / "d/below").mkdir(parents=True)
        for name in ("motd", "d/x", "kept"):
            (etc / name).write_text(name)
        (etc / "link").symlink_to(str(outside))
        (etc / "out").symlink_to(str(outside))
        return found
    return deploys


def test_a_deletion_is_no_conflict_of_its_own() -> None:
    gone = EtcChange("/etc/motd", Difference.DELETED, None, build.file("factory"))
    facts = build.host(etc=(gone,))
    plan = planning.make_plan(FakeHost(), facts, build.target(), Policy(), CLOCK)
    assert "/etc/motd" not in [item.path for item in plan.decisions.items]
