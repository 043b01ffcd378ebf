"""A menu that is replaced: after a cut at any write GRUB sees all of the old or all of the new.

On the real file systems, which GRUB reads without their log.  Without `write_for_grub` it finds an
empty file in some of these states: the name is back from the log, and what it leads to is not.
"""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.rig import writelog
from tests.rig.bootimage import BootImage
from tests.rig.loggedfs import LoggedFs
from tests.rig.replay import Range, Replay
from tests.vm import bootcuts

pytestmark = pytest.mark.vm  # wants loop devices and FUSE of the kernel, though no guest

OLD, NEW, BEGUN = b"old\n" * 700, b"new\n" * 300, b"from here on" * 50
# In a process of its own: here, a test's freeze is recorded only.
SCRIPT = """
import sys
from pathlib import Path
from ng2coreos.core import durable
from tests.faults.test_grub_view import BEGUN, NEW, OLD
boot = Path(sys.argv[1])
menu = boot / "grub2/custom.cfg"
menu.parent.mkdir()
durable.write_file(menu, OLD)
for number in range(40):  # the new file's inode is in another block than the old one's
    durable.write_file(boot / str(number), b"x")
durable.write_file(boot / "begun", BEGUN)
durable.settle(boot)
durable.write_for_grub(menu, NEW)
durable.remove_for_grub(menu)
"""


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_grub_sees_the_old_menu_or_the_new_one(tmp_path: Path, kind: str) -> None:
    disk = LoggedFs(kind, tmp_path)
    with disk.mounted() as boot:
        subprocess.run([sys.executable, "-c", SCRIPT, str(boot)], check=True)
    entries = writelog.read(disk.log)
    seen: Counter[str] = Counter()
    with open(disk.base, "r+b") as image, open(disk.log, "rb") as log:
        begun = next(e.number for e in entries if e.size and BEGUN in writelog.data(log, e))
        settled = [e.number for e in entries[begun:] if e.flush][0]
        replay = Replay(image, log, Range(0, disk.size))
        replay.apply(entries[:settled])
        for state in bootcuts.states(replay, entries[settled:], random.Random(kind)):
            found = BootImage(disk.base).read("/grub2/custom.cfg")
            assert found in (OLD, NEW, None), f"{state}: {found!r}"
            seen[{OLD: "old", NEW: "new"}.get(found or b"", "gone")] += 1
    assert min(seen[what] for what in ("old", "new", "gone")) > 1, seen
