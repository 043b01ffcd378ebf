"""Each kind of check: holds, does not hold and says why, and whatever goes wrong is no crash."""

import json
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from ng2coreos.core.errors import CommandFailed
from ng2coreos.firstboot import checks
from ng2coreos.firstboot.probe import Look
from ng2coreos.model import openvswitch
from ng2coreos.model.item import Check
from ng2coreos.model.proof import Proof
from tests.fakes import FakeHost

Words = Tuple[str, ...]


def look(host: FakeHost, kind: str, **params: Any) -> Proof:
    """The outcome of one check."""
    return checks.prove(Check("id", kind, "Title", params), Look(host, time.monotonic() + 5))


def shows(host: FakeHost, unit: str, **values: str) -> None:
    """Script `systemctl show` of one unit."""
    text = "".join(f"{key}={value}\n" for key, value in values.items())
    host.on("systemctl", "show", ..., stdout=text)
    del unit


def test_unit_active(fake_host: FakeHost) -> None:
    shows(fake_host, "a", LoadState="loaded", ActiveState="active", SubState="running")
    assert look(fake_host, "unit-active", unit="a.service").ok
    assert fake_host.commands[-1][-2:] == ("--", "a.service")


@pytest.mark.parametrize("values, reason", [
    ({"LoadState": "not-found", "ActiveState": "inactive"}, "not-found"),
    ({"LoadState": "masked", "ActiveState": "inactive"}, "masked"),
    ({"LoadState": "loaded", "ActiveState": "activating", "SubState": "start"},
     "activating (start)"),
    ({"LoadState": "loaded", "ActiveState": "failed", "SubState": "failed", "Result": "exit-code"},
     "exit-code"),
])
def test_unit_not_active(fake_host: FakeHost, values: Any, reason: str) -> None:
    shows(fake_host, "a", **values)
    found = look(fake_host, "unit-active", unit="a.service")
    assert not found.ok and reason in found.detail


@pytest.mark.parametrize("values, ok", [
    ({"UnitFileState": "enabled"}, True),
    ({"UnitFileState": "alias"}, True),
    ({"UnitFileState": "static", "WantedBy": "multi-user.target"}, True),
    ({"UnitFileState": "static"}, False),
    ({"UnitFileState": "disabled", "WantedBy": ""}, False),
    ({"UnitFileState": "masked", "WantedBy": "multi-user.target"}, False),
    ({"LoadState": "not-found"}, False),
])
def test_unit_enabled(fake_host: FakeHost, values: Any, ok: bool) -> None:
    shows(fake_host, "a", **values)
    assert look(fake_host, "unit-enabled", unit="a.service").ok is ok


def test_no_failed_units(fake_host: FakeHost) -> None:
    line = "{} loaded failed failed Some text\n"
    fake_host.on("systemctl", "list-units", ..., times=3,
                 stdout=line.format("a.service") + line.format("user@5.service"))
    assert look(fake_host, "no-failed-units", allow=["a.service", "user@*.service"]).ok
    found = look(fake_host, "no-failed-units", allow=["a.service"])
    assert not found.ok and found.detail == "failed: user@5.service"
    assert not look(fake_host, "no-failed-units").ok


def test_boot_finished(fake_host: FakeHost) -> None:
    fake_host.on("systemctl", "is-system-running", rc=1, stdout="starting\n")
    fake_host.on("systemctl", "list-jobs", ..., stdout="7 slow.service start running\n"
                                                       "8 late.service start waiting\n")
    found = look(fake_host, "boot-finished")
    assert not found.ok and found.detail == "the system is starting, waits for slow.service"
    fake_host.on("systemctl", "is-system-running", rc=1, stdout="degraded\n")
    assert look(fake_host, "boot-finished").ok


ADDRESSES = [{"ifname": "ovirtmgmt", "addr_info": [{"local": "192.0.2.7", "prefixlen": 24},
                                                   {"local": "2001:db8::7", "prefixlen": 64}]}]


@pytest.mark.parametrize("wanted, ok", [
    ("192.0.2.7", True), ("192.0.2.7/24", True), ("192.0.2.7/25", False), ("192.0.2.70", False),
    ("2001:db8:0::7", True), ("2001:db8::7/64", True)])
def test_address(fake_host: FakeHost, wanted: str, ok: bool) -> None:
    fake_host.on("ip", "-details", "-json", "address", "show", "dev", "ovirtmgmt",
                 stdout=json.dumps(ADDRESSES))
    found = look(fake_host, "address", interface="ovirtmgmt", address=wanted)
    assert found.ok is ok
    assert "192.0.2.7/24" in found.detail


