"""ssh: the admin's settings become a drop-in; root's keys are counted, never read out."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from ng2coreos.core.errors import CommandFailed
from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from plugins.ssh import Ssh, weak
from tests.fakes import FakeHost
from tests.plan.build import added, changed, decided, file, found, host, ids, item, target

CONFIG = "/etc/ssh/sshd_config"
DROP_IN = "/etc/ssh/sshd_config.d/10-ng2coreos.conf"
WITH_DROP_INS = {"/etc/ssh/sshd_config.d/40-image.conf": file(), CONFIG: file("theirs")}


def with_ssh(*settings: str, keys: int = 1) -> HostFacts:
    facts = host(etc=(changed(CONFIG),))
    mine = {"settings": list(settings), "changed": True, "root_keys": keys}
    return replace(facts, plugins={**facts.plugins, "ssh": mine})


def content(plan: Any) -> str:
    return base64.b64decode(item(plan, DROP_IN).content).decode()


def test_reads_only_what_differs_from_the_image_and_counts_keys(fake_host: FakeHost) -> None:
    fake_host.write("/usr/share/factory" + CONFIG, "Port 22\n# Port 23\nUsePAM yes\n")
    fake_host.write(CONFIG, "Port  22\nPermitRootLogin yes\nMatch User a\n  X11Forwarding no\n\n"
                            "Match User b\n  PasswordAuthentication no\n")
    fake_host.on("/usr/sbin/sshd", "-T", ..., stdout="port 22\npermitrootlogin yes\n")
    fake_host.write("/root/.ssh/authorized_keys", "# engine\nssh-rsa AAAAsecret engine\n\n")
    facts = Ssh().facts(fake_host)
    assert facts == {
        "settings": ["PermitRootLogin yes", "Match User a\n    X11Forwarding no",
                     "Match User b\n    PasswordAuthentication no"],
        "changed": True, "root_keys": 1, "weak_host_keys": [], "weak_root_keys": 0,
        "keywords": {}, "effective": ["permitrootlogin yes"]}
    assert "AAAA" not in json.dumps(facts)


def test_an_unchanged_file_is_seen_as_one(fake_host: FakeHost) -> None:
    for path in ("/usr/share/factory" + CONFIG, CONFIG):
        fake_host.write(path, "Port 22\n")
    assert Ssh().facts(fake_host) == {
        "settings": [], "changed": False, "root_keys": 0, "weak_host_keys": [],
        "weak_root_keys": 0, "keywords": {}, "effective": []}


def test_the_changes_become_a_drop_in_with_matches_last() -> None:
    plan = decided(with_ssh("Match User a\n    X11Forwarding no", "PermitRootLogin yes",
                            "ChallengeResponseAuthentication no"), target(etc=WITH_DROP_INS))
    assert content(plan).splitlines()[1:] == [
        "PermitRootLogin yes", "KbdInteractiveAuthentication no", "Match User a",
        "    X11Forwarding no"]
    assert item(plan, CONFIG).outcome is Outcome.DROPPED and item(plan, DROP_IN).mode == 0o600
    assert ids(plan) == []


def test_settings_that_stop_a_newer_sshd_are_left_and_named() -> None:
    plan = decided(with_ssh("Protocol 2", "Ciphers aes128-cbc", "Subsystem sftp /x",
                            "HostKey /etc/ssh/mine", "Port 2222"), target(etc=WITH_DROP_INS))
    assert found(plan, "N2C_SSH_LEFT").evidence == (
        "Protocol 2", "Ciphers aes128-cbc", "Subsystem sftp /x", "HostKey /etc/ssh/mine")
    assert content(plan).splitlines()[1:] == ["Port 2222"]


def test_without_drop_ins_in_the_target_the_file_is_an_ordinary_conflict() -> None:
    plan = decided(with_ssh("Port 2222"), target(etc={CONFIG: file("theirs")}))
    assert "N2C_ETC_CONFLICT" in ids(plan) and item(plan, CONFIG).outcome is Outcome.CARRIED


def test_nothing_is_written_where_nothing_is_left() -> None:
    plan = decided(with_ssh("Protocol 2"), target(etc=WITH_DROP_INS))
    assert DROP_IN not in [i.path for i in plan.items]


def test_root_without_a_key_is_reported() -> None:
    assert "N2C_SSH_NO_ROOT_KEY" in ids(decided(with_ssh(keys=0)))


def rsa(bits: int) -> str:
    """A public key with a modulus of that many bits; only its form matters here."""
    modulus = ((1 << bits) - 1).to_bytes(bits // 8 + 1, "big")
    fields = (b"ssh-rsa", b"\1\0\1", modulus)
    blob = b"".join(len(f).to_bytes(4, "big") + f for f in fields)
    return "ssh-rsa " + base64.b64encode(blob).decode()


@pytest.mark.parametrize("line,wanted", [
    (rsa(1024), True), (rsa(2048), False), (rsa(4096), False), ("ssh-dss AAAAB3 old", True),
    ('from="192.0.2.1",no-pty ' + rsa(1024) + " engine", True), ("ssh-rsa !!! x", False),
    ("ssh-rsa AAAA x", False), ("ssh-ed25519 AAAAC3 me", False), ("", False)])
def test_keys_that_a_newer_sshd_refuses(line: str, wanted: bool) -> None:
    assert weak(line) is wanted


@pytest.mark.parametrize("strong,kind", [(0, Kind.OVERRIDABLE), (1, Kind.WARNING)])
def test_a_root_without_a_key_that_is_accepted_stops_the_run(strong: int, kind: Kind,
                                                             fake_host: FakeHost) -> None:
    fake_host.write("/root/.ssh/authorized_keys", "\n".join([rsa(1024), *[rsa(3072)] * strong]))
    fake_host.write("/etc/ssh/ssh_host_rsa_key.pub", rsa(1024))
    fake_host.write("/etc/ssh/ssh_host_dsa_key.pub", "ssh-dss AAAA")  # left behind anyway
    mine = Ssh().facts(fake_host)
    facts = host()
    one = found(decided(replace(facts, plugins={**facts.plugins, "ssh": mine})),
                "N2C_SSH_WEAK_KEY")
    assert (one.kind, one.resources) == (kind, ("file:/etc/ssh/ssh_host_rsa_key.pub",))


EFFECTIVE = """port 22
port 2022
permitrootlogin prohibit-password
challengeresponseauthentication no
allowusers admin@192.0.2.*
allowusers backup
maxauthtries 4
ciphers aes256-ctr
logingracetime 120
"""


def test_what_the_admin_told_sshd_must_hold_on_the_new_system(fake_host: FakeHost) -> None:
    """By the words of NG's own sshd; not what the image's files or a crypto policy said."""
    fake_host.on("/usr/sbin/sshd", "-T", ..., stdout=EFFECTIVE)
    fake_host.write("/usr/share/factory" + CONFIG, "LoginGraceTime 2m\n")
    fake_host.write(CONFIG, "LoginGraceTime 2m\nPort 22\nPort 2022\nPermitRootLogin no\n"
                            "ChallengeResponseAuthentication no\nCiphers aes256-ctr\n"
                            "Match User a\n  MaxAuthTries 9\n")
    for name, text in (("10-own", "AllowUsers admin@192.0.2.* backup\n"),
                       ("50-redhat", "MaxAuthTries 4\nSyslogFacility AUTHPRIV\n")):
        fake_host.write(f"/etc/ssh/sshd_config.d/{name}.conf", text)
    facts = host(etc=(changed(CONFIG), added("/etc/ssh/sshd_config.d/10-own.conf")))
    facts = replace(facts, plugins={**facts.plugins, "ssh": Ssh().facts(fake_host)})
    check, = (c for c in decided(facts, target(etc=WITH_DROP_INS)).checks
              if c.kind == "sshd-settings")
    assert check.params == {"settings": [
        "allowusers admin@192.0.2.*", "allowusers backup", "kbdinteractiveauthentication no",
        "permitrootlogin without-password", "port 2022", "port 22"]}


@pytest.mark.parametrize("broken", [CommandFailed("sshd: no hostkeys available", hint=""),
                                    FileNotFoundError(2, "sshd")])
def test_where_sshd_cannot_say_nothing_is_asked_of_the_new_one(fake_host: FakeHost,
                                                               broken: Exception) -> None:
    fake_host.on("/usr/sbin/sshd", ..., raises=broken)
    fake_host.write(CONFIG, "PermitRootLogin no\n")
    facts = host(etc=(changed(CONFIG),))
    facts = replace(facts, plugins={**facts.plugins, "ssh": Ssh().facts(fake_host)})
    plan = decided(facts, target(etc=WITH_DROP_INS))
    assert [c for c in plan.checks if c.kind == "sshd-settings"] == []
