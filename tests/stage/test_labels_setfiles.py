"""Labels by a real policy are those that policycoreutils' own setfiles gives."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import List

import pytest

from ng2coreos.stage.labels import Labels
from ng2coreos.stage.relabel import Relabel
from ng2coreos.stage.reown import reown
from tests.stage.test_labels import NOBODY, kind, shown

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="labels are root's to set")


def setfiles(contexts: Path, top: Path) -> None:
    subprocess.run(["setfiles", "-r", top, contexts / "files/file_contexts", top], check=True,
                   capture_output=True, timeout=600)


def real_policy() -> Path:
    found: List[Path] = sorted(Path("/etc/selinux").glob("*/contexts/files/file_contexts"))
    assert found, "tests/rig/packages.txt names a package with a policy"
    return found[0].parent.parent


def test_a_real_policy_gives_the_same_labels_as_setfiles(tmp_path: Path) -> None:
    """The whole of /etc and of what /usr and /var have here, by name, empty."""
    contexts = real_policy()
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for top in ("/etc", "/var/lib", "/var/log", "/var/cache", "/usr/lib/systemd", "/home"):
        for place, directories, files in os.walk(top):
            directories[:] = sorted(directories)[:30]
            (ours / place[1:]).mkdir(parents=True, exist_ok=True)
            for name in sorted(files)[:30]:
                (ours / place[1:] / name).touch()
    for name in ("lib/images/x", "spool/cron/root", "tmp/a", "roothome/.ssh/id", "home/b/.ssh/k",
                 "lib/libvirt/images/a.img", "lib/containers/storage/o", "log/vdsm/vdsm.log"):
        (ours / "var" / name).parent.mkdir(parents=True, exist_ok=True)
        (ours / "var" / name).touch()
    shutil.copytree(ours, theirs, symlinks=True)
    setfiles(contexts, theirs)
    (tmp_path / "scratch").mkdir()
    with Relabel(Labels(contexts, tmp_path / "scratch"), "/", tmp_path / "left") as relabel:
        passed = reown(ours, NOBODY, lambda amount: None, 2, relabel)
    expected, found = shown(theirs), shown(ours)
    assert {path: found[path] for path, label in expected.items() if label} == {
        path: label for path, label in expected.items() if label}
    left = [path for path, label in expected.items() if not label]  # <<none>> in the policy
    assert left and all(kind(found[p].encode()) for p in left)
    assert passed.labelled == len(expected) > 1000
    assert len({kind(label.encode()) for label in expected.values()}) > 50