def test_address_of_an_interface_that_is_missing(fake_host: FakeHost) -> None:
    fake_host.on("ip", ..., rc=1, stderr='Device "x" does not exist.')
    found = look(fake_host, "address", interface="x", address="192.0.2.7")
    assert not found.ok and "does not exist" in found.detail


FROM_OUTSIDE = [{"ifname": "bond0.200", "addr_info": [
    {"family": "inet", "local": "192.0.2.9", "prefixlen": 24, "scope": "global"},
    {"family": "inet", "local": "198.51.100.7", "prefixlen": 24, "scope": "global",
     "dynamic": True},
    {"family": "inet6", "local": "2001:db8::5", "prefixlen": 64, "scope": "global",
     "dynamic": True, "temporary": True},
    {"family": "inet6", "local": "fe80::7", "prefixlen": 64, "scope": "link", "dynamic": True},
    {}]}]


@pytest.mark.parametrize("address, ok, detail", [
    ("198.51.100.7/24", True, "198.51.100.7/24"),
    ("198.51.100.8/24", True, "it is 198.51.100.7/24 now: the servers there decide"),
    ("192.0.2.9/24", True, "it is 198.51.100.7/24 now: the servers there decide"),
    ("2001:db8::7/64", False, "bond0.200 has got no address of IPv6")])
def test_an_address_from_outside_may_be_another_one(fake_host: FakeHost, address: str, ok: bool,
                                                    detail: str) -> None:
    fake_host.on("ip", "-details", "-json", "address", "show", "dev", "bond0.200",
                 stdout=json.dumps(FROM_OUTSIDE))
    found = look(fake_host, "dynamic-address", interface="bond0.200", address=address)
    assert (found.ok, found.detail) == (ok, detail)


@pytest.mark.parametrize("params, ok", [
    ({"via": "192.0.2.1", "interface": "ovirtmgmt"}, True), ({"via": "192.0.2.1"}, True),
    ({"interface": "ovirtmgmt"}, True), ({"via": "192.0.2.2"}, False),
    ({"via": "192.0.2.1", "interface": "em1"}, False)])
def test_route(fake_host: FakeHost, params: Any, ok: bool) -> None:
    fake_host.on("ip", "-details", "-json", "-4", "route", "show", "default", stdout=json.dumps(
        [{"dst": "default", "gateway": "192.0.2.1", "dev": "ovirtmgmt"}]))
    assert look(fake_host, "route", destination="default", **params).ok is ok


def test_route_of_ipv6_and_several_next_hops(fake_host: FakeHost) -> None:
    fake_host.on("ip", "-details", "-json", "-6", "route", "show", "default", stdout=json.dumps(
        [{"dst": "default", "nexthops": [{"gateway": "fe80::1", "dev": "a"},
                                         {"gateway": "fe80::2", "dev": "b"}]}]))
    assert look(fake_host, "route", destination="default", via="fe80::2", interface="b").ok


def test_a_route_that_is_missing(fake_host: FakeHost) -> None:
    fake_host.on("ip", ..., stdout="")
    found = look(fake_host, "route", destination="default", via="192.0.2.1")
    assert not found.ok and found.detail == "the route to default is missing"


def test_link_mac_is_the_permanent_one(fake_host: FakeHost) -> None:
    link = {"ifname": "em1", "address": "52:54:00:00:00:99", "permaddr": "52:54:00:00:00:01"}
    fake_host.on("ip", "-details", "-json", "link", "show", "dev", "em1", times=2,
                 stdout=json.dumps([link]))
    assert look(fake_host, "link-mac", interface="em1", mac="52:54:00:00:00:01").ok
    assert not look(fake_host, "link-mac", interface="em1", mac="52:54:00:00:00:99").ok


def test_link_belongs_to_its_controller_and_has_its_mtu(fake_host: FakeHost) -> None:
    link = {"ifname": "em1", "master": "bond0", "mtu": 9000}
    fake_host.on("ip", "-details", "-json", "link", "show", "dev", "em1", times=3,
                 stdout=json.dumps([link]))
    assert look(fake_host, "link", interface="em1", controller="bond0", mtu=9000).ok
    assert look(fake_host, "link", interface="em1", mtu=9000).ok
    found = look(fake_host, "link", interface="em1", controller="br0", mtu=1500)
    assert not found.ok
    assert found.detail == "em1 belongs to bond0, not br0; the MTU of em1 is 9000, not 1500"
    fake_host.on("ip", ..., stdout="[]")
    assert look(fake_host, "link", interface="em2", mtu=1).detail == "there is no em2"


