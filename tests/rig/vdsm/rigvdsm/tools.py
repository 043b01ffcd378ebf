"""vdsm-client and vdsm-tool, as far as a migration asks them."""

import json
import socket
import sys
from pathlib import Path
from typing import Any, List

from .daemon import PORT
from .identity import Broken, Pki, read_vdsm_id
from .networks import MANAGEMENT, Netconf, live_links, management_address

VMS = "run/vdsm/vms"
_CONNECT_TIMEOUT_S = 20


def client(argv: List[str], root: Path = Path("/")) -> int:
    """``vdsm-client Host getVMList|getStats``; as the real one it needs the daemon to be there.

    The VMs that "run" are the ids in the JSON list in /run/vdsm/vms; no file means none.
    """
    if argv not in (["Host", "getVMList"], ["Host", "getStats"]):
        print("usage: vdsm-client Host {getVMList,getStats}", file=sys.stderr)
        return 2
    try:
        address = management_address(Netconf.read(root), live_links())
        socket.create_connection((address, PORT), _CONNECT_TIMEOUT_S).close()
    except (Broken, KeyError, OSError) as error:
        print(f"vdsm-client: Connection to localhost:{PORT} failed: {error}", file=sys.stderr)
        return 1
    vms = running_vms(root)
    stats = {"vmCount": len(vms), "vmActive": len(vms), "vmMigrating": 0}
    json.dump(vms if argv[1] == "getVMList" else stats, sys.stdout, indent=4)
    print()
    return 0


def tool(argv: List[str], root: Path = Path("/")) -> int:
    """``vdsm-tool vdsm-id|list-nets|validate-config``."""
    verbs = {"vdsm-id": _vdsm_id, "list-nets": _list_nets, "validate-config": _validate_config}
    if len(argv) != 1 or argv[0] not in verbs:
        print(f"usage: vdsm-tool {{{','.join(verbs)}}}", file=sys.stderr)
        return 2
    try:
        verbs[argv[0]](root)
    except Broken as error:
        print(f"vdsm-tool: {error}", file=sys.stderr)
        return 1
    return 0


def running_vms(root: Path) -> List[Any]:
    """The list in /run/vdsm/vms."""
    path = root / VMS
    if not path.exists():
        return []
    value = json.loads(path.read_text("utf-8"))
    if not isinstance(value, list):
        raise ValueError(f"{path} is not a JSON list")
    return value


def _vdsm_id(root: Path) -> None:
    print(read_vdsm_id(root))


def _list_nets(root: Path) -> None:
    for name, net in sorted(Netconf.read(root).nets.items()):
        print(f"{name} (default route)" if net.get("defaultRoute") else name)


def _validate_config(root: Path) -> None:
    read_vdsm_id(root)
    Pki(root).check()
    if MANAGEMENT not in Netconf.read(root).nets:
        raise Broken(f"network {MANAGEMENT} is not persisted")
