"""`make demo`: a real migration of the stand-in NG host in a VM, watched; then a fallback.

Prints the plan, the live progress, the timeline, the table of proof on the new system, and shows
NG coming back by itself from a new system that is not healthy.
"""

import subprocess
import sys
import time
from pathlib import Path

from tests.rig import states
from tests.rig.guest import Guest
from tests.vm.conftest import opened
from tests.vm.scene import TOOL, TRIAL_DEADLINE_S, Scene, wait_boot
from tests.vm.test_fallback import break_vdsm_on_the_new_system


def main() -> int:
    """The whole show; the exit status says whether it went as it must."""
    began = time.monotonic()
    with opened("demo") as scene:
        _say("Booting the oVirt Node NG stand-in (QEMU without KVM: a minute or two)", began)
        saved = states.ng_up(scene.image)
        scene.guest.resume(saved)
        answer = scene.vdsm()
        scene.prepare_ng()
        _say("ng2coreos plan", began)
        print(scene.tool("plan", *scene.target_options()).stdout, flush=True)
        _say("ng2coreos apply --reboot", began)
        _watch(scene.guest, "apply", *scene.target_options(), "--reboot")
        down = time.monotonic()
        scene.vdsm_of_next_boot(TRIAL_DEADLINE_S)
        _say(f"vdsm answers on the new system, {time.monotonic() - down:.0f} s after the reboot "
             "began", began)
        scene.wait_phase("confirmed")
        assert scene.vdsm(900) == answer
        _say("The second trial went well and the new system is confirmed: ng2coreos status, verify",
             began)
        print(scene.new("status", check=False).stdout)
        print(scene.new("verify").stdout, flush=True)
        scene.guest.cut_power()
        _fallback(scene, saved, began)
    _say("Done.", began)
    return 0


def _fallback(scene: Scene, saved: Path, began: float) -> None:
    boot_id = scene.guest.resume(saved)
    scene.prepare_ng()
    _say("The same host once more, but vdsm will not start on its new system", began)
    scene.guest.put({"/run/answers.yaml": "health_deadline_s: 60\n"})
    _watch(scene.guest, "apply", *scene.target_options("repo", "--answers", "/run/answers.yaml"))
    break_vdsm_on_the_new_system(scene)
    scene.reboot()
    wait_boot(scene, boot_id)
    scene.wait_system("ng")
    scene.prepare_ng()
    _say("NG is back by itself: ng2coreos status, then rollback", began)
    print(scene.tool("status", check=False).stdout)
    print(scene.tool("rollback").stdout, flush=True)


def _watch(guest: Guest, *argv: str) -> None:
    """Run the tool in the guest with its output on this terminal, bars and all."""
    words = " ".join(argv)
    command = f"cd / && PYTHONPATH={TOOL} PYTHONDONTWRITEBYTECODE=1 python3 -m ng2coreos {words}"
    subprocess.run(guest.ssh_argv(command, terminal=sys.stdout.isatty()), check=False)


def _say(text: str, began: float) -> None:
    print(f"\n=== [{time.monotonic() - began:4.0f} s] {text}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
