"""NG leaves the menu: after a cut at any write of it GRUB boots the new system by default, and
each entry that its menu still offers is whole.

On the real file systems, which GRUB reads without their log; tests/vm/test_cuts.py does the same
with the whole of `finalize`, in a guest.
"""

import random
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

from ng2coreos.stage import menu
from tests.rig import writelog
from tests.rig.bootimage import BootImage
from tests.rig.loggedfs import LoggedFs
from tests.rig.replay import Range, Replay
from tests.rig.test_grubscript import KERNEL, NG_TITLE, environment
from tests.rig.test_grubscript import files as files  # the fixture: an armed boot partition
from tests.vm import bootcuts
from tests.vm.bootcuts import Oracle

pytestmark = pytest.mark.vm  # wants loop devices and FUSE of the kernel, though no guest

LATER = b"other content" * 400  # what may come to lie where a file of NG was
# In a process of its own: here, a test's freeze is recorded only.
SCRIPT = """
import sys
from pathlib import Path
from ng2coreos.core import durable
from ng2coreos.firstboot import ng_boot
from tests.faults.test_grub_view_of_finalize import LATER
boot = Path(sys.argv[1])
found = ng_boot.find(boot, ["ng"])
ng_boot.forget(boot, found.entries)
durable.write_file(boot / "coreos/later", LATER)
ng_boot.remove(boot, found.files, found.directories)
durable.write_file(boot / "coreos/last", LATER)
durable.settle(boot)
"""


@pytest.mark.parametrize("kind", ["ext4", pytest.param("xfs", marks=pytest.mark.soak)])
def test_grub_offers_ng_whole_or_not_at_all(files: Dict[str, bytes], tmp_path: Path,
                                            kind: str) -> None:
    for path in ("/ng/vmlinuz", "/10", "/coreos/vmlinuz"):
        files[path] = KERNEL + path.encode() * 3000
    files["/grub2/grubenv"] = environment(saved_entry=menu.ENTRY)
    disk = LoggedFs(kind, tmp_path)
    with disk.mounted() as boot:
        for path, content in files.items():
            (boot / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            (boot / path[1:]).write_bytes(content)
    disk.rebase()
    with disk.mounted() as boot:
        subprocess.run([sys.executable, "-c", SCRIPT, str(boot)], check=True)
    entries = writelog.read(disk.log)
    with open(disk.base, "r+b") as image, open(disk.log, "rb") as log:
        replay = Replay(image, log, Range(0, disk.size))
        offered = bootcuts.choices(BootImage(disk.base))
        ours = {menu.ENTRY, menu.FIRST_BOOT_ENTRY}
        assert {*offered} == {*ours, menu.ROLLBACK_ENTRY, "ng-4.5", "ng-4.10"}
        oracle = Oracle(None, {}, NG_TITLE, offered[menu.ENTRY], offered=offered)
        for state in bootcuts.states(replay, entries, random.Random(kind)):
            assert oracle.seen_by_grub(BootImage(disk.base)) == [], str(state)
        left = bootcuts.choices(BootImage(disk.base))
    assert {*left} == ours
    assert {*oracle.seen} == {"default"}
    assert {*oracle.menu} >= {len(offered), len(left)}
