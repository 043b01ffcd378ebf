"""A trial that ends badly, in every way that we can make: NG is back, with one reset at most.

Each fault is put into what `apply` staged, or done from outside; the tool does not know of it.
"""

import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from ng2coreos.core.errors import Exit
from tests.rig import states
from tests.vm.conftest import opened
from tests.vm.scene import TRIAL_DEADLINE_S, Scene, changed, wait_boot, work_place

pytestmark = [pytest.mark.vm, pytest.mark.soak]

FIRST = "ignition.firstboot"  # on the command line of the first trial only
KERNEL = "/boot/coreos/ostree/*/vmlinuz-*"
INITRAMFS = "/boot/coreos/ostree/*/initramfs-*"


@dataclass(frozen=True)
class Fault:
    """`stage` is a script on the armed NG; `cut_at` a console text of trial `trial` at which the
    reset button is pressed."""

    name: str
    trial: int
    stage: str = ""
    cut_at: str = ""


def argument(trial: int, words: str) -> str:
    """Script: the kernel of this trial gets more arguments."""
    if trial == 1:
        return f"sed -i '/{FIRST}/s#{FIRST}#& {words}#' /boot/grub2/custom.cfg"
    return f"sed -i '/^options /s#$# {words}#' /boot/coreos/loader/entries/*.conf"


def between(script: str) -> str:
    """Script: the first trial does this to the boot partition while it runs."""
    return in_deployment(FIRST, "mount -o remount,rw /sysroot/boot && cd /sysroot && "
                         f"{script} && sync")


def in_deployment(condition: str, script: str) -> str:
    """Script: the deployment gets a service that runs a script, by the kernel's command line."""
    return f"""set -e; mkdir -p /run/new; mount /dev/*/ng2coreos_root /run/new
etc=$(echo /run/new/ostree/deploy/*/deploy/*.0/etc)
cat >$etc/systemd/system/fault.service <<'U'
[Unit]
ConditionKernelCommandLine={condition}
[Service]
Type=oneshot
ExecStart=/bin/sh -c '{script}'
U
mkdir -p $etc/systemd/system/multi-user.target.wants
ln -s ../fault.service $etc/systemd/system/multi-user.target.wants/
umount /run/new"""


def truncated(files: str) -> str:
    """Script: each of `files` loses its second half."""
    return f"for f in {files}; do truncate -s $(( $(stat -c %s $f) / 2 )) $f; done"


# rdinit= that is not there: the kernel looks for a root file system by itself, and panics
PANIC = "rdinit=/absent"
HANG = "rd.shell=1 rd.emergency=halt rd.break=pre-mount"
AT_PROMPT = "Press Enter for (maintenance|emergency)|Entering emergency mode|pre-mount:/"
KERNEL_BEGINS = "Kernel command line:"  # comes after _boot_of, unlike its version
USERLAND = r"ng2coreos-trial\.service"  # its description is shortened on the console
FAULTS = (
    Fault("panic-1", 1, argument(1, PANIC)),
    Fault("panic-2", 2, argument(2, PANIC)),
    Fault("panic-in-userland-2", 2, in_deployment("!" + FIRST, "echo c >/proc/sysrq-trigger")),
    Fault("hang-in-initramfs-1", 1, argument(1, HANG), AT_PROMPT),
    Fault("hang-in-initramfs-2", 2, argument(2, HANG), AT_PROMPT),
    Fault("kernel-missing-1", 1, f"rm {KERNEL}"),
    Fault("kernel-missing-2", 2, between(f"rm .{KERNEL}")),
    Fault("kernel-truncated-1", 1, truncated(KERNEL)),
    Fault("kernel-truncated-2", 2, between(truncated("." + KERNEL))),
    Fault("initramfs-truncated-1", 1, truncated(INITRAMFS)),
    Fault("initramfs-missing-2", 2, between(f"rm .{INITRAMFS}")),
    Fault("cut-at-kernel-1", 1, "", KERNEL_BEGINS),
    Fault("cut-at-ignition-1", 1, "", "[Ii]gnition"),
    Fault("cut-in-userland-1", 1, "", USERLAND),
    Fault("cut-at-kernel-2", 2, "", KERNEL_BEGINS),
    Fault("cut-in-userland-2", 2, "", USERLAND),
)
# On the other firmware and file system: one of each kind, in the other trial where there are two
ELSEWHERE = ("panic-1", "kernel-missing-1", "kernel-truncated-2", "hang-in-initramfs-2",
             "cut-in-userland-2")


