"""The units of the move on the new system: the trial of each boot, and the deadman behind it.

Both have no default dependencies: the trial must run to the end of a hanging shutdown to force
it, and the deadman must not wait for anything that hangs.  Two stay after confirm: one counts good
boots, the other restarts a confirmed system that ended in emergency mode, where nobody can log in
as long as root is locked: only a restart is counted, and leads to a system that boots.  None has
an install section that a preset could act on: their links are written, and those of the first two
removed by confirm.
"""

from typing import Dict

from ng2coreos.model.places import PYTHON

PROGRAM = "/etc/ng2coreos/ng2coreos.pyz"
COMMAND = f"{PYTHON} -I -S -B {PROGRAM}"  # nothing of the host's site can break it

DIRECTORY = "/etc/systemd/system"
TRIAL = "ng2coreos-trial.service"
DEADMAN = "ng2coreos-deadman.service"
DEADMAN_TIMER = "ng2coreos-deadman.timer"
BOOT_SUCCESS = "ng2coreos-boot-success.service"
STUCK = "ng2coreos-stuck.service"
STUCK_TIMER = "ng2coreos-stuck.timer"
TRIAL_LINK = f"{DIRECTORY}/multi-user.target.wants/{TRIAL}"
DEADMAN_LINK = f"{DIRECTORY}/sysinit.target.wants/{DEADMAN_TIMER}"
LAYERS = "ng2coreos-layers.service"
LAYERS_LINK = f"{DIRECTORY}/multi-user.target.wants/{LAYERS}"
BOOT_SUCCESS_LINK = f"{DIRECTORY}/multi-user.target.wants/{BOOT_SUCCESS}"
STUCK_LINK = f"{DIRECTORY}/emergency.target.wants/{STUCK_TIMER}"

_RECORD_S = 60  # to say why in the state file; then the host restarts without


def unit_files(deadman_s: int, *, layers: bool) -> Dict[str, str]:
    """Unit name to content; the deadman strikes `deadman_s` after the kernel started.

    With `layers` the unit too that lays packages over the image in a confirmed system.
    """
    found = {TRIAL: _TRIAL, DEADMAN: _DEADMAN, DEADMAN_TIMER: _TIMER.format(seconds=deadman_s),
             BOOT_SUCCESS: _BOOT_SUCCESS, STUCK: _STUCK, STUCK_TIMER: _STUCK_TIMER}
    return {**found, LAYERS: _LAYERS} if layers else found


_TRIAL = f"""\
# Made by ng2coreos. `ng2coreos confirm` takes it out of the boot.
[Unit]
Description=ng2coreos: prove the new system, or go back to oVirt Node NG
DefaultDependencies=no
After=sysinit.target basic.target local-fs.target
OnFailure={DEADMAN}

[Service]
Type=simple
ExecStart={COMMAND} trial
"""

_BOOT_SUCCESS = f"""\
# Made by ng2coreos. After four boots without it GRUB boots the deployment before, or NG.
[Unit]
Description=ng2coreos: tell the boot loader that this boot was good
DefaultDependencies=no
After=sysinit.target basic.target local-fs.target
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=simple
ExecStart={COMMAND} boot-success
"""

# The program looks at the phase, and waits for the end of the boot, which must not wait for it
_LAYERS = f"""\
# Made by ng2coreos. Runs in a confirmed system only; see `ng2coreos status`.
[Unit]
Description=ng2coreos: lay the added packages over the image, for the next restart
DefaultDependencies=no
After=sysinit.target basic.target local-fs.target
Conflicts=shutdown.target
Before=shutdown.target
ConditionPathExists=!{TRIAL_LINK}

[Service]
Type=simple
Nice=10
ExecStart={COMMAND} layers --boot
"""

_DEADMAN = f"""\
# Made by ng2coreos. It fails when the host must restart; systemd then restarts it by force.
[Unit]
Description=ng2coreos: end a trial that hangs
DefaultDependencies=no
FailureAction=reboot-force

[Service]
Type=oneshot
TimeoutStartSec={_RECORD_S}
TimeoutStopSec=10
ExecStart={COMMAND} deadman
"""

_TIMER = f"""\
# Made by ng2coreos. `ng2coreos confirm` takes it out of the boot.
[Unit]
Description=ng2coreos: the time that a trial has
DefaultDependencies=no

[Timer]
OnBootSec={{seconds}}
AccuracySec=10
Unit={DEADMAN}
"""

_STUCK = """\
# Made by ng2coreos. See ng2coreos-stuck.timer.
[Unit]
Description=ng2coreos: restart a system that ended in emergency mode
DefaultDependencies=no
SuccessAction=reboot-force
FailureAction=reboot-force

[Service]
Type=oneshot
ExecStart=/usr/bin/sync
TimeoutStartSec=60
"""

# In a trial the deadman restarts, and records why. Who asks for emergency mode at the boot menu
# gets it. The description is what the console shows.
_STUCK_TIMER = f"""\
# Made by ng2coreos. Emergency mode after confirm: the restart is counted, and leads to NG at last.
[Unit]
Description=restart in 5 minutes, unless: systemctl stop {STUCK_TIMER}
DefaultDependencies=no
ConditionPathExists=!{TRIAL_LINK}
ConditionKernelCommandLine=!emergency
ConditionKernelCommandLine=!systemd.unit=emergency.target

[Timer]
OnActiveSec=5min
AccuracySec=10
Unit={STUCK}
"""
