"""ifcfg files become keyfiles; NetworkManager's own reader says what these mean."""

import json
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Set

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.network import Network
from plugins.network.convert import Conversion, Surroundings, convert
from plugins.network.keyfile import stable_uuid
from plugins.network.source import Ifcfg, base_key, known_keys, verdict
from tests.fakes import FakeHost
from tests.plugins.nm import read

UUID = "11111111-2222-3333-4444-555555555555"
DATA = Path(__file__).parents[1] / "data" / "network"
SCRIPTS = "/etc/sysconfig/network-scripts"


def facts(case: str) -> Dict[str, Any]:
    """The facts of a recorded host; git does not keep the mode 0600 that keyfiles must have."""
    with tempfile.TemporaryDirectory() as top:
        shutil.copytree(DATA / case, top, dirs_exist_ok=True)
        for path in Path(top).rglob("*.nmconnection"):
            path.chmod(0o600)
        return Network().facts(FakeHost(top).on("ip", ..., missing=True))


def around(said: Mapping[str, Any], **more: Any) -> Surroundings:
    values: Dict[str, Any] = {
        "network": Ifcfg("network", tuple(map(tuple, said["network"]))),
        "texts": said["texts"], "tables": said["tables"], "client_ids": said["client_ids"],
        "duids": said["duids"], "macs": said["volatile"]["macs"], "counted": set(),
        "taken": {p["file"] for p in said["profiles"]},
        "uuids": {p["uuid"] for p in said["profiles"]}}
    return Surroundings(**{**values, **more})


def converted(case: str, **more: Any) -> Conversion:
    said = facts(case)
    return convert(said["ifcfg"], around(said, **more))


def one(text: str, **more: Any) -> Conversion:
    """The conversion of a single file ifcfg-em1."""
    rows = [[n, *line.split("=", 1)] for n, line in enumerate(text.splitlines(), 1)]
    empty: Dict[str, Any] = {"network": [], "texts": {}, "tables": {}, "client_ids": {},
                             "duids": {}, "volatile": {"macs": {}}, "profiles": []}
    return convert([{"file": "ifcfg-em1", "rows": rows, "odd": []}], around(empty, **more))


def meaning(text: str, **more: Any) -> Dict[str, Dict[str, Any]]:
    """What NetworkManager understands of the keyfile for a single file."""
    made, = one(text, **more).made
    return read(made.text)


def holds(said: Any, wanted: Any, place: str) -> None:
    """Is everything of `wanted` in `said`? Keys of `wanted` that are null must be missing."""
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            if value is None:
                assert key not in said, f"{place}.{key}"
            else:
                assert key in said, f"{place}.{key} is missing"
                holds(said[key], value, f"{place}.{key}")
    else:
        assert said == wanted, place


@pytest.mark.parametrize("case", ["el7-vdsm", "el8-mixed", "every-key"])
def test_networkmanager_reads_what_the_files_meant(case: str) -> None:
    result = converted(case)
    wanted = yaml.safe_load((DATA / case / "expected.yaml").read_text("utf-8"))
    assert {m.file: list(m.sources) for m in result.made} == {
        name: entry["from"] for name, entry in wanted["keyfiles"].items()}
    for made in result.made:
        holds(read(made.text), wanted["keyfiles"][made.file]["means"], made.file)
    assert [str(n).replace(f"{SCRIPTS}/", "") for n in result.notes] == wanted["notes"]
    assert [str(n).replace(f"{SCRIPTS}/", "") for n in result.left] == wanted["left"]
    assert not result.refused and not result.teams and not result.switches


def test_broken_files_are_named_with_their_line() -> None:
    result = converted("broken")
    wanted = yaml.safe_load((DATA / "broken" / "expected.yaml").read_text("utf-8"))
    for kind in ("notes", "refused", "teams", "switches"):
        said = [str(n).replace(f"{SCRIPTS}/", "") for n in getattr(result, kind)]
        assert sorted(said) == sorted(wanted[kind]), kind
    for made in result.made:
        read(made.text)
    assert "Hemlock" not in json.dumps(facts("broken"))


def test_every_key_of_networkmanager_has_its_verdict() -> None:
    known = (DATA / "nm-keys.txt").read_text("ascii").split()
    assert len(known) > 250
    assert [key for key in known if verdict(key)[0] == "unknown" and base_key(key) not in
            known_keys()["routes"]] == []