class Armed:
    """A host that is armed, saved in `state`; `files`, `volumes` and `answer` are NG's before."""

    def __init__(self, host: str, state: Path, answers: str = "") -> None:
        firmware, self.boot_fs = host.split("-")
        self.state = state
        with opened("arming", self.boot_fs) as scene:
            scene.guest.resume(states.ng_up(scene.image, firmware))
            scene.prepare_ng()
            self.answer = scene.vdsm()
            self.files: Dict[str, List[Any]] = scene.boot_files()
            self.volumes = scene.volumes()
            scene.guest.put({"/run/answers.yaml": answers})
            more = ("--answers", "/run/answers.yaml") if answers else ()
            scene.tool("apply", *scene.target_options("repo", *more))
            scene.guest.ssh("sync")
            scene.guest.snapshot(self.state)


@pytest.fixture(scope="module")
def arm() -> Iterator[Callable[[str], Armed]]:
    """A host by firmware and file system, armed once for all of its faults.

    As a parameter of this fixture pytest would have each fault's host armed anew.
    """
    found: Dict[str, Armed] = {}
    with ExitStack() as places:
        def armed(host: str) -> Armed:
            if host not in found:
                place = places.enter_context(work_place(f"armed-{host}"))
                found[host] = Armed(host, place / "state")
            return found[host]

        yield armed


CASES = [*(("bios-ext4", fault) for fault in FAULTS),
         *(("uefi-xfs", fault) for fault in FAULTS if fault.name in ELSEWHERE)]


@pytest.mark.parametrize("host,fault", CASES,
                         ids=[f"{host}-{fault.name}" for host, fault in CASES])
def test_ng_is_back_by_itself(arm: Callable[[str], Armed], host: str, fault: Fault,
                              figures: Dict[str, float], request: pytest.FixtureRequest) -> None:
    armed = arm(host)
    with opened("fault", armed.boot_fs) as scene:
        boot_id = scene.guest.resume(armed.state)
        assert scene.ca
        if fault.stage:
            scene.guest.ssh(fault.stage)
        scene.guest.ssh("sync")
        mark = scene.guest.serial.end()
        began = time.monotonic()
        scene.reboot()
        resets = _watch(scene, fault, mark)
        wait_boot(scene, boot_id)
        scene.wait_system("ng")
        figures[f"{request.node.callspec.id}: reboot to NG (s)"] = scene.timed("back", began)
        _is_back(scene, armed, fault, scene.guest.serial.text(mark), resets)


# What is wrong in the first trial, and what NG is told of it
UNWELL = {
    "a-unit-fails": (in_deployment(FIRST, "exit 1"), "fault.service"),
    "a-unit-never-starts": (in_deployment(FIRST, "sleep 1d"), "waits for .*fault.service"),
    "no-network": (in_deployment(FIRST, "until nmcli networking off; do sleep 1; done"),
                   "address|ovirtmgmt"),
    # net.ifnames=0 is no fault: the names are pinned
    "other-names-of-cards": (in_deployment(
        FIRST + "\nBefore=network-pre.target\nWants=network-pre.target",
        "for n in 1 2; do ip link set enp0s$$n down; ip link set enp0s$$n name other$$n; done"),
        'Device "enp0s[12]" does not exist'),
    "a-disk-is-not-seen": (in_deployment(
        FIRST, "sed -i /PVID=/d /etc/lvm/devices/system.devices"),
        "volume group has all its disks"),
    "the-engines-port-is-dead": (in_deployment(
        FIRST, "until systemctl is-active vdsmd; do sleep 1; done; "
               "systemctl kill -s STOP vdsmd"), "vdsm"),
}


