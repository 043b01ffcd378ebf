"""podman's containers run on the new system, and its kernel's crash is written down.

The image has Debian's podman and kdump (tests/rig/coreos/workloads.py), NG an older podman.
"""

import json
import re
import time
from typing import Any, Dict, Iterator, List

import pytest

from ng2coreos.core.errors import Exit
from tests.rig import coreos, podman, states
from tests.vm.conftest import opened
from tests.vm.scene import TRIAL_DEADLINE_S, Scene, wait_boot

pytestmark = [pytest.mark.vm, pytest.mark.soak]

IMAGE, QUADLET = "localhost/acme:1", "/etc/containers/systemd/acme.container"
SERVICE = "acme.service"
FILES = {
    QUADLET: f"""[Container]
Image={IMAGE}
Network=none
Volume=acme-data:/data
Volume=/var/lib/acme:/state
Exec=/bin/busybox sh -c "/bin/busybox cat /data/kept >/state/seen; exec /bin/busybox sleep 1d"
[Install]
WantedBy=multi-user.target
""",
    "/etc/containers/policy.json": '{"default": [{"type": "insecureAcceptAnything"}]}\n',
    "/etc/kdump.conf": "auto_reset_crashkernel yes\next4 /dev/mapper/@VG@-var_crash\n"
                       "path /dumps\nblacklist nouveau\n"
                       "core_collector makedumpfile -l --message-level 7 -d 31\n",
    # as if NG's worked: what it says there is asked of the new system
    "/usr/lib/systemd/system/kdump.service":
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n"
        "[Install]\nWantedBy=multi-user.target\n",
    # what el9's podman makes of the quadlet, and bullseye's does not yet
    f"/run/systemd/system/{SERVICE}": "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
                                      "ExecStart=/bin/true\n",
}
DUMPS = "/var/crash/dumps"
RESERVED = "crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M"
# The first bytes of what makedumpfile writes: compressed, or an ELF core
FORMATS = (b"KDUMP   ", b"\x7fELF")
# A crash, a boot of the crash kernel and one of the system, all under emulation
CRASH_DEADLINE_S = 1800