def test_no_key_has_two_verdicts() -> None:
    keys = known_keys()
    every = [key for kind in ("converted", "ignored", "unsupported", "refused")
             for key in keys[kind]]
    assert len(every) == len(set(every))
    assert set(keys["secret"]) <= set(keys["refused"])
    assert set(keys["numbered"]) <= {*every, *keys["routes"]}


def outcome(result: Conversion) -> Any:
    return ([(m.file, m.text) for m in result.made],
            [str(n).partition(": ")[2] for n in (*result.notes, *result.refused)])


def test_each_converted_key_makes_a_difference() -> None:
    """Take any of them away, and the keyfile (or a note) is another."""
    idle: Set[str] = set(known_keys()["converted"])
    for case in ("every-key", "el7-vdsm", "el8-mixed"):
        said = facts(case)
        before = outcome(convert(said["ifcfg"], around(said)))
        for entry in said["ifcfg"]:
            for row in list(entry["rows"]):
                if base_key(row[1]) in idle:
                    entry["rows"].remove(row)
                    if outcome(convert(said["ifcfg"], around(said))) != before:
                        idle.discard(base_key(row[1]))
                    entry["rows"].append(row)
                    entry["rows"].sort()
    assert idle == set()


@pytest.mark.parametrize("kind", ["unsupported", "refused"])
def test_each_key_that_is_not_converted_is_named(kind: str) -> None:
    for key in known_keys()[kind]:
        name = f"{key}1" if key in known_keys()["numbered"] else key
        name = f"{key}x" if key in known_keys()["prefixes"] else name
        result = one(f"DEVICE=em1\n{name}=x")
        notes = result.notes if kind == "unsupported" else [*result.refused, *result.teams]
        assert [n.line for n in notes] == [2], name
        assert bool(result.made) == (kind == "unsupported")


def test_a_key_that_nobody_knows_is_named() -> None:
    note, = one("DEVICE=em1\nCOLOUR=blue").notes
    assert str(note) == f"{SCRIPTS}/ifcfg-em1:2: COLOUR: Nobody knows this setting."


def test_ignored_keys_are_silent() -> None:
    for key in known_keys()["ignored"]:
        assert one(f"DEVICE=em1\n{key}=yes").notes == []


def test_a_connection_without_uuid_gets_the_one_that_networkmanager_gave_it() -> None:
    # "System eth0" is known by this UUID wherever ifcfg files were
    assert stable_uuid(f"{SCRIPTS}/ifcfg-eth0") == "5fb06bd0-0bb0-7ffb-45f1-d6edd65f3e03"
    made, = one("DEVICE=em1").made
    assert made.sections["connection"]["uuid"] == stable_uuid(f"{SCRIPTS}/ifcfg-em1")


def test_a_keyfile_of_the_same_name_or_uuid_is_left_alone() -> None:
    taken, = one("DEVICE=em1", taken={"em1.nmconnection"}).made
    assert taken.file == f"em1-{taken.sections['connection']['uuid']}.nmconnection"
    same = one("DEVICE=em1\nUUID=6bd2f7a4-3f2f-4c1e-9c1f-7e5d4c3b2a10",
               uuids={"6bd2f7a4-3f2f-4c1e-9c1f-7e5d4c3b2a10"})
    assert same.made == [] and "same UUID" in same.refused[0].text


@pytest.mark.parametrize("text,more,sent", [
    ("", {}, {}), ("", {"daemon": {"main": "[main]\ndhcp=internal\n"}}, {}),
    ("NM_CONTROLLED=no", {}, {"dhcp-client-id": "01:02", "dhcp-duid": "03", "dhcp-iaid": "mac"}),
    ("", {"daemon": {"main": "[main]\ndhcp=dhclient\n"}},
     {"dhcp-client-id": "01:02", "dhcp-duid": "03", "dhcp-iaid": "mac"}),
    ("", {"leases": [f"dhclient6-{UUID}-em1.lease"], "client_ids": {},
          "duids": {f"/var/lib/NetworkManager/dhclient6-{UUID}-em1.lease": "04"}},
     {"dhcp-client-id": "mac", "dhcp-duid": "04", "dhcp-iaid": "mac"}),
    ("", {"leases": [f"internal-{UUID}-em1.lease", f"dhclient-{UUID}-em1.lease"]}, {})])
