"""The vdsm stand-in: well only on a whole host, and its refusals name what is broken."""

import copy
import json
import os
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest

from tests.rig import vdsm
from tests.rig.vdsm.rigvdsm import daemon, tools
from tests.rig.vdsm.rigvdsm.identity import Broken, Pki, read_vdsm_id
from tests.rig.vdsm.rigvdsm.networks import Netconf, disagreements, management_address

VDSM_ID = "4c4c4544-0042-3510-8052-b4c04f4b3232"
NET: Dict[str, Any] = {
    "bonding": "bond0",
    "vlan": 100,
    "bridged": True,
    "stp": False,
    "mtu": 1500,
    "bootproto": "none",
    "ipaddr": "192.0.2.10",
    "netmask": "255.255.255.0",
    "defaultRoute": True,
    "switch": "legacy",
}
BOND: Dict[str, Any] = {
    "nics": ["eth1", "eth2"],
    "options": "mode=1 miimon=100",
    "switch": "legacy",
}


def _links() -> List[Dict[str, Any]]:
    """As `ip -json -details address show` prints the chain (only keys that matter)."""
    return [
        {"ifname": "lo", "flags": ["UP"], "addr_info": []},
        {"ifname": "eth1", "master": "bond0", "flags": ["UP"], "mtu": 1500, "addr_info": []},
        {"ifname": "eth2", "master": "bond0", "flags": ["UP"], "mtu": 1500, "addr_info": []},
        {
            "ifname": "bond0",
            "flags": ["UP"],
            "mtu": 1500,
            "addr_info": [],
            "linkinfo": {"info_kind": "bond", "info_data": {"mode": "active-backup"}},
        },
        {
            "ifname": "bond0.100",
            "link": "bond0",
            "master": "ovirtmgmt",
            "flags": ["UP"],
            "mtu": 1500,
            "linkinfo": {"info_kind": "vlan", "info_data": {"id": 100}},
            "addr_info": [],
        },
        {
            "ifname": "ovirtmgmt",
            "flags": ["UP"],
            "mtu": 1500,
            "linkinfo": {"info_kind": "bridge"},
            "addr_info": [{"family": "inet", "local": "192.0.2.10", "prefixlen": 24}],
        },
    ]


