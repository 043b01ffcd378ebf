"""identity: names of a bootstrap that is over do not travel; a UUID of many hosts is told."""

from dataclasses import replace
from typing import Any

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.identity import HOSTS, Identity, unique
from tests.fakes import FakeHost
from tests.plan.build import changed, decided, found, host, ids, item

OWN = "192.0.2.1 engine.example.org engine\n"
BOOTSTRAP = ("192.168.1.5 engine.example.org # temporary entry added by hosted-engine-setup for "
             "the bootstrap VM\n192.168.1.5 engine # hosted-engine-setup-/var/tmp/localvm\n")
GOOD = "8f2b8a52-6b1f-11ee-9d0c-00163e7a1b2c"


def with_identity(hosts: str = "", uuid: str = GOOD, **more: Any) -> HostFacts:
    facts = host(**more)
    return replace(facts, plugins={
        **facts.plugins, "identity": {"hosts": hosts, "dmi_uuid": uuid}})


def test_reads_hosts_only_where_a_line_must_go(fake_host: FakeHost) -> None:
    fake_host.write("/sys/class/dmi/id/product_uuid", GOOD + "\n")
    fake_host.write(HOSTS, OWN)
    assert Identity().facts(fake_host) == {
        "hosts": "", "dmi_uuid": GOOD, "name": "", "volatile": {"name": ""}}
    fake_host.write(HOSTS, OWN + BOOTSTRAP)
    assert Identity().facts(fake_host)["hosts"] == OWN + BOOTSTRAP


def test_lines_of_a_bootstrap_are_left_out_and_the_others_keep_their_order() -> None:
    plan = decided(with_identity(BOOTSTRAP + OWN, etc=(changed(HOSTS),)))
    assert text_of(item(plan, HOSTS)) == OWN
    assert item(plan, HOSTS).outcome is Outcome.CONVERTED
    assert len(found(plan, "N2C_IDENTITY_HOSTS").evidence) == 2


def test_any_other_file_is_carried_as_it_is() -> None:
    plan = decided(with_identity(etc=(changed(HOSTS),)))
    assert item(plan, HOSTS).outcome is Outcome.CARRIED and ids(plan) == []


@pytest.mark.parametrize("uuid,good", [
    (GOOD, True), (GOOD.upper(), True), ("00000000-0000-0000-0000-000000000000", False),
    ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", False), ("Not Settable", False),
    ("03000200-0400-0500-0006-000700080009", False)])
def test_a_uuid_that_many_hosts_have_is_told(uuid: str, good: bool) -> None:
    assert unique(uuid) is good
    assert ("N2C_IDENTITY_DMI" in ids(decided(with_identity(uuid=uuid)))) is not good


@pytest.mark.parametrize("said, live, asked", [
    ("node01.example.org\n", "node01.example.org\n", ["kernel/hostname=node01.example.org"]),
    ("node01.example.org\n", "other\n", None),  # somebody else gives it its name
    ("localhost.localdomain\n", "localhost.localdomain\n", None),
    ("", "node01\n", None)])
def test_the_new_system_must_have_the_hosts_name(fake_host: FakeHost, said: str, live: str,
                                                 asked: Any) -> None:
    fake_host.write("/etc/hostname", said)
    fake_host.write("/proc/sys/kernel/hostname", live)
    facts = host()
    facts = replace(facts, plugins={**facts.plugins, "identity": Identity().facts(fake_host)})
    checks = [c.params["settings"] for c in decided(facts).checks if c.id == "hostname"]
    assert checks == ([asked] if asked else [])