def test_virtual_functions_are_counted(fake_host: FakeHost) -> None:
    fake_host.write("/sys/class/net/em1/device/sriov_numvfs", "7\n")
    assert look(fake_host, "virtual-functions", interface="em1", count=7).ok
    assert not look(fake_host, "virtual-functions", interface="em1", count=8).ok
    assert look(fake_host, "virtual-functions", interface="em2", count=1).detail == (
        "em2 has 0 virtual functions, not 1")


def test_mount(fake_host: FakeHost) -> None:
    top = {"target": "/var", "source": "/dev/mapper/onn-ng2coreos_var", "uuid": "u1"}
    fake_host.on("findmnt", ..., times=3, stdout=json.dumps({"filesystems": [{"uuid": "u0"}, top]}))
    assert look(fake_host, "mount", target="/var", uuid="u1").ok
    assert look(fake_host, "mount", target="/var").ok
    found = look(fake_host, "mount", target="/var", uuid="u0")
    assert not found.ok and "u1" in found.detail
    fake_host.on("findmnt", ..., rc=1)
    assert "nothing is mounted" in look(fake_host, "mount", target="/var", uuid="u1").detail


def test_deployment(fake_host: FakeHost) -> None:
    commit = "ab" * 32
    fake_host.write("/proc/cmdline", "root=x ostree=/ostree/boot.1/os/csum/0 ro")
    fake_host.link("/sysroot/ostree/boot.1", "boot.1.1")
    fake_host.link("/sysroot/ostree/boot.1.1/os/csum/0", f"../../../deploy/os/deploy/{commit}.0")
    fake_host.write(f"/sysroot/ostree/deploy/os/deploy/{commit}.0/x")
    assert look(fake_host, "deployment", commit=commit).ok
    fake_host.on("rpm-ostree", "status", "--json", rc=1, stderr="error: no daemon\n")
    assert f"running {commit}" in look(fake_host, "deployment", commit="cd" * 32).detail
    fake_host.write("/proc/cmdline", "root=x")
    assert not look(fake_host, "deployment", commit=commit).ok


def test_kernel_arg(fake_host: FakeHost) -> None:
    fake_host.write("/proc/cmdline", "a=b quiet console=ttyS0,115200\n")
    assert look(fake_host, "kernel-arg", arg="console=ttyS0,115200").ok
    assert not look(fake_host, "kernel-arg", arg="console=ttyS0").ok


@pytest.mark.parametrize("uuids, exact, reason", [
    (["u1", "u2"], True, ""), (["u1"], True, "/dev/sdb (u2) was not there before"),
    (["u1"], False, ""), (["u1", "u2", "u3"], False, "u3 is missing")])
def test_pv_set(fake_host: FakeHost, uuids: Any, exact: bool, reason: str) -> None:
    fake_host.on("pvs", ..., stdout=json.dumps({"report": [{"pv": [
        {"pv_uuid": "u1", "pv_name": "/dev/sda"}, {"pv_uuid": "u2", "pv_name": "/dev/sdb"}]}]}))
    found = look(fake_host, "pv-set", uuids=uuids, exact=exact)
    assert found.ok is (not reason) and reason in found.detail


@pytest.mark.parametrize("said, there, reason", [
    ("use_devicesfile=1\n", True, ""), ("use_devicesfile=1\n", False, "system.devices is missing"),
    ("use_devicesfile=0\n", True, "says use_devicesfile=0"),
    ("", True, "says nothing of devices/")])
def test_lvm_devices(fake_host: FakeHost, said: str, there: bool, reason: str) -> None:
    fake_host.on("lvmconfig", ..., stdout=said)
    if there:
        fake_host.write("/etc/lvm/devices/system.devices")
    found = look(fake_host, "lvm-devices")
    assert found.ok is (not reason) and reason in found.detail


@pytest.mark.parametrize("stderr, ok", [
    ("  Configuration node devices/use_devicesfile not found\n", True), ("broken\n", False)])
def test_an_lvm_that_knows_no_devices_file(fake_host: FakeHost, stderr: str, ok: bool) -> None:
    fake_host.on("lvmconfig", ..., rc=5, stderr=stderr)
    assert look(fake_host, "lvm-devices").ok is ok


