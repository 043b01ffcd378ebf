"""The new system as firstboot sees it: its files, its place on NG's /boot partition, its clock."""

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Iterator, Tuple

from ng2coreos.core import lock, namespace
from ng2coreos.core.errors import Locked, Unsupported
from ng2coreos.core.host import Host
from ng2coreos.model import codec
from ng2coreos.model.manifest import Manifest
from ng2coreos.model.state import BootState
from ng2coreos.stage import state as state_file

PARTITION = "/sysroot/boot"  # NG's /boot partition, read-only; our /boot is its directory coreos
MANIFEST = "/etc/ng2coreos/manifest.json"
VAR = "/var/lib/ng2coreos"
_LOCK = "/run/ng2coreos/lock"
_LOCK_POLL_S = 1.0


def utc_now() -> str:
    """The time as RFC 3339, in UTC, to the second."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Clock:
    """Where time comes from, so that tests need none."""

    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], str] = utc_now


@dataclass(frozen=True)
class System:
    """The running CoreOS and what the move left on it."""

    host: Host
    clock: Clock = field(default_factory=Clock)

    @property
    def partition(self) -> Path:
        """NG's /boot partition as mounted here."""
        return self.host.follow(PARTITION)

    @property
    def boot_id(self) -> str:
        """The running boot's id."""
        return self.host.read_text("/proc/sys/kernel/random/boot_id").strip()

    @property
    def kernel_args(self) -> Tuple[str, ...]:
        """The running kernel's arguments."""
        return tuple(self.host.read_text("/proc/cmdline").split())

    @property
    def trial(self) -> int:
        """Which trial this boot can be: 1 with Ignition, 2 by the permanent path."""
        names = {argument.partition("=")[0] for argument in self.kernel_args}
        return 1 if "ignition.firstboot" in names else 2

    def state(self) -> BootState:
        """How far the move has come; Unsupported where this system did not come from a move."""
        state = state_file.read(self.partition)
        if state is None:
            raise Unsupported(
                f"There is no state file on {PARTITION}: this host was not moved by ng2coreos.",
                hint="Is NG's /boot partition mounted? See `findmnt /sysroot/boot`.")
        return state

    def grubenv(self, state: BootState) -> Path:
        """NG's GRUB environment."""
        return self.host.follow(PARTITION + state.grubenv)

    def custom_cfg(self, state: BootState) -> Path:
        """The file of NG's boot menu that holds our block."""
        return self.host.follow(PARTITION + state.custom_cfg)

    def manifest(self) -> Manifest:
        """What must be proved."""
        try:
            text = self.host.read_text(MANIFEST)
        except FileNotFoundError:
            raise Unsupported(f"{MANIFEST} is missing: Ignition has not finished on this host.",
                              hint="See `journalctl -t ignition -b`.") from None
        return codec.loads(Manifest, text, MANIFEST)

    def save(self, state: BootState) -> None:
        """Make `state` durable; only inside `writing`."""
        state_file.write(self.partition, state)

    @contextmanager
    def writing(self, patience_s: float = 0.0) -> Iterator[None]:
        """Hold the lock, with the /boot partition writable for this process alone.

        Everybody else goes on seeing it read-only.  Raises Locked when another ng2coreos still
        writes after `patience_s`; it holds the lock for single changes, never for a wait.
        """
        with ExitStack() as stack:
            self._lock(stack, patience_s)
            stack.enter_context(namespace.private(live=self.host.live))
            self.host.run(["mount", "-o", "remount,rw", PARTITION])
            yield

    def _lock(self, stack: ExitStack, patience_s: float) -> None:
        until = self.clock.monotonic() + patience_s
        while True:
            try:
                stack.enter_context(lock.exclusive(self.host.path(_LOCK)))
                return
            except Locked:
                if self.clock.monotonic() >= until:
                    raise
                self.clock.sleep(_LOCK_POLL_S)
