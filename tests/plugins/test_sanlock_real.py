"""What sanlock holds, by the word of a real sanlock that really holds it.

It keeps its leases in a file and has no watchdog.
"""

import os
from typing import Any, Callable, Dict

import pytest

from ng2coreos.core.command import Completed, Input
from ng2coreos.core.host import Host
from ng2coreos.model.finding import Finding
from plugins import sanlock
from plugins.hosted_engine import CONF, HostedEngine
from plugins.storage import Storage
from tests.rig.programs import Programs
from tests.stage.namespace import in_namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
LEASES = "/tmp/leases"
HE, DOMAIN = f"hosted-engine:1:{LEASES}:0", f"domain:1:{LEASES}:1048576"
LEASE = f"domain:volume:{LEASES}:2097152"
# its own switches: not the daemon's user, no privileges, no watchdog, no real-time priority
DAEMON = ("sanlock", "daemon", "-D", "-w", "0", "-U", "root", "-G", "root", "-h", "0")


class Machine:
    """A host whose sanlock is real; systemd says `unit` of it, and has nothing else."""

    def __init__(self) -> None:
        self.programs, self.unit = Programs(), "active"
        self.host = Host(str(self.programs.root), self.runner)

    def runner(self, argv: Any, timeout_s: float, data: Input) -> Completed:
        if argv[0] == "sanlock":
            return self.programs.run(argv, timeout_s, data)
        assert argv[0] == "systemctl"
        text = {"is-active": "inactive", "is-enabled": "disabled"}[argv[1]]
        text = self.unit if argv[1:] == ("is-active", sanlock.UNIT) else text
        return Completed(tuple(argv), 0 if text == "active" else 3, f"{text}\n", "", 0.0)

    def sanlock(self, *argv: str) -> None:
        done = self.programs.run(["sanlock", *argv])
        assert done.returncode == 0, done

    def up(self) -> bool:
        return self.programs.run(["sanlock", "client", "status"]).returncode == 0

    def finds(self) -> Dict[str, Finding]:
        """What the two plug-ins say that look at it."""
        he, storage = HostedEngine(), Storage()
        found = [*he.judge_now(he.now(self.host)), *storage.judge_now(storage.now(self.host))]
        return {one.id: one for one in found}


def story(function: Callable[[Machine], None]) -> None:
    def inside() -> None:
        os.environ.update(SANLOCK_RUN_DIR="/run/sanlock", SANLOCK_PRIVILEGED="0")
        function(Machine())

    in_namespace(inside)


def test_what_it_holds_is_seen_until_it_is_given_back() -> None:
    def plays(machine: Machine) -> None:
        os.truncate(os.open(str(machine.programs.root / LEASES[1:]), os.O_CREAT | os.O_RDWR),
                    8 * 1024**2)
        conf = machine.programs.root / CONF[1:]
        conf.parent.mkdir(parents=True)
        conf.write_text("host_id=1\n", "ascii")
        with machine.programs.daemon(*DAEMON, ready=machine.up):
            assert sanlock.status(machine.host) and machine.finds() == {}
            for name in (HE, DOMAIN):
                machine.sanlock("direct", "init", "-s", name)
            machine.sanlock("direct", "init", "-r", LEASE)
            machine.sanlock("client", "add_lockspace", "-s", HE)
            # its agent is not there, and cannot give it back
            assert {*machine.finds()} == {"N2C_HE_LOCKSPACE"}
            machine.sanlock("client", "add_lockspace", "-s", DOMAIN)
            holder = ("sanlock", "client", "command", "-r", LEASE, "-c", "/usr/bin/sleep", "1d")
            with machine.programs.daemon(*holder, ready=lambda: any(
                    line.startswith("r ") for line in sanlock.status(machine.host) or ())):
                found = machine.finds()
                assert {*found} == {"N2C_HE_LOCKSPACE", "N2C_STORAGE_LEASES"}
                held = [line.split(":")[0] for line in found["N2C_STORAGE_LEASES"].evidence]
                assert held == ["s domain", "r domain"]
            for name in (HE, DOMAIN):
                machine.sanlock("client", "rem_lockspace", "-s", name)
            assert machine.finds() == {}

    story(plays)


def test_a_daemon_that_is_gone_holds_nothing_and_a_silent_one_is_told() -> None:
    def plays(machine: Machine) -> None:
        machine.unit = "inactive"
        assert sanlock.status(machine.host) == [] and machine.finds() == {}
        machine.unit = "active"  # it cannot be reached all the same
        assert sanlock.status(machine.host) is None
        assert {*machine.finds()} == {"N2C_STORAGE_LEASES_UNKNOWN"}

    story(plays)