def test_what_dhclient_sent_is_sent_again_only_where_it_asked(
        text: str, more: Dict[str, Any], sent: Dict[str, str]) -> None:
    values: Dict[str, Any] = {"client_ids": {"": "01:02"},
                              "duids": {"/var/lib/dhclient/dhclient6.leases": "03"}, **more}
    made, = one(f"DEVICE=em1\nUUID={UUID}\nBOOTPROTO=dhcp\nIPV6INIT=yes\nDHCPV6C=yes\n{text}",
                **values).made
    assert {key: value for family in ("ipv4", "ipv6")
            for key, value in made.sections[family].items()
            if key in ("dhcp-client-id", "dhcp-duid", "dhcp-iaid")} == sent


def test_a_bridge_or_bond_keeps_its_mac_and_so_does_what_asks_by_it() -> None:
    mac = {"em1": "52:54:00:00:00:07"}
    for text, kept in (("DEVICE=em1\nTYPE=Bridge", True),
                       ("DEVICE=em1\nTYPE=Bond\nBOOTPROTO=dhcp", True),
                       ("DEVICE=em1\nTYPE=Bond", True),
                       ("DEVICE=em1\nBOOTPROTO=dhcp\nBONDING_OPTS=mode=1 fail_over_mac=1", False),
                       ("DEVICE=em1\nBOOTPROTO=dhcp\nBONDING_OPTS=mode=4 fail_over_mac=1", True),
                       ("DEVICE=em1\nTYPE=Vlan\nPHYSDEV=em2\nVLAN_ID=5\nIPV6INIT=yes", True)):
        said = meaning(text, macs=mac).get("802-3-ethernet", {})
        assert (said.get("assigned-mac-address") == mac["em1"]) == kept, text


@pytest.mark.parametrize("options,kept", [
    ("mode=1 fail_over_mac=1", False), ("mode=active-backup fail_over_mac=follow", False),
    ("mode=1 fail_over_mac=0", True), ("mode=4 fail_over_mac=active", True), ("mode=1", True)])
def test_a_bond_that_follows_its_port_is_given_no_mac(options: str, kept: bool) -> None:
    """The driver ignores it and says that it did not; NetworkManager then gives up the bond."""
    result = one(f"DEVICE=em1\nMACADDR=52:54:00:00:00:08\nBONDING_OPTS={options}")
    said = read(result.made[0].text).get("802-3-ethernet", {})
    assert ("assigned-mac-address" in said) is kept
    assert any("MACADDR" in note.text for note in result.notes) is not kept


def test_virtual_functions_that_vdsm_counts_are_left_to_it() -> None:
    text = "DEVICE=em1\nSRIOV_TOTAL_VFS=4"
    assert meaning(text)["sriov"]["total-vfs"] == 4
    result = one(text, counted={"em1"})
    assert "sriov" not in read(result.made[0].text)
    assert "vdsm" in result.notes[0].text


@pytest.mark.parametrize("text,method", [
    ("NM_CONTROLLED=no", "ignore"), ("IPV6INIT=yes", "auto"), ("IPV6INIT=no", "ignore"),
    ("IPV6_DISABLED=yes", "disabled"), ("IPV6INIT=yes\nIPV6_AUTOCONF=no", "link-local"),
    ("IPV6INIT=yes\nIPV6FORWARDING=yes\nDHCPV6C=yes", "dhcp"),
    ("NM_CONTROLLED=no\nIPV6ADDR=2001:db8::1", "auto"),
    ("NM_CONTROLLED=no\nIPV6_AUTOCONF=no\nIPV6ADDR=2001:db8::1", "manual"),
    ("IPV6_AUTOCONF=no\nIPV6ADDR=2001:db8::1", "ignore"),
    ("IPV6INIT=yes\nIPV6_AUTOCONF=shared", "shared")])
def test_how_ipv6_comes_about(text: str, method: str) -> None:
    assert meaning(f"DEVICE=em1\n{text}")["ipv6"]["method"] == method


@pytest.mark.parametrize("links,alone", [
    (["/etc/rc.d/rc3.d/S10network"], True), ([], False),
    (["/etc/rc.d/rc3.d/K90network"], False),
    (["/etc/rc.d/rc3.d/S10network",
      "/etc/systemd/system/multi-user.target.wants/NetworkManager.service"], False)])
