"""A virtual machine under QEMU without KVM: boots, commands, console, power cuts, saved states.

    with Switch() as switch, Guest(directory, image.disks, switch=switch) as guest:
        guest.boot(firmware="uefi")
        guest.ssh("systemctl is-active vdsmd")
        guest.cut_power()
        guest.start()
        guest.wait_ssh()

The images are never written: a guest's disks are overlays in its own directory.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Dict, List, Mapping, Match, Optional, Pattern, Sequence, Type, Union

from . import qmp
from .machine import OVMF, PAYLOADS, VARS, Machine
from .serial import SerialConsole
from .sshlink import CommandFailed, Content, Result, SshLink
from .switch import Switch

BOOT_DEADLINE_S = 900.0  # a boot takes one to three minutes; machines are noisy
_STATE = "up"
_LOST = "You are in emergency mode|end Kernel panic|grub>"


class GuestError(Exception):
    """The guest did not do what was waited for; the message has the end of its console."""


class Guest:
    """One machine, whose files lie in `directory` (made if it is missing)."""

    def __init__(
        self,
        directory: Path,
        disks: Sequence[Path],
        *,
        switch: Optional[Switch] = None,
        payload: Sequence[Path] = (),
        memory_mib: int = 2048,
        cpus: int = 1,
    ) -> None:
        """`disks` are images that get overlays; `payload` are raw images, attached read-only.

        One CPU: with more, QEMU without KVM now and then lets a CPU run code that another has just
        patched (int3 of a static key), and the guest's kernel panics; a boot gains little by two.
        """
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.firmware = "bios"
        self.serial = SerialConsole(directory / "serial.log", directory / "serial.sock")
        self._disks = list(disks)
        self._payload = list(payload)
        self._restored = False
        self._switch = switch
        self._memory_mib = memory_mib
        self._cpus = cpus
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._link = SshLink(_free_port(), directory)

    def __enter__(self) -> "Guest":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        if error is not None:
            print(
                f"--- end of the console of {self.directory.name} ---\n{self.serial.tail()}\n---",
                flush=True,
            )
        self.cut_power()

    @property
    def overlays(self) -> List[Path]:
        """The guest's own disks."""
        return [self.directory / f"disk{index}.qcow2" for index in range(len(self._disks))]

    @property
    def running(self) -> bool:
        """Whether there is a QEMU process."""
        return self._process is not None and self._process.poll() is None

    def boot(self, firmware: str = "bios", deadline_s: float = BOOT_DEADLINE_S) -> str:
        """Power on with fresh overlays and wait for the back door; returns the boot's id.

        A guest that does not come up is started once more from the images: QEMU without KVM on a
        loaded machine sometimes stalls, and nothing was done in the guest yet.
        """
        for attempt in (1, 2):
            self.prepare(firmware)
            self.start()
            try:
                return self.wait_ssh(deadline_s, stop_at=_LOST)
            except GuestError as error:
                self.cut_power()
                if attempt == 2:
                    raise
                print(f"rig: {self.directory.name} did not come up, once more: {error}", flush=True)
        raise AssertionError

    def prepare(self, firmware: str) -> None:
        """Make fresh overlays of the images (and fresh UEFI variables) for `start`."""
        if firmware not in ("bios", "uefi"):
            raise ValueError(f"no firmware {firmware!r}")
        self.firmware = firmware
        (self.directory / "serial.log").unlink(missing_ok=True)
        for image, overlay in zip(self._disks, self.overlays):
            _qemu_img(
                "create",
                "-q",
                "-f",
                "qcow2",
                "-b",
                os.path.abspath(image),
                "-F",
                "qcow2",
                str(overlay),
            )
        if firmware == "uefi":
            _qemu_img(
                "convert",
                "-O",
                "qcow2",
                str(OVMF / "OVMF_VARS_4M.fd"),
                str(self.directory / VARS),
            )

    def start(self, *options: str) -> None:
        """Power on with the disks as they are; does not wait."""
        if self.running:
            raise GuestError("the guest is running already")
        for name in ("qmp.sock", "serial.sock"):
            (self.directory / name).unlink(missing_ok=True)
        with open(self.directory / "qemu.log", "ab") as log:
            self._process = subprocess.Popen(
                [*self._machine().argv(), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._wait_qmp()
        self._write_state()

    def ssh(
        self,
        command: Union[str, Sequence[str]],
        *,
        input: Optional[Union[bytes, str]] = None,  # noqa: A002
        timeout: float = 600,
        check: bool = True,
    ) -> Result:
        """Run a shell script or an argv as root; see `SshLink.run`."""
        return self._link.run(command, input=input, timeout=timeout, check=check)

    def ssh_argv(self, script: str, *, terminal: bool = False) -> List[str]:
        """The ssh command for a script; see `SshLink.argv`."""
        return self._link.argv(script, terminal=terminal)

    def put(self, files: Mapping[str, Content], mode: Optional[int] = None) -> None:
        """Write files and directories into the guest; see `SshLink.put`."""
        self._link.put(files, mode)

    def wait_serial(
        self, regex: Union[str, Pattern[str]], deadline_s: float = BOOT_DEADLINE_S, since: int = 0
    ) -> Match[str]:
        """Wait until the console shows `regex` after `since` (`serial.end()` earlier)."""
        try:
            return self.serial.wait(regex, deadline_s, since, lambda: self.running)
        except TimeoutError as error:
            raise GuestError(str(error)) from error

    def wait_ssh(
        self, deadline_s: float = BOOT_DEADLINE_S, other_than: str = "", stop_at: str = ""
    ) -> str:
        """Wait for the back door of a boot whose id is not `other_than`; returns its id.

        The wait ends early, as a failure, when the console shows `stop_at` (a regex) after now.
        """
        mark = self.serial.end()
        limit = time.monotonic() + deadline_s
        while True:
            self._link.close()
            try:
                boot_id = self.ssh("cat /proc/sys/kernel/random/boot_id", timeout=60).stdout.strip()
                if boot_id != other_than:
                    return boot_id
            except CommandFailed:
                pass
            if not self.running:
                raise GuestError(f"QEMU ended\n{self._qemu_log()}\n{self.serial.tail()}")
            if stop_at and re.search(stop_at, self.serial.text(mark)):
                raise GuestError(f"the console shows {stop_at!r}\n{self.serial.tail()}")
            if time.monotonic() > limit:
                raise GuestError(f"no ssh in {deadline_s:.0f} s\n{self.serial.tail()}")
            time.sleep(1)

    def type(self, text: str) -> None:
        """Type on the console, e.g. in GRUB's menu."""
        self.serial.type(text)

    def reset(self) -> None:
        """Press the reset button."""
        self._link.close()
        self.monitor("system_reset")

    def cut_power(self) -> None:
        """Kill QEMU: what the guest has not flushed is lost."""
        if self._process is not None:
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        self._link.close()

    def wait_end(self) -> None:
        """Wait until QEMU ends by itself (the guest powers off) or by another's signal."""
        if self._process is not None:
            self._process.wait()

    def monitor(self, command: str, **arguments: object) -> object:
        """A QMP command; e.g. `set_link` for the switch's NICs."""
        result: object = qmp.execute(self.directory / "qmp.sock", command, **arguments)
        return result

    def snapshot(self, target: Path) -> None:
        """Save the running guest into `target` (absent) and power it off."""
        self._link.close()
        nodes = [f"disk{index}" for index in range(len(self._disks))]
        devices = nodes + (["vars"] if self.firmware == "uefi" else [])
        self.monitor("stop")
        if self._restored:  # the state that this guest was restored from is still in its disks
            forget = {"job-id": "forget", "tag": _STATE, "devices": devices}
            self.monitor("snapshot-delete", **forget)
            self._wait_job("forget")
        self.monitor(
            "snapshot-save",
            **{"job-id": "save", "tag": _STATE, "vmstate": nodes[0], "devices": devices},
        )
        self._wait_job("save")
        self._write_state()
        self.monitor("quit")
        if self._process is not None:
            self._process.wait()
        target.mkdir(parents=True)
        for name in (
            *(path.name for path in self.overlays),
            VARS,
            "guest.json",
            "serial.log",
        ):
            if (self.directory / name).exists():
                _copy(self.directory / name, target / name)

    def resume(self, saved: Path) -> str:
        """`restore`, then set the guest's clock to the time now; returns the boot id."""
        self.restore(saved)
        boot_id = self.wait_ssh(300)
        self.ssh(f"date --utc --set=@{time.time():.0f}")
        return boot_id

    def restore(self, saved: Path) -> None:
        """Go on from a state saved by `snapshot`, with the same images, NICs and memory.

        The payload may be longer than it was: the rest is plugged in.
        """
        state = json.loads((saved / "guest.json").read_text("utf-8"))
        self.firmware = state["firmware"]
        later = self._payload[state["payload"] :]
        self._payload = self._payload[: state["payload"]]
        for path in saved.iterdir():
            _copy(path, self.directory / path.name)
        for image, overlay in zip(self._disks, self.overlays):  # the cache may have moved
            _qemu_img(*("rebase", "-u", "-F", "qcow2", "-b", os.path.abspath(image)), str(overlay))
        self.start("-loadvm", _STATE)
        self._restored = True
        for path in later:
            self.attach(path)

    def attach(self, path: Path) -> None:
        """Plug in a raw image, read-only: /dev/disk/by-id/virtio-payload0, then 1, ..."""
        name = f"payload{len(self._payload)}"
        if len(self._payload) == PAYLOADS:
            raise ValueError(f"a guest has {PAYLOADS} places for images")
        node = {"driver": "raw", "node-name": name, "read-only": True}
        file = {"driver": "file", "filename": os.path.abspath(path), "read-only": True}
        self.monitor("blockdev-add", **node, file=file)
        device = {"driver": "virtio-blk-pci", "drive": name, "id": name, "serial": name}
        self.monitor("device_add", **device, bus=f"port{len(self._payload)}")
        self._payload.append(path)

    def _machine(self) -> Machine:
        return Machine(
            directory=self.directory,
            firmware=self.firmware,
            disks=self.overlays,
            payload=self._payload,
            ssh_port=self._link.port,
            nics=self._switch.qemu_args if self._switch is not None else None,
            memory_mib=self._memory_mib,
            cpus=self._cpus,
        )

    def _wait_qmp(self) -> None:
        limit = time.monotonic() + 60
        while True:
            try:
                self.monitor("query-status")
                return
            except (OSError, qmp.QmpError) as error:
                if not self.running or time.monotonic() > limit:
                    raise GuestError(f"QEMU did not start: {self._qemu_log()}") from error
                time.sleep(0.1)

    def _wait_job(self, name: str) -> None:
        limit = time.monotonic() + 300
        while time.monotonic() < limit:
            jobs = qmp.execute(self.directory / "qmp.sock", "query-jobs")
            (job,) = (job for job in jobs if job["id"] == name)
            if job["status"] == "concluded":
                if "error" in job:
                    raise GuestError(f"QEMU could not save the state: {job['error']}")
                return
            time.sleep(0.2)
        raise GuestError("QEMU did not save the state in time")

    def _qemu_log(self) -> str:
        return (self.directory / "qemu.log").read_text("utf-8", "replace")[-2000:]

    def _write_state(self) -> None:
        pid = self._process.pid if self._process is not None else 0
        state: Dict[str, object] = {"pid": pid, "port": self._link.port, "firmware": self.firmware}
        state["payload"] = len(self._payload)
        (self.directory / "guest.json").write_text(json.dumps(state), "ascii")


def _copy(source: Path, target: Path) -> None:
    if source.suffix == ".qcow2":
        subprocess.run(
            ["cp", "--reflink=auto", "--sparse=auto", str(source), str(target)], check=True
        )
    else:
        shutil.copyfile(source, target)


def _qemu_img(*argv: str) -> None:
    subprocess.run(["qemu-img", *argv], check=True, stdout=subprocess.DEVNULL)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
