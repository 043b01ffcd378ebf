"""label-root and snapshot-volumes: labels are there before the reboot, NG's own stay."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import pytest

from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands, planning
from ng2coreos.execute.planning import changes_of
from ng2coreos.execute.store import Store
from ng2coreos.model.plan import RELABEL, Labelling, Policy
from ng2coreos.stage import sysroot
from ng2coreos.stage.inodes import LABEL
from tests.execute.simulated import Scene
from tests.execute.world import CLOCK
from tests.fakes import FakeHost
from tests.plan import build
from tests.stage.namespace import in_namespace
from tests.stage.test_labels import kind, policy

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
LOCAL = "/var/site(/.*)?  system_u:object_r:public_content_rw_t:s0"


def labelled(scene: Scene, patch: pytest.MonkeyPatch, more: Any = None) -> Scene:
    """The scene with an image that has a policy."""
    patch.setattr(sysroot, "deploy", _with_policy(sysroot.deploy, more))
    decisions = replace(scene.plan.decisions, labelling=Labelling("targeted", (LOCAL,)))
    scene.plan = replace(scene.plan, decisions=decisions,
                         changes=changes_of(decisions, scene.plan.target))
    return scene


def _with_policy(deploy: Any, more: Any) -> Any:
    def deploys(host: Any, root: Path, *rest: Any) -> Any:
        found = deploy(host, root, *rest)
        place = root / found.deployment
        if not (place / "etc").exists():
            (place / "usr/etc/selinux").mkdir(parents=True)
            policy(place / "usr/etc/selinux/targeted")
            (place / "etc").mkdir()
            (place / "etc/shadow").write_text("x")
        if more:
            more(place)
        return found
    return deploys


def shown(top: Path) -> Dict[str, str]:
    return {str(path.relative_to(top)): kind(os.getxattr(path, LABEL, follow_symlinks=False)
                                             if LABEL in os.listxattr(path, follow_symlinks=False)
                                             else None) for path in (top, *top.rglob("*"))}


def test_the_plan_says_so_where_the_image_has_a_policy() -> None:
    def planned(**more: Any) -> Any:
        return planning.make_plan(FakeHost(), build.host(), build.target(**more), Policy(), CLOCK)
    steps = [change.step for change in planned(selinux="targeted").changes]
    assert steps[steps.index("label-root") - 1] == "deploy"
    texts = [c.summary for c in planned(selinux="targeted").changes if "Snapshot" in c.summary]
    assert texts and all("labels" in text for text in texts)
    assert "label-root" not in [change.step for change in planned().changes]
    assert not [c for c in planned().changes if "label" in c.summary]


@pytest.mark.usefixtures("no_fsync")
def test_everything_is_labelled_before_the_reboot_and_ng_is_not(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = labelled(Scene(tmp_path).install(monkeypatch), monkeypatch)
    (scene.host.disk("var") / "site").mkdir()
    (scene.host.disk("var") / "site/x").write_text("x")

    def work() -> None:
        before, of_ng = scene.ng(), shown(scene.host.disk("var"))
        commands.apply(scene.host, scene.plan, Progress())
        var = shown(scene.host.disk("ng2coreos_var"))
        assert (var["."], var["kept"], var["site/x"], var["roothome/.bashrc"]) == (
            "var_t", "var_t", "public_content_rw_t", "var_t")
        assert shown(scene.host.disk("ng2coreos_home"))["kept"] == "user_home_t"
        assert all(var.values())
        root = shown(scene.host.disk("ng2coreos_root"))
        place, = (path for path in root if path.endswith("/etc/shadow") and "usr" not in path)
        assert (root["."], root["ostree"], root[place]) == ("root_t", "usr_t", "shadow_t")
        assert not any(shown(scene.host.path("/boot")).values())
        assert not any(of_ng.values()) and shown(scene.host.disk("var")) == of_ng
        run = Store(scene.host).current()
        assert run is not None
        results = [r["result"] for r in run.records() if r.get("event") == "done"
                   and r["change"].startswith(("label-root", "snapshot-volumes"))]
        assert [r["labelled"] > 0 and r["unlabelled"] == 0 for r in results] == [True] * 3
        assert not list(scene.host.disk("ng2coreos_root").rglob("relabel"))
        commands.roll_back(scene.host, Progress())
        assert scene.ng() == before

    in_namespace(work)


@pytest.mark.usefixtures("no_fsync")
def test_what_ngs_kernel_refuses_is_listed_on_the_new_system(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = labelled(Scene(tmp_path).install(monkeypatch), monkeypatch)
    real = os.setxattr

    def refusing(path: Any, key: str, value: bytes, **more: Any) -> None:
        if b"user_home_t" in value:
            raise OSError(errno.EINVAL, "Invalid argument")
        real(path, key, value, **more)

    monkeypatch.setattr(os, "setxattr", refusing)

    def work() -> None:
        commands.apply(scene.host, scene.plan, Progress())
        listed, = scene.host.disk("ng2coreos_root").glob(f"ostree/deploy/*/deploy/*{RELABEL}/*")
        assert listed.name == "ng2coreos_home"
        assert listed.read_bytes() == b"/var/home/kept\0"

    in_namespace(work)


@pytest.mark.usefixtures("no_fsync")
def test_an_image_that_lacks_its_contexts_is_refused_and_undone(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = labelled(Scene(tmp_path).install(monkeypatch), monkeypatch, lambda place: (
        place / "usr/etc/selinux/targeted/contexts").rename(place / "elsewhere"))

    def work() -> None:
        before = scene.ng()
        with pytest.raises(Ng2CoreosError, match="lacks the contexts"):
            commands.apply(scene.host, scene.plan, Progress())
        assert scene.ng() == before

    in_namespace(work)
