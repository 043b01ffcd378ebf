"""The new system does not prove itself healthy: NG is back by itself, and says why."""

import time
from typing import Dict

import pytest

from ng2coreos.core.errors import Exit
from tests.rig import states
from tests.vm.conftest import opened
from tests.vm.scene import NG_ROOTS, Scene, changed, wait_boot

pytestmark = pytest.mark.vm


def test_on_uefi_a_new_system_that_is_not_well_falls_back_and_says_why(
        figures: Dict[str, float]) -> None:
    with opened("fallback") as scene:
        boot_id = scene.guest.resume(states.ng_up(scene.image, "uefi"))
        assert scene.guest.ssh("test -d /sys/firmware/efi && echo efi").stdout == "efi\n"
        answer = scene.vdsm()
        scene.prepare_ng()
        scene.guest.put({"/run/answers.yaml": "health_deadline_s: 60\n"})
        scene.tool("apply", *scene.target_options("repo", "--answers", "/run/answers.yaml"))
        break_vdsm_on_the_new_system(scene)
        began = time.monotonic()
        scene.reboot()
        wait_boot(scene, boot_id)
        scene.wait_system("ng")
        figures["unhealthy trial: reboot to NG again (s)"] = scene.timed("fallback", began)
        assert scene.vdsm() == answer
        scene.prepare_ng()
        status = scene.tool("status", check=False)
        assert status.rc == Exit.FELL_BACK, status.stdout
        assert "vdsmd" in status.stdout
        _, told, journal = status.stdout.partition("The journal then (")
        assert told and " systemd[1]: " in journal, status.stdout
        assert "next_entry" not in scene.grub_environment()
        scene.tool("rollback")
        assert scene.tool("status").rc == Exit.OK


@pytest.mark.soak
def test_rollback_on_the_new_system_before_it_is_confirmed(figures: Dict[str, float]) -> None:
    """By policy nothing is confirmed: NG stays the default, and `rollback` leads there at once."""
    with opened("unconfirmed") as scene:
        boot_id = scene.guest.resume(states.ng_up(scene.image, "uefi"))
        answer = scene.vdsm()
        files, before, volumes = scene.boot_files(), scene.fingerprint(*NG_ROOTS), scene.volumes()
        scene.prepare_ng()
        scene.guest.put({"/run/answers.yaml": "confirm: manual\ntrial_boots: 1\n"})
        scene.tool("apply", *scene.target_options("repo", "--answers", "/run/answers.yaml"))
        scene.reboot()
        boot_id = wait_boot(scene, boot_id)
        scene.wait_phase("healthy")
        assert scene.system() == "coreos"
        assert scene.vdsm(900) == answer
        assert scene.new("rollback").rc == Exit.OK
        began = time.monotonic()
        scene.reboot()
        boot_id = wait_boot(scene, boot_id)
        figures["rollback before confirm: reboot to NG (s)"] = scene.timed("back", began)
        assert scene.system() == "ng"
        assert scene.vdsm() == answer
        scene.prepare_ng()
        scene.tool("rollback")
        assert changed(files, scene.boot_files()) == []
        assert changed(before, scene.fingerprint(*NG_ROOTS)) == []
        assert scene.volumes() == volumes
        assert scene.tool("status").rc == Exit.OK


def break_vdsm_on_the_new_system(scene: Scene) -> None:
    """In the staged snapshot, vdsm's persistence names a network that no host has.

    The link netconf beside the directory is absolute: it would lead to NG's own.
    """
    volume = f"/dev/{scene.image.vg}/ng2coreos_var"
    scene.guest.ssh(f"""mkdir -p /run/broken && mount {volume} /run/broken
cd /run/broken/lib/vdsm/persistence/netconf.*/nets && cat >ghost <<'J'
{{"nic": "ens99", "bridged": true, "bootproto": "none", "defaultRoute": false, "mtu": 1500,
 "switch": "legacy", "stp": false, "nameservers": []}}
J
chown vdsm:kvm ghost; cd /; umount /run/broken""")
