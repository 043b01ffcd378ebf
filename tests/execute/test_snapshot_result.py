"""Numbers that have no name on NG are told in the journal: the image may give them to somebody."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ng2coreos.core.host import Host
from ng2coreos.core.progress import Progress
from ng2coreos.execute.run import Run
from ng2coreos.execute.steps.snapshot_volumes import SnapshotVolumes
from ng2coreos.model.plan import Change, IdChange, Identities, Volume


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_the_journal_names_owners_without_a_name(tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    os.chown(str(tmp_path / "file"), 985, 986)
    for name in ("remove", "snapshot"):
        monkeypatch.setattr(f"ng2coreos.stage.volumes.{name}", lambda *_: None)
    monkeypatch.setattr("ng2coreos.execute.room.require", lambda run: None)
    root = (IdChange("root", 0, 0, "same"),)
    volume = Volume("ng2coreos_var", "/var", "ext4", "u", 1, "var", "/var")
    run = SimpleNamespace(
        host=Host(str(tmp_path)), vg="onn", progress=Progress(), named_volume=lambda _: volume,
        mounts=SimpleNamespace(volume=lambda *_: tmp_path, unmount=lambda _: None),
        plan=SimpleNamespace(run_id="r", decisions=SimpleNamespace(
            identities=Identities(root, root, (), (), ()), trees=(), labelling=None)))
    result = SnapshotVolumes().apply(Change("s", "snapshot-volumes", "", {"volume": volume.name}),
                                     cast(Run, run))
    assert (result["foreign_users"], result["foreign_groups"]) == ([985], [986])
