"""Who a host is to OVN, by the word of a real Open vSwitch, and again from a copy of its database.

It switches nothing: its datapath is the dummy of its own tests.
"""

import os
import shutil
from typing import Any, Dict

import pytest

from ng2coreos.core.host import Host
from ng2coreos.firstboot import checks
from ng2coreos.firstboot.probe import Look
from ng2coreos.model.facts import Package
from ng2coreos.model.item import Check
from plugins.ovn import DATABASES, Ovn
from tests.plan.build import host as an_ng
from tests.plan.build import target
from tests.rig.programs import Programs
from tests.stage.namespace import in_namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounts")
DATABASE = DATABASES[0]
VERSION = "3.5.0"
SOCKET = "/run/openvswitch/db.sock"
SERVER = ("ovsdb-server", f"--remote=punix:{SOCKET}", "--no-chdir", DATABASE)
SWITCH = ("/usr/lib/openvswitch-switch/ovs-vswitchd", "--enable-dummy=override",
          "--disable-system", "--no-chdir", f"unix:{SOCKET}")
# As `vdsm-tool ovn-config` and an admin leave it
IDS = {"ovn-remote": "ssl:192.0.2.1:6642", "ovn-encap-type": "geneve", "system-id": "node01",
       "ovn-encap-ip": "192.0.2.10", "ovn-bridge-mappings": '"red:vdsmbr_a1,blue:vdsmbr_b2"'}
TOLD = {**IDS, "ovn-bridge-mappings": IDS["ovn-bridge-mappings"].strip('"')}
KEYS = ("/etc/openvswitch/key.pem", "/etc/openvswitch/cert.pem", "/usr/share/site/ca.pem")
SEEN = {"ids": TOLD, "version": VERSION, "silent": False, "keys": sorted(KEYS)}


def proved(machine: Programs, mine: Dict[str, Any]) -> Any:
    package = Package("openvswitch", 0, VERSION, "1", "x86_64")
    found = Ovn().contribute(an_ng(), mine, target(packages=(package,)))
    (check,) = (c for c in found.checks if c.kind == "openvswitch")
    return checks.prove(Check(check.id, check.kind, check.title, dict(check.params)),
                        Look(Host(str(machine.root), machine.run)))


def test_what_it_was_told_is_known_and_its_copy_proves_it() -> None:
    def plays() -> None:
        machine = Programs()
        host = Host(str(machine.root), machine.run)

        def ovs(*argv: str) -> None:
            done = machine.run(["ovs-vsctl", "--timeout=60", *argv])
            assert done.returncode == 0, done

        def listens() -> bool:
            return machine.run(["ovs-vsctl", "--no-wait", "--timeout=1", "init"]).returncode == 0

        def switches() -> bool:  # its client waits for it; ovs-ctl(8) tells the version so
            return machine.run(["ovs-vsctl", "--timeout=5", "set", "Open_vSwitch", ".",
                                f"ovs_version={VERSION}"]).returncode == 0

        assert Ovn().facts(host) == {}
        made = machine.run(["ovsdb-tool", "create", DATABASE,
                            "/usr/share/openvswitch/vswitch.ovsschema"])
        assert made.returncode == 0, made
        with machine.daemon(*SERVER, ready=listens), machine.daemon(*SWITCH, ready=switches):
            nobody = Ovn().facts(host)
            assert nobody == {**SEEN, "ids": {}, "keys": [], "volatile": {
                "bridges": [], "failed": [], "why": ""}}
            ovs("set", "Open_vSwitch", ".", *(f"external_ids:{k}={v}" for k, v in IDS.items()))
            for bridge in ("vdsmbr_a1", "br-int"):
                ovs("add-br", bridge, "--", "add-port", bridge, f"{bridge}-p", "--", "set",
                    "interface", f"{bridge}-p", "type=internal")
            ovs("set-ssl", *KEYS)
            machine.run(["ovs-vsctl", "--timeout=60", "add-port", "br-int", "vnet9", "--", "set",
                         "interface", "vnet9", "type=odd"])  # no such type: as one without a device
            mine = Ovn().facts(host)
            (failed,) = mine["volatile"]["failed"]
            assert failed.startswith("vnet9: ")
            assert mine == {**SEEN, "volatile": {
                "bridges": ["br-int", "vdsmbr_a1"], "failed": [failed], "why": ""}}
            assert proved(machine, mine).ok
            shutil.copy(machine.root / DATABASE[1:], machine.root / "tmp/carried")
            ovs("del-br", "br-int", "--", "remove", "Open_vSwitch", ".", "external_ids",
                "ovn-remote")
            wrong = proved(machine, mine)
            assert not wrong.ok
            assert "ovn-remote is missing" in wrong.detail and "br-int" in wrong.detail
        shutil.copy(machine.root / "tmp/carried", machine.root / DATABASE[1:])
        (machine.root / SOCKET[1:]).unlink()
        silent = Ovn().facts(host)
        why = silent["volatile"]["why"]
        assert "database connection failed" in why, why
        assert silent == {**mine, "silent": True, "volatile": {**mine["volatile"], "why": why}}
        with machine.daemon(*SERVER, ready=listens):  # as on the new system, before its switch runs
            assert proved(machine, mine).ok

    in_namespace(plays)
