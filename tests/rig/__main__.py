"""For developers: `python -m tests.rig build|boot|ssh|type|stop ...`; see --help."""

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import List, Optional

from . import ng
from .cache import cache_dir
from .guest import Guest
from .sshlink import SshLink
from .switch import Switch


def main(argv: Optional[List[str]] = None) -> int:
    """Run one command; the exit status of `ssh` is that of the command in the guest."""
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build the NG stand-in's disks and print their paths")
    build.add_argument("--boot-fs", choices=("ext4", "xfs"), default="ext4")
    boot = commands.add_parser("boot", help="boot an NG stand-in and keep it until it is stopped")
    boot.add_argument("name")
    boot.add_argument("--uefi", action="store_true")
    boot.add_argument("--boot-fs", choices=("ext4", "xfs"), default="ext4")
    ssh = commands.add_parser("ssh", help="run a command in a guest")
    ssh.add_argument("name")
    ssh.add_argument("words", nargs=argparse.REMAINDER)
    stop = commands.add_parser("stop", help="power off a guest")
    stop.add_argument("name")
    options = parser.parse_args(argv)
    if options.command == "build":
        print(*ng.build(options.boot_fs).disks, sep="\n")
        return 0
    directory = cache_dir() / "guests" / options.name
    if options.command == "boot":
        return _boot(directory, options.boot_fs, "uefi" if options.uefi else "bios")
    state = json.loads((directory / "guest.json").read_text("utf-8"))
    if options.command == "stop":
        os.kill(state["pid"], signal.SIGTERM)
        return 0
    result = SshLink(state["port"], directory).run(" ".join(options.words) or "uptime", check=False)
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    return result.rc


def _boot(directory: Path, boot_fs: str, firmware: str) -> int:
    """Stays in the foreground: the switch lives in this process."""
    with Switch() as switch, Guest(directory, ng.build(boot_fs).disks, switch=switch) as guest:
        guest.boot(firmware)
        print(
            f"up: console in {guest.serial.log}, vdsm at 127.0.0.1:{switch.host_port}", flush=True
        )
        try:
            guest.wait_end()
        except (KeyboardInterrupt, subprocess.SubprocessError):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