class Host:
    """A scene that goes on from test to test, and what podman had on NG."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.had: Dict[str, Any] = {}
        self.confirmed = False


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """One host for all tests here."""
    with opened("workloads", target=coreos.build_workloads()) as scene:
        scene.guest.resume(states.ng_up(scene.image))
        scene.prepare_ng()
        assert scene.ca
        yield Host(scene)


def test_1_a_host_with_containers_and_kdump_is_confirmed(
        host: Host, figures: Dict[str, float]) -> None:
    scene = host.scene
    prepare(host)
    applied = scene.tool("-v", "apply", "--json", "--trial-boots", "1", *scene.target_options())
    told = {f["id"] for f in json.loads(applied.stdout)["findings"]}
    assert "N2C_CONTAINERS_BOLTDB" in told
    assert "N2C_KDUMP_CHANGED" in told
    assert not told & {"N2C_CONTAINERS_NO_PODMAN", "N2C_CONTAINERS_STORAGE", "N2C_KDUMP_MISSING",
                       "N2C_CONTAINERS_VOLUME"}
    began = time.monotonic()
    scene.reboot()
    scene.vdsm_of_next_boot(TRIAL_DEADLINE_S)
    figures["podman, kdump: downtime (s)"] = scene.timed("downtime", began)
    scene.wait_phase("confirmed")
    host.confirmed = True


def test_2_its_containers_images_and_volumes_are_there(host: Host) -> None:
    assert host.confirmed
    ssh = host.scene.guest.ssh
    assert ssh(f"systemctl is-active {SERVICE}", check=False).stdout.strip() == "active", ssh(
        f"journalctl -b --no-pager -u {SERVICE}").stdout
    ps = listed(host, "podman")
    assert ps["images"] == host.had["images"]
    assert ps["volumes"] == host.had["volumes"]
    assert set(host.had["containers"]) < set(ps["containers"])
    assert ssh("podman inspect -f '{{.Image}} {{.State.Status}}' systemd-acme").stdout.split() == [
        host.had["images"][IMAGE], "running"]
    assert ssh("cat /var/lib/acme/seen").stdout == "kept\n"
    assert ssh("cat $(podman volume inspect -f '{{.Mountpoint}}' acme-data)/kept").stdout == (
        "kept\n")
    # what NG made runs here too
    assert ssh("podman start -a old", timeout=900).stdout == "kept\n"


def test_3_everything_is_verified_and_kdump_is_armed(host: Host) -> None:
    assert host.confirmed
    ssh = host.scene.guest.ssh
    verified = host.scene.new("verify", check=False)
    assert verified.rc == Exit.OK, verified.stdout + verified.stderr
    for title in ("A crash would be written", f"The container of {SERVICE} runs",
                  f"The kernel was given {RESERVED}"):
        assert re.search(f"^ *ok +{re.escape(title)}", verified.stdout, re.MULTILINE), (
            verified.stdout)
    assert RESERVED in ssh("cat /proc/cmdline").stdout.split()
    assert ssh("cat /sys/kernel/kexec_crash_loaded").stdout.strip() == "1"
    assert ssh("systemctl is-active kdump.service").stdout.strip() == "active"
    assert f"path {DUMPS}\n" in ssh("cat /etc/kdump.conf").stdout


def test_4_a_crash_is_written_and_the_host_comes_back(
        host: Host, figures: Dict[str, float]) -> None:
    assert host.confirmed
    scene = host.scene
    before = scene.guest.wait_ssh()
    # Debian's makedumpfile does not know this kernel's free pages, only pages of zeros: a volume
    # of 512 MiB holds the dump only where free memory is such
    scene.python(ZEROS)
    began, mark = time.monotonic(), scene.guest.serial.end()
    # not by the session that would wait for an answer
    scene.guest.ssh("(sleep 2; echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger)"
                    " >/dev/null 2>&1 </dev/null & true")
    scene.guest.wait_serial("kdump: sav", CRASH_DEADLINE_S, mark)
    figures["kdump: crash to dump (s)"] = scene.timed("dump", began)
    wait_boot(scene, before)
    assert scene.system() == "coreos"
    state = scene.state()
    assert state is not None and state["phase"] == "confirmed"
    dumps = scene.python(DUMPED, DUMPS)
    assert [name for name, _, _ in dumps] == ["vmcore"], scene.guest.serial.text(mark)[-4000:]
    (_, size, head), = dumps
    figures["kdump: size of the dump (MiB)"] = size / 2**20
    assert bytes.fromhex(head).startswith(FORMATS), head
    assert "sysrq: Trigger a crash" in scene.guest.ssh(f"cat {DUMPS}/*/vmcore-dmesg.txt").stdout
    scene.guest.ssh("timeout 900 systemctl is-system-running --wait", timeout=960)
    verified = scene.new("verify", check=False)
    assert verified.rc == Exit.OK, verified.stdout + verified.stderr


def prepare(host: Host) -> None:
    """NG as an admin left it, with podman's containers and a kdump that works."""
    scene = host.scene
    ssh, run = scene.guest.ssh, podman.COMMAND
    scene.guest.put({name: text.replace("@VG@", scene.image.vg.replace("-", "--"))
                     for name, text in FILES.items()})
    scene.guest.put({podman.PLACE: podman.programs()})
    ssh(f"mkdir -p {DUMPS} /var/lib/acme; modprobe overlay; systemctl daemon-reload;"
        f" systemctl enable --now kdump.service; systemctl start {SERVICE}")
    # as if NG had been booted so
    ssh("sed 's/crashkernel=64M/crashkernel=auto/' /proc/cmdline >/run/cmdline; "
        "mount --bind /run/cmdline /proc/cmdline; grep crashkernel=auto /proc/cmdline")
    ssh(f"{run} import - {IMAGE}", input=podman.image())
    ssh(f"{run} volume create acme-data")
    ssh(f"{run} run --name old --network none -v acme-data:/data {IMAGE} /bin/busybox sh -c "
        "'test -e /data/kept || echo kept >/data/kept; /bin/busybox cat /data/kept'")
    host.had = listed(host, run)
    assert len(host.had["containers"]) == len(host.had["images"]) == 1
    assert ssh("cat /var/lib/containers/storage/volumes/acme-data/_data/kept").stdout == "kept\n"


def listed(host: Host, run: str) -> Dict[str, Any]:
    """What podman `run` knows: containers and images by name, to their ids, and volumes."""
    def rows(*words: str) -> List[Dict[str, Any]]:
        found: List[Dict[str, Any]] = json.loads(host.scene.guest.ssh(
            [run, *words, "--format", "json"]).stdout or "[]")
        return found

    return {"containers": {row["Id"]: row["Names"][0] for row in rows("ps", "-a")},
            "images": {row["Names"][0]: row["Id"] for row in rows("images") if row["Names"]},
            "volumes": {row["Name"]: row["Mountpoint"] for row in rows("volume", "ls")}}


# On CoreOS: what is free becomes zeros, but for what the system needs to go on
ZEROS = """
free = next(int(line.split()[1]) for line in open("/proc/meminfo") if line.startswith("MemAvail"))
print(len(bytearray(b"\\0") * ((free - (200 << 10)) << 10)))
"""

# On CoreOS: argument directory; name, bytes and first bytes of every dump below it
DUMPED = """
import glob, json, os, sys
found = sorted(p for p in glob.glob(sys.argv[1] + "/*/vmcore*") if not p.endswith(".txt"))
print(json.dumps([[os.path.basename(p), os.stat(p).st_size, open(p, "rb").read(8).hex()]
                  for p in found]))
"""
