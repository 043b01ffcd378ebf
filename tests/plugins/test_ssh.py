"""ssh: the admin's settings become a drop-in; root's keys are counted, never read out."""

import base64
import json
from dataclasses import replace
from typing import Any

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Outcome
from plugins.ssh import Ssh
from tests.fakes import FakeHost
from tests.plan.build import changed, decided, file, found, host, ids, item, target

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
    fake_host.write("/root/.ssh/authorized_keys", "# engine\nssh-rsa AAAAsecret engine\n\n")
    facts = Ssh().facts(fake_host)
    assert facts == {
        "settings": ["PermitRootLogin yes", "Match User a\n    X11Forwarding no",
                     "Match User b\n    PasswordAuthentication no"],
        "changed": True, "root_keys": 1}
    assert "AAAA" not in json.dumps(facts)


def test_an_unchanged_file_is_seen_as_one(fake_host: FakeHost) -> None:
    for path in ("/usr/share/factory" + CONFIG, CONFIG):
        fake_host.write(path, "Port 22\n")
    assert Ssh().facts(fake_host) == {"settings": [], "changed": False, "root_keys": 0}


def test_the_changes_become_a_drop_in_with_matches_last() -> None:
    plan = decided(with_ssh("Match User a\n    X11Forwarding no", "PermitRootLogin yes",
                            "ChallengeResponseAuthentication no"), target(etc=WITH_DROP_INS))
    assert content(plan).splitlines()[1:] == [
        "PermitRootLogin yes", "KbdInteractiveAuthentication no", "Match User a",
        "    X11Forwarding no"]
    assert item(plan, CONFIG).outcome is Outcome.DROPPED and item(plan, DROP_IN).mode == 0o600
    assert ids(plan) == []


def test_settings_that_stop_a_newer_sshd_are_left_and_named() -> None:
    plan = decided(with_ssh("Protocol 2", "Ciphers aes128-cbc", "Subsystem sftp /x", "Port 2222"),
                   target(etc=WITH_DROP_INS))
    assert found(plan, "N2C_SSH_LEFT").evidence == ("Protocol 2", "Ciphers aes128-cbc")
    assert content(plan).splitlines()[1:] == ["Port 2222"]


def test_without_drop_ins_in_the_target_the_file_is_an_ordinary_conflict() -> None:
    plan = decided(with_ssh("Port 2222"), target(etc={CONFIG: file("theirs")}))
    assert "N2C_ETC_CONFLICT" in ids(plan) and item(plan, CONFIG).outcome is Outcome.CARRIED


def test_nothing_is_written_where_nothing_is_left() -> None:
    plan = decided(with_ssh("Protocol 2"), target(etc=WITH_DROP_INS))
    assert DROP_IN not in [i.path for i in plan.items]


def test_root_without_a_key_is_reported() -> None:
    assert "N2C_SSH_NO_ROOT_KEY" in ids(decided(with_ssh(keys=0)))
