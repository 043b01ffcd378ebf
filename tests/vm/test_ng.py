"""On a running NG: the plan changes nothing, what must be refused is, and every way back works."""

import json
import re
import time
from typing import Dict, List, Sequence

import pytest

from ng2coreos.core.errors import Exit
from tests.vm.scene import PAYLOAD, TOOL, Scene

pytestmark = pytest.mark.vm


def test_the_plan_changes_nothing_and_needs_no_writable_volume(
        ng: Scene, figures: Dict[str, float]) -> None:
    ng.guest.ssh("systemctl stop systemd-journald.socket systemd-journald-dev-log.socket "
                 "systemd-journald; sync; echo u >/proc/sysrq-trigger; sleep 3; "
                 "! touch /etc/x /var/x /boot/x")
    before = ng.written_bytes()
    began = time.monotonic()
    result = ng.tool("plan", *ng.target_options())
    figures["plan in the guest (s)"] = ng.timed("plan", began)
    assert ng.written_bytes() == before
    assert "READY" in "\n".join(result.stdout.upper().splitlines()[:10])
    assert ng.target.version in result.stdout


def test_the_inventory_knows_the_host(ng: Scene) -> None:
    facts = json.loads(ng.tool("inventory").stdout)
    images = {i["volume"]: (i["kind"], i["current"]) for i in facts["layout"]["images"]}
    assert images == {
        "root": ("init", False),
        ng.image.old_base: ("base", False), ng.image.old_layer: ("layer", False),
        ng.image.base: ("base", False), ng.image.layer: ("layer", True)}
    assert facts["boot"]["grub_variables"]["saved_entry"] == ng.image.title
    assert facts["boot"]["running_entry"] == ng.image.entry
    assert facts["packages"]["total"] > 300
    assert len(facts["packages"]["added"]) == 3


def _refused(scene: Scene, finding: str, repo: str = "repo",
             commands: Sequence[str] = ("apply",)) -> None:
    """The commands refuse because of this finding, and nothing is there afterwards."""
    volumes, files = scene.volumes(), scene.boot_files()
    for command in commands:
        result = scene.tool(command, *scene.target_options(repo), check=False)
        assert result.rc == Exit.BLOCKED, result.stdout + result.stderr
        assert finding in result.stdout + result.stderr
        assert "Traceback" not in result.stderr
    assert scene.volumes() == volumes
    assert scene.boot_files() == files


# One page in each chunk of the pool takes the whole chunk: argv is the device and the MiB to take.
FILL = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY)
for chunk in range(int(sys.argv[2]) * 16):
    os.pwrite(fd, b"x" * 4096, chunk * 65536)
