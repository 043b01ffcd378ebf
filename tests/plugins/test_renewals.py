"""renewals: what carried files are the source of is made anew, once, by the image's programs."""

import shlex
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, List

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.renewals import Renewals
from tests.fakes import FakeHost
from tests.plan.build import added, changed, decided, found, host, ids, item

UNITS = "/etc/systemd/system/"


def having(*paths: str, crypto: str = "DEFAULT", mail_hash: bool = False) -> HostFacts:
    facts = host(etc=tuple(added(path) for path in paths))
    return replace(facts, plugins={**facts.plugins, "renewals": {
        "crypto": crypto, "mail_hash": mail_hash}})


def made(facts: HostFacts) -> List[str]:
    return [u.unit for u in decided(facts).units if "renew" in u.unit]


def text(plan: Any, name: str) -> List[str]:
    return text_of(item(plan, f"{UNITS}ng2coreos-renew-{name}.service")).splitlines()


def started(lines: List[str]) -> List[str]:
    """The commands, those of a shell that sets the stamp without it."""
    found = [line.partition("=")[2] for line in lines if line.startswith("ExecStart=")]
    return ["-" + line.partition("' sh ")[2] if line.startswith("-") else line for line in found]


@pytest.mark.parametrize("path,name,command", [
    ("/etc/pki/ca-trust/source/anchors/site.pem", "ca-trust", "/usr/bin/update-ca-trust extract"),
    ("/etc/aliases", "aliases", "-/usr/bin/newaliases"),
    ("/etc/postfix/sasl_passwd", "mail-maps", "-/usr/sbin/postmap /etc/postfix/sasl_passwd"),
    ("/etc/crypto-policies/config", "crypto-policy",
     "/usr/bin/update-crypto-policies --no-reload")])
def test_each_source_has_a_unit_that_runs_once(path: str, name: str, command: str) -> None:
    plan = decided(having(path))
    lines = text(plan, name)
    assert command in started(lines)
    assert f"ConditionFileIsExecutable={command.lstrip('-').split()[0]}" in lines
    stamp = f"/var/lib/ng2coreos/renewed-{name}"
    assert f"ConditionPathExists=!{stamp}" in lines and f"/usr/bin/touch {stamp}" in "".join(lines)
    assert [(u.unit, u.action, u.links) for u in plan.units if "renew" in u.unit] == [(
        f"ng2coreos-renew-{name}.service", "enable",
        (f"multi-user.target.wants/ng2coreos-renew-{name}.service",))]


def test_a_host_that_changed_none_gets_none() -> None:
    assert made(having("/etc/sysctl.d/site.conf")) == []


def test_several_tables_are_one_command() -> None:
    plan = decided(having("/etc/postfix/transport", "/etc/postfix/sasl_passwd"))
    assert "-/usr/sbin/postmap /etc/postfix/sasl_passwd /etc/postfix/transport" in started(
        text(plan, "mail-maps"))


@pytest.mark.parametrize("program,stamped", [("/bin/true", True), ("/bin/false", False)])
def test_what_failed_is_tried_again_at_the_next_boot(tmp_path: Path, program: str,
                                                     stamped: bool) -> None:
    lines = text(decided(having("/etc/aliases")), "aliases")
    line, = (one for one in lines if one.startswith("ExecStart"))
    words = shlex.split(line.partition("=-")[2].replace("$$", "$").replace(
        "/var/lib/ng2coreos", str(tmp_path / "stamps")).replace("/usr/bin/newaliases", program))
    assert (subprocess.run(words, check=False).returncode == 0) is stamped
    assert (tmp_path / "stamps/renewed-aliases").exists() is stamped


def test_the_crypto_policy_is_read_and_told_where_it_is_another(fake_host: FakeHost) -> None:
    fake_host.write("/etc/crypto-policies/config", "# by the admin\nDEFAULT:SHA1\n")
    facts = Renewals().facts(fake_host)
    assert facts == {"crypto": "DEFAULT:SHA1", "mail_hash": False}
    plan = decided(having("/etc/crypto-policies/config", crypto="DEFAULT:SHA1"))
    assert found(plan, "N2C_CRYPTO_POLICY").evidence == ("DEFAULT:SHA1",)
    assert "N2C_CRYPTO_POLICY" not in ids(decided(having("/etc/crypto-policies/config")))


@pytest.mark.parametrize("line,told", [
    ("alias_maps = hash:/etc/aliases", True), ("#alias_maps = hash:/etc/aliases", False),
    ("alias_maps = lmdb:/etc/aliases", False)])
def test_types_of_tables_that_newer_postfix_lacks_are_told(fake_host: FakeHost, line: str,
                                                           told: bool) -> None:
    fake_host.write("/etc/postfix/main.cf", f"# hash: is old\n{line}\n")
    said = Renewals().facts(fake_host)["mail_hash"]
    plan = decided(having("/etc/postfix/main.cf", mail_hash=said))
    assert ("N2C_MAIL_HASH" in ids(plan)) is told


def test_a_policy_may_have_comments_and_lines_for_its_parts(fake_host: FakeHost) -> None:
    fake_host.write("/etc/crypto-policies/config", "# x\nDEFAULT # ours\nNO-SHA1\nMY_OWN\n")
    policy = Renewals().facts(fake_host)["crypto"]
    assert policy == "DEFAULT:NO-SHA1:MY_OWN"
    assert len(made(having("/etc/crypto-policies/config", crypto=policy))) == 1


def test_odd_names_are_one_word_each() -> None:
    lines = text(decided(having("/etc/postfix/a b_maps", "/etc/postfix/%h$_maps")), "mail-maps")
    assert ('-/usr/sbin/postmap "/etc/postfix/%%h$$_maps" "/etc/postfix/a b_maps"'
            in started(lines))
    assert made(having("/etc/pki/ca-trust/source/anchors/Our CA.pem"))


def test_a_policy_that_is_no_name_is_not_run() -> None:
    assert made(having("/etc/crypto-policies/config", crypto="X; rm -rf /")) == []


def test_a_blocked_authority_lies_where_newer_releases_look() -> None:
    old = "/etc/pki/ca-trust/source/blacklist/bad.pem"
    facts = replace(having(), etc=(changed(old),))
    one = item(decided(facts), "/etc/pki/ca-trust/source/blocklist/bad.pem")
    assert (one.outcome, one.source) == (Outcome.CARRIED, old)
    assert [i for i in decided(facts).items if i.path == old] == []