def test_a_host_without_networkmanager_is_read_as_ifup_read_it(fake_host: FakeHost,
                                                               links: List[str],
                                                               alone: bool) -> None:
    for path in links:
        fake_host.link(path, "/somewhere")
    fake_host.write(f"{SCRIPTS}/ifcfg-em1", "DEVICE=em1\nBOOTPROTO=dhcp\n")
    fake_host.on("ip", ..., missing=True)
    said = Network().facts(fake_host)
    made, = convert(said["ifcfg"], around(said)).made
    means = read(made.text)
    assert (means["ipv4"].get("dhcp-client-id") == "mac") == alone
    assert means["connection"]["id"] == ("em1" if alone else "System em1")


@pytest.mark.parametrize("text,mode", [
    ("", 0), ("IPV6_ADDR_GEN_MODE=stable-privacy", 1), ("IPV6_ADDR_GEN_MODE=eui64", 0),
    ("IPV6_ADDR_GEN_MODE=odd", 0)])
def test_the_slaac_address_is_made_as_before(text: str, mode: int) -> None:
    assert meaning(f"DEVICE=em1\nIPV6INIT=yes\n{text}")["ipv6"]["addr-gen-mode"] == mode


@pytest.mark.parametrize("number,name", enumerate((
    "balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb",
    "balance-alb")))
def test_bond_modes_by_number(number: int, name: str) -> None:
    said = meaning(f"DEVICE=em1\nBONDING_OPTS=mode={number} miimon=100")
    assert said["bond"]["options"] == {"mode": name, "miimon": "100"}


@pytest.mark.parametrize("options,kept", [
    ("mode=1 miimon=100 arp_interval=100 arp_ip_target=192.0.2.1",
     {"arp_interval": "100", "arp_ip_target": "192.0.2.1"}),
    ("mode=1 arp_interval=100 arp_ip_target=192.0.2.1 miimon=100", {"miimon": "100"}),
    ("mode=1 arp_interval=100", {}), ("mode=6 arp_interval=100 arp_ip_target=192.0.2.1", {}),
    ("mode=1 arp_ip_target=192.0.2.1", {}), ("mode=4 primary=em1 lacp_rate=fast",
                                            {"lacp_rate": "fast"}),
    ("mode=1 updelay=5 miimon=0", {"miimon": "0"}),
    ("mode=1 num_grat_arp=1 num_unsol_na=2", {"num_unsol_na": "2"}),
    ("mode=4 ad_actor_sys_prio=0 ad_select=2", {"ad_select": "count"})])
def test_options_that_would_void_the_bond_are_left_out_and_named(options: str,
                                                                 kept: Dict[str, str]) -> None:
    result = one(f"DEVICE=em1\nBONDING_OPTS={options}")
    said = read(result.made[0].text)["bond"]["options"]
    assert {k: v for k, v in said.items() if k != "mode"} == kept
    assert result.notes and all(n.line == 2 for n in result.notes)


def pool() -> Dict[str, List[str]]:
    """The values that the recorded files have, by key."""
    found: Dict[str, Set[str]] = {}
    for case in ("every-key", "el7-vdsm", "el8-mixed"):
        for entry in facts(case)["ifcfg"]:
            for _, key, value in entry["rows"]:
                found.setdefault(key, set()).add(value)
    return {key: sorted(values) for key, values in sorted(found.items())}


POOL = pool()
ODD = ("", "yes", "no", "0", "-1", "65536", "x", "a b", "192.0.2.7", "2001:db8::7", "a;b", "é",
       "\\", "52:54:00:00:00:07", "auto", "dhcp", "9999999999", "shared", "%", "\t", "stable",
       "[x]")


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2 ** 32))
def test_whatever_stands_in_a_file_networkmanager_takes_the_keyfile(seed: int) -> None:
    """Any mixture of settings is refused, or becomes a keyfile without a single complaint."""
    pick = random.Random(seed)
    keys = pick.sample(list(POOL), pick.randint(1, 25))
    keys += [k for k in ("DEVICE", "TYPE", "BOOTPROTO", "IPADDR") if pick.random() < 0.6]
    lines = [f"{key}={pick.choice(ODD) if pick.random() < 0.2 else pick.choice(POOL[key])}"
             for key in keys]
    for made in one("\n".join(lines)).made:
        read(made.text)
