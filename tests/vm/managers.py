"""NG's NetworkManager and then CoreOS' on the same two cards, beside a router of each; no guest.

    unshare --net --mount --pid --fork --mount-proc \\
        python -m tests.vm.managers NG COREOS PLACE LOST...

NG and COREOS are the stand-ins' trees, PLACE is an empty directory; what is called LOST is not
carried from one to the other.  Prints as JSON what each of them holds and the clients that the
routers knew by then.
"""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

from tests.rig.dhcp import Router
from tests.vm import addresses

MACHINE_ID = "/etc/machine-id"
STATE = "/var/lib/NetworkManager"
CONNECTIONS = "/etc/NetworkManager/system-connections"
_DEADLINE_S = 300.0

Routers = Dict[int, Router]
_ALL_PROTOCOLS = 3  # ETH_P_ALL


def main(ng: Path, coreos: Path, place: Path, lost: List[str]) -> None:
    """Let each hold its addresses in turn; `lost` are paths of the host."""
    _run("mount", "--make-rprivate", "/")
    routers = addresses.routers()
    _cards(routers)
    kept = place / "kept"
    for path in (STATE, CONNECTIONS):
        (kept / path[1:]).mkdir(parents=True)
    (kept / MACHINE_ID[1:]).write_text("0123456789abcdef0123456789abcdef\n", "ascii")
    ask = [f"nmcli connection add type ethernet con-name outside{vlan} ifname {_card(vlan)} "
           f"{addresses.asking(vlan)}" for vlan in routers]
    found = [_held(place / "ng", ng, ng / "etc", kept, ask, routers)]
    for path in lost:
        (kept / path[1:]).unlink(missing_ok=True)
    found.append(_held(place / "coreos", coreos, coreos / "usr/etc", kept, [], routers))
    print(json.dumps(found))


def _cards(routers: Routers) -> None:
    """A card for each router, which listens at its other end."""
    _run("ip", "link", "set", "lo", "up")
    for vlan, router in routers.items():
        end = f"router{vlan}"
        _run("ip", "link", "add", _card(vlan), "address", f"52:54:00:00:0a:{vlan:02x}",
             "type", "veth", "peer", "name", end)
        Path(f"/proc/sys/net/ipv6/conf/{end}/disable_ipv6").write_text("1", "ascii")
        _run("ip", "link", "set", end, "up")
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        link.bind((end, 0))
        threading.Thread(target=_serve, args=(link, router), daemon=True).start()


def _serve(link: socket.socket, router: Router) -> None:
    while True:
        frame, source = link.recvfrom(65536)
        if source[2] != socket.PACKET_OUTGOING:
            for answer in router.hear(frame):
                link.send(answer)


def _held(root: Path, tree: Path, etc: Path, kept: Path, commands: List[str],
          routers: Routers) -> Dict[str, Any]:
    """What this system's NetworkManager holds after these commands; it has ended by then."""
    _mount(root, tree, etc, kept)
    inside = ["chroot", str(root)]
    bus = subprocess.Popen([*inside, "dbus-daemon", "--system", "--nofork", "--nopidfile"])
    _wait(lambda: (root / "run/dbus/system_bus_socket").is_socket(), "D-Bus")
    manager = subprocess.Popen([*inside, "/usr/sbin/NetworkManager", "--debug"],
                               stdout=sys.stderr)
    _wait(lambda: subprocess.run([*inside, "nmcli", "general"], check=False,
                                 stdout=subprocess.DEVNULL).returncode == 0, "NetworkManager")
    for command in commands:
        subprocess.run([*inside, *command.split()], check=True, stdout=sys.stderr)
    found: Dict[str, List[str]] = {}

    def complete() -> bool:
        for vlan in routers:
            argv = [*inside, *addresses.question(_card(vlan)).split()]
            out = subprocess.run(argv, check=False, stdout=subprocess.PIPE, text=True).stdout
            found[_card(vlan)] = addresses.answer(out)
        return addresses.is_complete(found)

    _wait(complete, "the addresses", found)
    for daemon in (manager, bus):
        daemon.terminate()
        daemon.wait()
    for vlan in routers:
        _run("ip", "link", "set", _card(vlan), "down")
        _run("ip", "address", "flush", "dev", _card(vlan))
    clients = {vlan: [str(c) for c in (*router.leases.items(), *router.leases6.items())]
               for vlan, router in routers.items()}
    return {"held": found, "clients": clients}


def _mount(root: Path, tree: Path, etc: Path, kept: Path) -> None:
    """A root with the tree's /usr (read only), an /etc of its own, and what is kept."""
    root.mkdir()
    _run("mount", "-t", "tmpfs", "tmpfs", str(root))
    for name in ("usr", "proc", "sys", "dev", "run/dbus", "tmp", "var/lib"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "var/run").symlink_to("../run")
    shutil.copytree(etc, root / "etc", symlinks=True)
    _run("mount", "--bind", "-o", "ro", str(tree / "usr"), str(root / "usr"))
    (root / "etc/NetworkManager/conf.d/rig.conf").write_text("[main]\nno-auto-default=*\n", "ascii")
    for path in (STATE, CONNECTIONS):
        (root / path[1:]).mkdir(parents=True, exist_ok=True)
        _run("mount", "--bind", str(kept / path[1:]), str(root / path[1:]))
    shutil.copy(kept / MACHINE_ID[1:], root / MACHINE_ID[1:])
    _run("mount", "--rbind", "/dev", str(root / "dev"))
    _run("mount", "--bind", "/proc", str(root / "proc"))
    _run("mount", "-t", "sysfs", "-o", "ro", "sysfs", str(root / "sys"))  # it asks no udev then


def _card(vlan: int) -> str:
    return f"bond0.{vlan}"


def _wait(done: Callable[[], bool], name: str, seen: object = "") -> None:
    limit = time.monotonic() + _DEADLINE_S
    while not done():
        if time.monotonic() > limit:
            raise SystemExit(f"{name} did not come: {seen}")
        time.sleep(0.5)


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