@pytest.mark.parametrize("params, reason", [
    ({}, ""), ({"uid": 36, "gid": 36}, ""), ({"groups": ["kvm", "qemu"]}, ""),
    ({"uid": 37}, "uid is 36, not 37"), ({"gid": 107}, "gid is 36"),
    ({"groups": ["sanlock"]}, "not in group sanlock")])
def test_user(fake_host: FakeHost, params: Any, reason: str) -> None:
    fake_host.write("/usr/lib/passwd", "vdsm:x:36:36:Node:/var/lib/vdsm:/sbin/nologin\n")
    fake_host.write("/etc/group", "qemu:x:107:vdsm\n")
    fake_host.write("/usr/lib/group", "kvm:x:36:\nsanlock:x:179:\n")
    found = look(fake_host, "user", name="vdsm", **params)
    assert found.ok is (not reason) and reason in found.detail


def test_a_user_who_is_missing(fake_host: FakeHost) -> None:
    assert look(fake_host, "user", name="vdsm").detail == "there is no user vdsm"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuple[int, Path]]:
    """A TLS server on the loopback, and the directory of its CA."""
    place = tmp_path_factory.mktemp("tls")
    for name in ("ca", "other"):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}", "-keyout", str(place / f"{name}.key"),
                        "-out", str(place / f"{name}.pem")], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(place / "ca.pem"), str(place / "ca.key"))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(client, server_side=True).close()
            except OSError:
                client.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], place
    listener.close()


def test_tls(fake_host: FakeHost, server: Tuple[int, Path]) -> None:
    port, place = server
    for name in ("ca", "other"):
        fake_host.write(f"/etc/pki/{name}.pem", (place / f"{name}.pem").read_bytes())
    assert look(fake_host, "tls", address="127.0.0.1", port=port, ca="/etc/pki/ca.pem").ok
    assert look(fake_host, "tls", address="127.0.0.1", port=port, ca="").ok
    found = look(fake_host, "tls", address="127.0.0.1", port=port, ca="/etc/pki/other.pem")
    assert not found.ok and "certificate" in found.detail.lower()
    assert not look(fake_host, "tls", address="127.0.0.1", port=port, ca="/etc/pki/none.pem").ok


@pytest.mark.parametrize("settings, ok, detail", [
    (["vm/swappiness=10", "net/ipv4/tcp_rmem=4096 87380 6291456"], True, ""),
    (["vm/swappiness=60"], False, "vm/swappiness is 10, was 60 on NG"),
    (["vm/gone=1", "vm/swappiness=10"], True, "this kernel does not have vm/gone"),
    (["../../etc/shadow=1"], False, "ValueError: the check names no settings of the kernel"),
    ([], False, "ValueError: the check names no settings of the kernel")])
def test_settings_of_the_kernel(fake_host: FakeHost, settings: List[str], ok: bool,
                                detail: str) -> None:
    fake_host.write("/proc/sys/vm/swappiness", "10\n")
    fake_host.write("/proc/sys/net/ipv4/tcp_rmem", "4096\t87380\t6291456\n")
    found = look(fake_host, "sysctl", settings=settings)
    assert (found.ok, found.detail) == (ok, detail)


SSHD = """port 22
Port 2022
allowusers backup
permitrootlogin prohibit-password
allowusers admin

"""


@pytest.mark.parametrize("settings, reason", [
    (["port 22", "port 2022"], ""),
    (["permitrootlogin without-password", "allowusers admin", "allowusers backup"], ""),
    (["useprivilegeseparation sandbox"], ""),  # it no longer knows the word
    (["allowusers admin"], "allowusers is admin backup, was admin on NG"),
    (["port 22"], "port is 2022 22, was 22 on NG"),
    (["permitrootlogin no", "banner none"],
     "permitrootlogin is without-password, was no on NG")])
def test_what_sshd_does(fake_host: FakeHost, settings: List[str], reason: str) -> None:
    fake_host.on("/usr/sbin/sshd", "-T", ..., stdout=SSHD)
    found = look(fake_host, "sshd-settings", settings=settings)
    assert (found.ok, found.detail) == (not reason, reason)


def test_an_sshd_that_does_not_start_is_a_failure(fake_host: FakeHost) -> None:
    fake_host.on("/usr/sbin/sshd", ..., raises=CommandFailed("Bad configuration option", hint=""))
    found = look(fake_host, "sshd-settings", settings=["port 22"])
    assert not found.ok and "Bad configuration" in found.detail