def _openssl(directory: Path, *argv: str) -> None:
    subprocess.run(
        ["openssl", *argv],
        cwd=directory,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _authority(directory: Path, name: str) -> None:
    _openssl(
        directory,
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        f"/CN={name}",
        "-days",
        "30",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.pem",
    )


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A whole host's root."""
    made, root = tmp_path / "made", tmp_path / "root"
    made.mkdir()
    _authority(made, "ca")
    _openssl(
        made,
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=host",
        "-keyout",
        "host.key",
        "-out",
        "host.csr",
    )
    _openssl(
        made,
        "x509",
        "-req",
        "-in",
        "host.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "30",
        "-out",
        "host.pem",
    )
    for source, target, mode in (
        ("ca.pem", "certs/cacert.pem", 0o644),
        ("host.pem", "certs/vdsmcert.pem", 0o644),
        ("host.key", "keys/vdsmkey.pem", 0o440),
    ):
        path = root / "etc/pki/vdsm" / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((made / source).read_bytes())
        path.chmod(mode)
    (root / "etc/vdsm").mkdir()
    (root / "etc/vdsm/vdsm.id").write_text(VDSM_ID + "\n")
    netconf = root / "var/lib/vdsm/persistence/netconf.AbCdEfGh"
    for kind, name, value in (("nets", "ovirtmgmt", NET), ("bonds", "bond0", BOND)):
        (netconf / kind).mkdir(parents=True)
        (netconf / kind / name).write_text(json.dumps(value, indent=4))
    (netconf.parent / "netconf").symlink_to("/var/lib/vdsm/persistence/netconf.AbCdEfGh")
    return root


def test_whole_host_is_accepted(host: Path) -> None:
    assert read_vdsm_id(host) == VDSM_ID
    Pki(host).check(uid=os.geteuid())
    wanted = Netconf.read(host)
    assert disagreements(wanted, _links()) == []
    assert management_address(wanted, _links()) == "192.0.2.10"


def _other_authority(root: Path) -> None:
    _authority(root, "other")
    (root / "etc/pki/vdsm/certs/cacert.pem").write_bytes((root / "other.pem").read_bytes())


def _other_key(root: Path) -> None:
    _authority(root, "other")
    key = root / "etc/pki/vdsm/keys/vdsmkey.pem"
    key.write_bytes((root / "other.key").read_bytes())


@pytest.mark.parametrize(
    "damage, complaint",
    [
        (
            lambda root: (root / "etc/pki/vdsm/certs/vdsmcert.pem").unlink(),
            "vdsmcert.pem: No such file",
        ),
        (
            lambda root: (root / "etc/pki/vdsm/keys/vdsmkey.pem").chmod(0o444),
            "can be used by others",
        ),
        (
            lambda root: (root / "etc/pki/vdsm/certs/cacert.pem").write_text("junk"),
            "is not verified by",
        ),
        (_other_authority, "is not verified by"),
        (_other_key, "do not make a pair"),
    ],
)
def test_broken_certificates_are_refused(
    host: Path, damage: Callable[[Path], None], complaint: str
) -> None:
    damage(host)
    with pytest.raises(Broken, match=complaint):
        Pki(host).check(uid=os.geteuid())


def test_certificates_of_another_uid_are_refused(host: Path) -> None:
    with pytest.raises(Broken, match="belongs to uid"):
        Pki(host).check(uid=os.geteuid() + 1)


@pytest.mark.parametrize("text", ["", "not-a-uuid"])
def test_vdsm_id_must_be_a_uuid(host: Path, text: str) -> None:
    (host / "etc/vdsm/vdsm.id").write_text(text)
    with pytest.raises(Broken, match="holds no UUID"):
        read_vdsm_id(host)


def _without(name: str) -> Callable[[List[Dict[str, Any]]], Any]:
    def damage(links: List[Dict[str, Any]]) -> None:
        links[:] = [link for link in links if link["ifname"] != name]

    return damage


def _changed(name: str, **values: Any) -> Callable[[List[Dict[str, Any]]], Any]:
    def damage(links: List[Dict[str, Any]]) -> None:
        next(link for link in links if link["ifname"] == name).update(values)

    return damage


@pytest.mark.parametrize(
    "damage, complaint",
    [
        (_without("bond0"), "bond bond0: no such bond"),
        (_without("eth2"), "bond bond0: members are ['eth1'], not ['eth1', 'eth2']"),
        (
            _changed("bond0", linkinfo={"info_kind": "bond", "info_data": {"mode": "802.3ad"}}),
            "mode is not active-backup",
        ),
        (_without("bond0.100"), "VLAN device bond0.100 is missing"),
        (
            _changed("bond0.100", linkinfo={"info_kind": "vlan", "info_data": {"id": 101}}),
            "is not VLAN 100 on bond0",
        ),
        (_changed("bond0.100", link="eth1"), "is not VLAN 100 on bond0"),
        (_changed("bond0.100", master=None), "bond0.100 is not a port of the bridge"),
        (_without("ovirtmgmt"), "network ovirtmgmt: ovirtmgmt is missing"),
        (_changed("ovirtmgmt", addr_info=[]), "address 192.0.2.10/24 is not on ovirtmgmt"),
        (_changed("ovirtmgmt", mtu=9000), "MTU is 9000, not 1500"),
        (_changed("ovirtmgmt", flags=[]), "ovirtmgmt is down"),
    ],
)
def test_each_difference_of_the_links_is_named(
    host: Path, damage: Callable[[List[Dict[str, Any]]], Any], complaint: str
) -> None:
    links = copy.deepcopy(_links())
    damage(links)
    assert any(complaint in text for text in disagreements(Netconf.read(host), links))


def test_without_persisted_networks_it_is_not_well(tmp_path: Path) -> None:
    assert disagreements(Netconf.read(tmp_path), _links()) == ["network ovirtmgmt is not persisted"]


def test_server_answers_with_the_carried_certificate(host: Path) -> None:
    line = daemon.answer(VDSM_ID, Netconf.read(host))
    with daemon.Server(("127.0.0.1", 0), Pki(host).server_context(), line) as server:
        port = server.socket.getsockname()[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        context = ssl.create_default_context(cafile=str(host / "etc/pki/vdsm/certs/cacert.pem"))
        context.check_hostname = False
        # a silent client must not block the next one
        silent = socket.create_connection(("127.0.0.1", port))
        with context.wrap_socket(socket.create_connection(("127.0.0.1", port))) as client:
            answer = json.loads(client.makefile().readline())
        silent.close()
        server.shutdown()
    assert (answer["vdsm_id"], answer["nets"]) == (VDSM_ID, ["ovirtmgmt"])


def test_tool_and_client(host: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tools.tool(["vdsm-id"], host) == 0 and tools.tool(["list-nets"], host) == 0
    assert capsys.readouterr().out == f"{VDSM_ID}\novirtmgmt (default route)\n"
    assert tools.client(["Host", "nonsense"], host) == 2
    assert tools.running_vms(host) == []
    (host / "run/vdsm").mkdir(parents=True)
    (host / tools.VMS).write_text('["one", "two"]')
    assert tools.running_vms(host) == ["one", "two"]
    (host / "etc/vdsm/vdsm.id").unlink()
    assert tools.tool(["vdsm-id"], host) == 1


def test_install_gives_programs_that_start(tmp_path: Path) -> None:
    for _ in range(2):
        vdsm.install(tmp_path)
    for name in ("usr/libexec/vdsm/vdsmd", "usr/bin/vdsm-client", "usr/bin/vdsm-tool"):
        text = (
            (tmp_path / name)
            .read_text()
            .replace('"/usr/libexec/vdsm"', repr(str(tmp_path / "usr/libexec/vdsm")))
        )
        done = subprocess.run(
            ["/usr/bin/python3", "-c", text, "nonsense"],
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
        assert done.returncode in (1, 2) and done.stderr.startswith(("vdsmd: ", "usage: "))
