"""vdsm's setup: certificates that end soon, an engine on the host, and the unit that configures."""

from dataclasses import replace
from typing import Any, Dict, List

import pytest

from ng2coreos.model.facts import HostFacts, Service
from ng2coreos.model.finding import Kind
from ng2coreos.plan.catalogue import entries
from ng2coreos.plan.written import text_of
from plugins.vdsm_setup import OWN, UNIT, VdsmSetup
from tests.fakes import ANY, FakeHost
from tests.plan.build import decided, found, host, ids, item, target

NONE: Dict[str, Any] = {"soon": [], "later": []}
GOOD = {"own": True, "volatile": NONE}
MONTH, YEAR = str(30 * 86400), str(365 * 86400)
ENDS, LASTS = "Certificate will expire\n", "Certificate will not expire\n"


def with_setup(**more: Any) -> HostFacts:
    facts = host()
    return replace(facts, plugins={**facts.plugins, "vdsm-setup": {**GOOD, **more}})


def asked(fake: FakeHost, seconds: str, answer: str) -> None:
    fake.on("openssl", "x509", "-noout", "-checkend", seconds, stdout=answer,
            rc=1 if answer == ENDS else 0)


@pytest.mark.parametrize("month,year,facts", [
    (LASTS, LASTS, GOOD), (LASTS, ENDS, {**GOOD, "volatile": {**NONE, "later": [OWN]}}),
    (ENDS, "", {**GOOD, "volatile": {**NONE, "soon": [OWN]}})])
def test_asks_how_long_a_certificate_lasts(fake_host: FakeHost, month: str, year: str,
                                           facts: Any) -> None:
    fake_host.write(OWN, "PEM")
    asked(fake_host, MONTH, month)
    if year:
        asked(fake_host, YEAR, year)
    assert VdsmSetup().facts(fake_host) == facts
    assert {call.data for call in fake_host.calls} == {b"PEM"}


def test_without_openssl_nothing_is_said_of_it(fake_host: FakeHost) -> None:
    fake_host.write(OWN, "PEM")
    fake_host.on("openssl", "x509", ANY, ANY, ANY, missing=True, times=2)
    assert VdsmSetup().facts(fake_host) == GOOD


@pytest.mark.parametrize("more,id,kind", [
    ({"own": False}, "N2C_VDSM_CERT_MISSING", Kind.OVERRIDABLE),
    ({"volatile": {**NONE, "soon": [OWN]}}, "N2C_VDSM_CERT_SOON", Kind.INHIBITOR),
    ({"volatile": {**NONE, "later": [OWN]}}, "N2C_VDSM_CERT_LATER", Kind.WARNING)])
def test_certificates_that_are_missing_or_end_soon(more: Any, id: str, kind: Kind) -> None:
    assert found(decided(with_setup(**more)), id).kind is kind


def test_what_the_engine_cannot_do_is_told_to_a_host_that_has_one() -> None:
    plan = decided(with_setup())
    assert found(plan, "N2C_ENGINE_PACKAGES").kind is Kind.WARNING
    assert found(plan, "N2C_ENGINE_RECORD").kind is Kind.INFO
    facts = with_setup()
    vdsm = {**facts.plugins["vdsm"], "id": "", "volatile": {"vms": None}}
    other = decided(replace(facts, plugins={**facts.plugins, "vdsm": vdsm}))
    assert not [i for i in ids(other) if "ENGINE" in i or "CERT" in i]
    assert not [i for i in other.items if UNIT in i.path]


@pytest.mark.parametrize("id, words", [
    ("N2C_ENGINE_RECORD", ["id, address, certificate"]),  # engine.record
    ("N2C_ENGINE_RECORD", ["logical networks", "labels", "names of interfaces"]),
    ("N2C_ENGINE_RECORD", ["power management", "maintenance until", "fenced"]),
    ("N2C_ENGINE_RECORD", ["machine types", "processor flags", "activated"]),
    ("N2C_ENGINE_PACKAGES", ["Reinstall, Check for Upgrade and Upgrade", "fail"]),
    ("N2C_ENGINE_PACKAGES", ["below /usr"]),
    ("N2C_ENGINE_PACKAGES", ["grubby", "rpm-ostree kargs"]),
    ("N2C_ENGINE_PACKAGES", ["out of cluster upgrades"])])
def test_each_thing_of_the_engines_is_said(id: str, words: List[str]) -> None:
    """What nothing on the host can carry must at least stand in the plan or in `explain`."""
    told = found(decided(with_setup()), id)
    text = " ".join(f"{told.summary} {told.remedy} {entries()[id].about}".split())
    assert [word for word in words if word not in text] == []


def test_an_engine_on_the_host_stops_the_plan() -> None:
    engine = Service("ovirt-engine.service", "enabled", ("multi-user.target.wants",))
    facts = with_setup()
    plan = decided(replace(facts, services=(*facts.services, engine)))
    assert found(plan, "N2C_ENGINE_HERE").kind is Kind.INHIBITOR


def test_vdsm_configures_the_new_system_once_before_whatever_it_configures() -> None:
    plan = decided(with_setup())
    text = text_of(item(plan, f"/etc/systemd/system/{UNIT}"))
    lines = text.splitlines()
    before = " ".join(line for line in lines if line.startswith("Before="))
    for unit in ("libvirtd.socket", "libvirtd.service", "sanlock.service", "supervdsmd.service",
                 "vdsm-network.service", "vdsmd.service"):
        assert unit in before
    assert "DefaultDependencies=no" in lines  # sockets come before basic.target
    starts = [line for line in lines if line.startswith("ExecStart=")]
    assert [("config-lvm-filter" in s, "configure --force" in s) for s in starts] == [
        (True, False), (False, True), (False, False)]
    state, = (s for s in plan.units if s.unit == UNIT)
    assert state.links == (f"multi-user.target.wants/{UNIT}",)


def test_a_target_without_vdsm_gets_no_unit() -> None:
    plan = decided(with_setup(), target(units={}))
    assert not [s for s in plan.units if s.unit == UNIT]