OVS = json.dumps({"data": [[["map", [["ovn-remote", "ssl:192.0.2.1:6642"],
                                     ["system-id", "node01"]]], "3.1.4"]],
                  "headings": ["external_ids", "ovs_version"]})


@pytest.mark.parametrize("wanted, reason", [
    ({"ids": ["system-id=node01", "ovn-remote=ssl:192.0.2.1:6642"], "bridges": ["br-int"]}, ""),
    ({"ids": ["system-id=node01"]}, ""),
    ({"ids": ["system-id=a=b", "ovn-encap-ip=192.0.2.9"]},
     "system-id is node01, was a=b on NG; ovn-encap-ip is missing, was 192.0.2.9 on NG"),
    ({"bridges": ["br-int", "b2", "b1"]}, "bridges are missing: b1, b2")])
def test_what_open_vswitch_has(fake_host: FakeHost, wanted: Dict[str, List[str]],
                               reason: str) -> None:
    fake_host.on(*openvswitch.ITSELF, stdout=OVS)
    if "bridges" in wanted:
        fake_host.on(*openvswitch.BRIDGES, stdout="br-int\nother\n")
    found = look(fake_host, "openvswitch", **wanted)
    assert (found.ok, found.detail) == (not reason, reason)


@pytest.mark.parametrize("how", [
    {"missing": True}, {"stdout": ""}, {"stdout": "[" * 100000}, {"stdout": '{"data": 7}'},
    {"raises": CommandFailed("database connection failed", hint="")}])
def test_an_open_vswitch_that_does_not_answer_is_a_failure(fake_host: FakeHost,
                                                           how: Dict[str, Any]) -> None:
    fake_host.on(*openvswitch.ITSELF, **how)
    found = look(fake_host, "openvswitch", ids=["system-id=node01"])
    assert not found.ok and found.detail


def test_a_check_of_nothing_in_open_vswitch_does_not_hold(fake_host: FakeHost) -> None:
    assert not look(fake_host, "openvswitch").ok


def test_tls_where_nothing_listens(fake_host: FakeHost) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = look(fake_host, "tls", address="127.0.0.1", port=port, ca="")
    assert not found.ok and "refused" in found.detail.lower()


def test_no_detail_shows_a_password(fake_host: FakeHost) -> None:
    """Details are shown, logged, and kept on /boot for NG."""
    fake_host.on("systemctl", ..., stdout="LoadState=password=hunter2\n")
    proof = look(fake_host, "unit-active", unit="a.service")
    assert not proof.ok and proof.detail == "a.service is password=***"


@pytest.mark.parametrize("kind", sorted(checks.KINDS))
def test_wrong_parameters_are_a_failure_with_a_reason(tmp_path: Path, kind: str) -> None:
    host = FakeHost(tmp_path)
    for program in ("systemctl", "ip", "pvs", "findmnt", "lvmconfig"):
        host.on(program, ..., raises=CommandFailed("it hung", hint=""), times=-1)
    found = look(host, kind, unit=5, uuids="x", interface=[], name=None, allow=7, commit=1, arg=2,
                 target=3, address={}, port="443", destination=0)
    assert not found.ok and found.detail


@pytest.mark.parametrize("answer", ["", "no json", "[]", "{}", '{"report": []}', "null"])
@pytest.mark.parametrize("kind, params", [
    ("pv-set", {"uuids": ["u"]}), ("mount", {"target": "/", "uuid": "u"}),
    ("address", {"interface": "i", "address": "192.0.2.1"}),
    ("dynamic-address", {"interface": "i", "address": "192.0.2.1"}),
    ("route", {"destination": "default"}), ("link-mac", {"interface": "i", "mac": "m"})])
def test_an_answer_of_another_shape_is_a_failure(tmp_path: Path, kind: str, params: Any,
                                                 answer: str) -> None:
    host = FakeHost(tmp_path)
    for program in ("ip", "pvs", "findmnt"):
        host.on(program, ..., stdout=answer, times=-1)
    found = look(host, kind, **params)
    assert not found.ok and found.detail


def test_a_look_has_a_deadline(fake_host: FakeHost) -> None:
    seen = []

    def runner(argv: Any, timeout_s: float, data: Any) -> Any:
        seen.append(timeout_s)
        raise CommandFailed("hung", hint="")

    fake_host._runner = runner
    until = time.monotonic() + 3
    checks.prove(Check("i", "unit-active", "t", {"unit": "a"}), Look(fake_host, until))
    assert 0 < seen[0] <= 3
