"""A pool that fills up while the run is at work: the run is undone before NG is in danger."""

import os
from pathlib import Path
from typing import Optional, Tuple

import pytest

from ng2coreos.core.command import Completed
from ng2coreos.core.errors import BadInput, NoSpace
from ng2coreos.core.progress import Progress
from ng2coreos.execute import commands
from ng2coreos.execute.store import Store
from ng2coreos.stage import sysroot, volumes
from tests.execute.simulated import Scene
from tests.fakes import FakeHost
from tests.stage.namespace import in_namespace


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
@pytest.mark.usefixtures("no_fsync")
@pytest.mark.parametrize("filled", [("97.00", "10.00"), ("10.00", "80.50")])
@pytest.mark.parametrize("when", ["mkfs.xfs", "ng2coreos_var", "ng2coreos_home"])
def test_it_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str,
                      filled: Tuple[str, str]) -> None:
    scene = Scene(tmp_path).install(monkeypatch)
    if when == "mkfs.xfs":  # asked before the image is copied, not only before the snapshots
        monkeypatch.setattr(sysroot, "pull", None)

    def others(number: int, argv: Tuple[str, ...]) -> Optional[Completed]:
        made = argv[0] in ("mkfs.xfs", "xfs_admin") and (when in argv[0] or when in argv[-1])
        if made:
            scene.host.filled = filled
        return None

    def work() -> None:
        before = scene.ng()
        scene.host.fail = others
        if when == "ng2coreos_home":  # the last snapshot: nothing asks after it
            commands.apply(scene.host, scene.plan, Progress())
            return
        with pytest.raises(NoSpace, match="filled up|80 %"):
            commands.apply(scene.host, scene.plan, Progress())
        assert scene.ng() == before
        assert Store(scene.host).current() is None
        made = [c for c in scene.host.calls if c[0] == "lvcreate"]
        assert len(made) == (1 if when == "mkfs.xfs" else 2)

    in_namespace(work)


def test_a_pool_that_says_nothing_is_not_believed_to_be_empty() -> None:
    host = FakeHost()
    host.on("lvs", ..., stdout='{"report": [{"lv": [{"lv_name": "pool", "lv_size": "100", '
                               '"data_percent": "", "metadata_percent": ""}]}]}')
    with pytest.raises(BadInput):
        volumes.fill(host, "onn", "pool")


def test_what_is_free_and_what_each_volume_has_taken() -> None:
    host = FakeHost()
    host.on("lvs", ..., stdout='{"report": [{"lv": [{"lv_name": "pool", "lv_size": "1000", '
                               '"data_percent": "25.00", "metadata_percent": "7.50"}, '
                               '{"lv_name": "a", "lv_size": "400", "data_percent": "10.00", '
                               '"metadata_percent": ""}, {"lv_name": "swap", "lv_size": "9", '
                               '"data_percent": "", "metadata_percent": ""}]}]}')
    assert volumes.fill(host, "onn", "pool") == volumes.Fill(
        750, 7.5, {"pool": 250, "a": 40, "swap": 0})