@pytest.fixture(scope="module")
def hasty() -> Iterator[Armed]:
    """A host that is armed and does not wait long for its new system's health."""
    with work_place("armed-hasty") as place:
        yield Armed("bios-ext4", place / "state", "health_deadline_s: 60\n")


@pytest.mark.parametrize("name", UNWELL)
def test_a_system_that_is_unwell_gives_way_once_and_says_why(
        hasty: Armed, name: str, figures: Dict[str, float]) -> None:
    stage, why = UNWELL[name]
    with opened("fault", hasty.boot_fs) as scene:
        boot_id = scene.guest.resume(hasty.state)
        assert scene.ca
        scene.guest.ssh(stage)
        scene.guest.ssh("sync")
        mark = scene.guest.serial.end()
        began = time.monotonic()
        scene.reboot()
        wait_boot(scene, boot_id)
        scene.wait_system("ng")
        figures[f"{name}: reboot to NG (s)"] = scene.timed("back", began)
        told = scene.state()
        assert told is not None and len(told["attempts"]) == 1
        failures = told["attempts"][0]["failures"]
        assert re.search(why, " ".join(f"{f['title']}: {f['detail']}" for f in failures)), failures
        _is_back(scene, hasty, Fault(name, 1), scene.guest.serial.text(mark), 0)


def test_a_clock_that_is_far_off_gives_way_once_and_says_why(hasty: Armed) -> None:
    """Years ahead, where vdsm's certificate holds no more; no NTP server is there to ask.

    Not more than 15 years: systemd sets such a clock back to when it was built.
    """
    with opened("fault", hasty.boot_fs) as scene:
        boot_id = scene.guest.resume(hasty.state)
        assert scene.ca
        scene.guest.ssh("date -s 2038-06-01 && hwclock -w -u && sync")
        mark = scene.guest.serial.end()
        scene.reboot()
        wait_boot(scene, boot_id)
        scene.wait_system("ng")
        assert scene.guest.ssh("date +%Y").stdout == "2038\n"
        told = scene.state()
        assert told is not None and len(told["attempts"]) == 1
        assert re.search("vdsm", str(told["attempts"][0]["failures"])), told
        # NG's own vdsm is as deaf until the clock is right
        scene.guest.ssh(f"date -s @{int(time.time())} && hwclock -w -u && "
                        "systemctl restart vdsmd")
        _is_back(scene, hasty, Fault("clock", 1), scene.guest.serial.text(mark), 0)


def _watch(scene: Scene, fault: Fault, mark: int) -> int:
    """Press the reset button where the fault wants it; how often that was."""
    if not fault.cut_at:
        return 0
    boots = _boot_of(fault.trial)
    scene.guest.wait_serial(boots, TRIAL_DEADLINE_S, mark)
    text = scene.guest.serial.text(mark)
    started = [m.end() for m in re.finditer(boots, text)][-1]
    scene.guest.wait_serial(fault.cut_at, TRIAL_DEADLINE_S, mark + started)
    scene.guest.reset()
    return 1


def _boot_of(trial: int) -> str:
    """What the console shows of the kernel's command line in this trial."""
    return (f"Command line: .*{FIRST}" if trial == 1
            else f"Command line: (?!.*{FIRST}).*ostree=")


def _is_back(scene: Scene, armed: Armed, fault: Fault, console: str, resets: int) -> None:
    assert len(re.findall("Command line: .*ostree=", console)) <= fault.trial, "tried again"
    assert resets <= 1
    assert scene.vdsm() == armed.answer
    scene.prepare_ng()
    status = scene.tool("status", check=False)
    assert status.rc == Exit.FELL_BACK, status.stdout + status.stderr
    environment = scene.grub_environment()
    assert "next_entry" not in environment
    assert environment["saved_entry"] == scene.image.title
    scene.tool("rollback")
    assert changed(armed.files, scene.boot_files()) == []
    assert scene.volumes() == armed.volumes
    assert scene.tool("status").rc == Exit.OK
