"""What happens to a real NG while the tool works is noticed and undone, or survived.

The other party is a script in the guest that waits for a step's intent in the journal.
"""

from dataclasses import dataclass
from typing import Iterator, Tuple

import pytest

from ng2coreos.core.errors import Exit
from ng2coreos.stage.menu import FIRST_BOOT_ENTRY
from tests.rig import states
from tests.rig.sshlink import Result
from tests.vm.conftest import opened
from tests.vm.recorded import Untouched
from tests.vm.scene import Scene

pytestmark = [pytest.mark.vm, pytest.mark.soak]

# From now on every read and write of the volume fails, as on a dead disk
DEAD = """
d=$(ls /dev/mapper/*-{volume})
dmsetup suspend --noflush --nolockfs $d
dmsetup load $d --table "0 $(blockdev --getsz $d) error"
dmsetup resume $d
"""
# The file system goes down for good, wherever it is mounted, as after an error of its journal
DOWN = """
python3 - <<'EOF'
import fcntl, os, pathlib, time
GOINGDOWN, NOT_EVEN_THE_LOG = 0x8004587D, (2).to_bytes(4, "little")
def mounted():
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            lines = (process / "mounts").read_text(errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if line.split()[0].endswith("-{volume}"):
                return str(process) + "/root" + line.split()[1]
while not mounted():
    time.sleep(0.1)
fcntl.ioctl(os.open(mounted(), os.O_RDONLY), GOINGDOWN, NOT_EVEN_THE_LOG)
EOF
"""
# One page in each chunk of the pool takes the whole chunk; dmeventd does not help at once
FULL_POOL = """
lvchange -qq --monitor n {vg}/{pool}
lvcreate -y -qq -kn -V 20G -T {vg}/{pool} -n ballast
python3 - <<'EOF'
import os
fd = os.open("/dev/{vg}/ballast", os.O_WRONLY)
for chunk in range({mib} * 16):
    os.pwrite(fd, b"x" * 4096, chunk * 65536)
os.fsync(fd)
EOF
"""
# Each thin device takes a block of the pool's metadata, and no data; LVM knows nothing of these.
# The tool waits meanwhile, as on a host that is paused: that many take minutes.
THINS = """
python3 - <<'EOF'
import fcntl, struct, subprocess
DM_TARGET_MSG, HEAD = 0xC138FD0E, 312  # linux/dm-ioctl.h
name = "{vg}-{pool}-tpool".encode()
def used():
    return map(int, subprocess.check_output(["dmsetup", "status", name]).split()[4].split(b"/"))
def tell(words):
    body = bytes(8) + words.encode() + bytes(1)
    head = struct.pack("<10IQ128s129s7x", 4, 0, 0, HEAD + len(body), HEAD, *[0] * 6, name, b"")
    fcntl.ioctl(control, DM_TARGET_MSG, bytearray(head + body))
control = open("/dev/mapper/control", "rb+", buffering=0)
for n in {which}:
    tell("{what} %d" % ({thin} + n))
    open("/run/thins", "w").write(str(n + 1))
EOF
"""
MORE = "range(next(m * {most} // 100 - n for n, m in [used()]))"
FULL_METADATA = ("lvchange -qq --monitor n {vg}/{pool}; pkill -STOP -f ' apply '\n"
                 + THINS.replace("{which}", MORE).replace("{what}", "create_thin")
                 + "pkill -CONT -f ' apply '\n")
EMPTY_METADATA = (THINS.replace("{which}", "range(int(open('/run/thins').read()))")
                  .replace("{what}", "delete") + "lvchange -qq --monitor y {vg}/{pool}")
# From now on the disk says yes to every write of the volume, and forgets it
FORGETS = """
d=$(ls /dev/mapper/*-{volume})
modprobe dm-flakey
dmsetup create rig-under --table "$(dmsetup table $d)"
dmsetup suspend --noflush --nolockfs $d
dmsetup load $d --table "0 $(blockdev --getsz $d) flakey /dev/mapper/rig-under 0 0 1 1 drop_writes"
dmsetup resume $d
"""
POOL = ("{pool}", "[{pool}_tdata]")
METADATA_PERCENT, THIN = 85, 8_000_000  # beyond what a run accepts; a device of nobody's
LEFT_MIB, LEFT_ON_BOOT_BYTES = 300, 20_000_000  # less than what the new system needs
# As BootSetup and imgbase-setup.service do it: what is no entry of NG's goes, the default is set
# anew, and the kernel files come back from /boot into the layer's directory
BOOT_SETUP = """
for e in /boot/loader/entries/*.conf; do
    grep -q 'img.bootid=' $e && grep -Eq '^title .*(node|rhvh)' $e || rm -v $e
done
grub2-editenv /boot/grub2/grubenv set "saved_entry={title}"
for k in /boot/{layer}/vmlinuz-*; do
    cp -p $k /boot/{layer}/tmp.imgbased.x && mv /boot/{layer}/tmp.imgbased.x $k
done
"""


