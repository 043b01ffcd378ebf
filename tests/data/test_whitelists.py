"""The whitelists: each line has a reason, and no two lines of one rank decide the same path."""

from collections import Counter
from pathlib import Path
from typing import List

from ng2coreos.core.globs import literal
from ng2coreos.plan.rules import Action, Entry
from tests.plan.build import rules

WHITELISTS = Path(__file__).parents[2] / "data" / "whitelists"


def test_every_file_is_read() -> None:
    names = sorted(layer.origin.rpartition("/")[2] for layer in rules().built_in)
    assert names == sorted(path.name for path in WHITELISTS.glob("*.yaml")) != []


def test_no_pattern_stands_in_two_entries() -> None:
    counts = Counter(pattern for entry in rules().entries for pattern in entry.paths)
    assert [pattern for pattern, count in counts.items() if count > 1] == []


def test_every_reason_is_a_sentence() -> None:
    layer_reasons: List[str] = [
        row.reason for layer in rules().layers
        for rows in (layer.entries, layer.units, layer.kernel_args, layer.static_ids)
        for row in rows]
    assert [reason for reason in layer_reasons if not reason.endswith(".")] == []


def test_private_keys_and_passwords_are_secret() -> None:
    for path in ("/etc/ssh/ssh_host_rsa_key", "/etc/pki/vdsm/keys/vdsmkey.pem",
                 "/etc/pki/vdsm/libvirt-migrate/server-key.pem", "/etc/chrony.keys",
                 "/etc/pki/libvirt/private/clientkey.pem",
                 "/etc/pki/vdsm/keys/libvirt_password",
                 "/etc/NetworkManager/system-connections/wifi.nmconnection"):
        assert entry(path).secret, path


def test_what_is_removed_from_var_is_named_exactly() -> None:
    ours = "/var/tmp/ng2coreos-*"  # work directories of this tool, each with a random name
    for one in rules().entries:
        if one.action is Action.DROP:
            for path in set(one.paths) - {ours}:
                assert not path.startswith(("/var/", "/root/")) or literal(
                    path[:-3] if path.endswith("/**") else path), path


def test_the_hosts_identity_is_its_own() -> None:
    for path in ("/etc/machine-id", "/etc/hostname", "/etc/vdsm/vdsm.id", "/etc/hosts",
                 "/etc/ssh/ssh_host_rsa_key", "/etc/localtime"):
        assert entry(path).host_data and entry(path).action is Action.CARRY, path


def entry(path: str) -> Entry:
    found = rules().find(path)
    assert found is not None, path
    return found