os.fsync(fd)
"""


def test_what_must_be_refused_is_refused_without_a_change(ng: Scene) -> None:
    _refused(ng, "N2C_TARGET_UNSIGNED", "repo-unsigned", ("plan", "apply"))
    _refused(ng, "N2C_TARGET_INITRAMFS", "repo-nolvm")
    ng.guest.ssh("""mkdir -p /run/vdsm; echo '["vm-1"]' >/run/vdsm/vms""")
    _refused(ng, "N2C_VDSM_VMS_RUNNING")


def test_without_room_nothing_is_begun(ng: Scene) -> None:
    ng.guest.ssh("fallocate -l $(( $(stat -f -c '%f*%S' /boot) - 25000000 )) /boot/ballast")
    _refused(ng, "N2C_BOOT_FULL")
    ng.guest.ssh("rm /boot/ballast; lvcreate -y -qq -kn -V 8G "
                 f"-T {ng.image.vg}/{ng.image.pool} -n ballast 2>/dev/null")
    size, percent = ng.guest.ssh("lvs --noheadings --units m --nosuffix -o lv_size,data_percent "
                                 f"{ng.image.vg}/{ng.image.pool}").stdout.split()
    fill = int(float(size) * (66 - float(percent)) / 100)  # the profile's threshold is at 70
    ng.guest.ssh(f"python3 - /dev/{ng.image.vg}/ballast {fill}", input=FILL, timeout=1200)
    _refused(ng, "N2C_POOL_FULL")


def test_a_host_that_is_no_ng_is_refused(ng: Scene) -> None:
    ng.guest.ssh("sed /VARIANT_ID/d /usr/lib/os-release >/run/os-release; "
                 "mount --bind /run/os-release $(realpath /etc/os-release)")
    result = ng.tool("plan", *ng.target_options(), check=False)
    assert result.rc == Exit.UNSUPPORTED, result.stderr
    assert "Traceback" not in result.stderr


SOME_STEPS = ("snapshot-volumes", "write-boot")
EVERY_STEP = ("make-root", "pull-commit", "deploy", "export-state", "write-ignition",
              "snapshot-volumes", "write-boot", "arm")


@pytest.mark.parametrize("steps", [
    pytest.param(SOME_STEPS, id="some"),
    pytest.param(EVERY_STEP, id="every", marks=pytest.mark.soak)])
def test_killed_in_a_step_it_resumes_and_then_rolls_back_to_the_untouched_host(
        ng: Scene, figures: Dict[str, float], steps: Sequence[str]) -> None:
    roots = ("/", "/var", "/home")
    before = ng.fingerprint(*roots)
    volumes, files, environment = ng.volumes(), ng.boot_files(), ng.grub_environment()
    options = " ".join(ng.target_options())
    command = f"apply {options}"
    killed: List[str] = []
    for step in steps:
        # SIGKILL to the tool and all that it started, as soon as the step's intent is durable
        ng.guest.ssh(
            f"cd /; export PYTHONPATH={TOOL} PYTHONDONTWRITEBYTECODE=1; "
            f"setsid python3 -m ng2coreos {command} >/run/out 2>&1 & pid=$!; "
            f"""while kill -0 $pid 2>/dev/null; do
                  grep -qs '"intent".*"step":"{step}"' /var/lib/ng2coreos/current/journal && break
                done; sleep 1; pkill -KILL -P $pid; kill -KILL $pid; wait $pid
                until flock -n /var/lib/ng2coreos/lock true; do sleep 0.2; done""",
            check=False, timeout=1500)
        records = ng.guest.ssh("cat /var/lib/ng2coreos/current/journal").stdout
        assert f'"step":"{step}"' in records, ng.guest.ssh("cat /run/out").stdout
        if '"event":"finished"' not in records:
            killed.append(step)
            status = ng.tool("status", check=False)
            assert status.rc == Exit.INTERRUPTED, status.stdout
            again = ng.tool("apply", *ng.target_options(), check=False)
            assert again.rc == Exit.INTERRUPTED, again.stderr
        command = "resume"
    assert len(killed) >= max(1, len(steps) - 2), killed
    began = time.monotonic()
    ng.tool("resume")
    figures["resume of the last step (s)"] = ng.timed("resume", began)
    assert ng.tool("status").rc == Exit.OK
    assert ng.grub_environment()["next_entry"] == "ng2coreos-firstboot"
    twice = ng.tool("apply", *ng.target_options())
    assert "already" in twice.stderr + twice.stdout

    began = time.monotonic()
    ng.tool("rollback")
    figures["rollback after arm (s)"] = ng.timed("rollback", began)
    assert ng.grub_environment() == environment
    assert ng.volumes() == volumes
    assert ng.boot_files() == files
    assert ng.fingerprint(*roots) == before
    assert ng.tool("status").rc == Exit.OK
    assert "nothing to roll back" in ng.tool("rollback").stdout


def test_a_second_run_is_refused_while_one_holds_the_lock(ng: Scene) -> None:
    ng.guest.ssh("mkdir -p -m 700 /var/lib/ng2coreos; (flock -x 9; sleep 600) "
                 "9>/var/lib/ng2coreos/lock >/dev/null 2>&1 & sleep 1")
    result = ng.tool("apply", *ng.target_options(), check=False)
    assert result.rc == Exit.LOCKED, result.stderr
    assert re.search(r"at work", result.stderr)


def test_a_corrupt_commit_stops_the_run_and_everything_is_undone(ng: Scene) -> None:
    volumes, files = ng.volumes(), ng.boot_files()
    result = ng.tool("apply", *ng.target_options("repo-corrupt"), check=False)
    assert result.rc in (Exit.BAD_INPUT, Exit.ROLLED_BACK), result.stderr
    assert "Traceback" not in result.stderr
    assert ng.volumes() == volumes
    assert ng.boot_files() == files
    assert PAYLOAD not in ng.guest.ssh("cat /proc/mounts | grep ng2coreos", check=False).stdout