@dataclass(frozen=True)
class Race:
    """What the other party does once `step` is begun; `end` is how the run is to end."""

    name: str
    step: str
    script: str
    end: Exit
    told: str = ""
    after: str = "true"
    grown: Tuple[str, ...] = ()  # volumes that may be larger in the end: none is made smaller


RACES = (
    Race("root-dies", "pull-commit", DEAD.format(volume="ng2coreos_root"),
         Exit.ROLLBACK_INCOMPLETE, "Input/output error"),
    Race("root-goes-down", "pull-commit", DOWN.format(volume="ng2coreos_root"),
         Exit.ROLLED_BACK, "Input/output error"),
    Race("var-goes-down", "snapshot-volumes", DOWN.format(volume="ng2coreos_var"),
         Exit.ROLLED_BACK, "Input/output error"),
    Race("boot-fills", "pull-commit",
         "fallocate -l $(( $(stat -f -c '%f*%S' /boot) - {left} )) /boot/ballast",
         Exit.NO_SPACE, "/boot", "rm /boot/ballast"),
    Race("boot-read-only", "export-state", "mount -o remount,ro /boot", Exit.ROLLBACK_INCOMPLETE,
         "Read-only file system", "mount -o remount,rw /boot"),
    Race("pool-fills", "pull-commit", FULL_POOL, Exit.NO_SPACE, "pool",
         "lvremove -qq -y {vg}/ballast; lvchange -qq --monitor y {vg}/{pool}", POOL),
    Race("pool-metadata-fills", "pull-commit", FULL_METADATA, Exit.NO_SPACE, "metadata",
         EMPTY_METADATA),
    Race("writes-are-forgotten", "pull-commit", FORGETS.format(volume="ng2coreos_root"),
         Exit.ROLLBACK_INCOMPLETE, "deployment", "dmsetup remove rig-under"),
    Race("package-goes", "pull-commit", "cp -a $(rpm -E %_dbpath) /run/rpmdb; "
         "rpm -e --justdb --nodeps $(rpm -qa --qf '%{{NAME}}\n' | sort | head -1)",
         Exit.ROLLED_BACK, "packages",
         "d=$(realpath $(rpm -E %_dbpath)); rm -r $d; cp -a /run/rpmdb $d"),
    Race("imgbase-update", "pull-commit", "lvcreate -y -qq -kn -V 1G -T {vg}/{pool} "
         "--addtag imgbased:base -n ovirt-node-ng-4.5.9-0.20240901.0", Exit.ROLLED_BACK,
         "volumes", "lvremove -qq -y {vg}/ovirt-node-ng-4.5.9-0.20240901.0"),
    Race("boot-setup-and-growth", "export-state", BOOT_SETUP + "lvextend -qq -l +1 {vg}/{pool}",
         Exit.OK, grown=POOL),
)


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """One NG for all races, up, with the tool: each run ends in the host as it was."""
    with opened("races") as found:
        found.guest.resume(states.ng_up(found.image))
        found.prepare_ng()
        yield found


def meanwhile(scene: Scene, step: str, script: str) -> Result:
    """`apply`, with `script` run by another process as soon as `step` is begun."""
    wait = (f"""until grep -qs '"intent".*"step":"{step}"' /var/lib/ng2coreos/current/journal\n"""
            "do sleep 0.1; done; set -ex\n")
    scene.guest.ssh("cat >/run/other.sh", input=f"{wait}{script}\ntouch /run/other.done\n")
    scene.guest.ssh("rm -f /run/other.done; "
                    "setsid bash /run/other.sh </dev/null >/run/other 2>&1 & sleep 1")
    result = scene.tool("apply", *scene.target_options(), check=False)
    scene.guest.ssh("cat /run/other >&2; test -e /run/other.done")
    return result


@pytest.mark.parametrize("race", [pytest.param(race, id=race.name) for race in RACES])
def test_the_run_survives_or_nothing_is_left(scene: Scene, race: Race) -> None:
    image, before = scene.image, Untouched.of(scene)  # the pool may have grown in an earlier race
    words = {"vg": image.vg, "pool": image.pool, "layer": image.layer, "title": image.title,
             "mib": scene.pool_free_mib() - LEFT_MIB, "left": LEFT_ON_BOOT_BYTES,
             "most": METADATA_PERCENT, "thin": THIN}
    result = meanwhile(scene, race.step, race.script.format(**words))
    assert result.rc == race.end, result.stderr
    assert "Traceback" not in result.stderr
    assert race.told in result.stderr
    if race.end is Exit.OK:
        assert scene.grub_environment()["next_entry"] == FIRST_BOOT_ENTRY
    scene.guest.ssh(race.after.format(**words))
    if race.end in (Exit.OK, Exit.ROLLBACK_INCOMPLETE):
        scene.tool("rollback")
    assert scene.tool("status").rc == Exit.OK
    assert {*before.differences(scene)} <= {name.format(**words) for name in race.grown}
    assert scene.guest.ssh("dmsetup ls | grep ng2coreos", check=False).stdout == ""
