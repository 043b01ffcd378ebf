"""firewall: a zone stays whole on an image that lacks a service which it names."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from ng2coreos.model.facts import HostFacts, Service
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from plugins.firewall import Firewall
from tests.fakes import FakeHost
from tests.plan.build import decided, file, found, host, ids, item, target

ON = Service("firewalld.service", "enabled", ("multi-user.target.wants",))
ZONE = "/etc/firewalld/zones/public.xml"
UNITS = {**target().units, "firewalld.service": ("multi-user.target.wants",)}


def with_firewall(*named: str, own: Any = (), enabled: Any = (ON,),
                  defined: Any = ("vdsm",)) -> HostFacts:
    facts = host(services=tuple(enabled))
    mine = {"named": {name: [ZONE] for name in named}, "own": list(own),
            "definitions": {name: asdict(file(name)) for name in defined}}
    return replace(facts, plugins={**facts.plugins, "firewall": mine})


def test_reads_what_zones_name_and_what_services_include(fake_host: FakeHost) -> None:
    fake_host.write(ZONE, '<zone><service name="ssh"/>\n<service name="vdsm"/>\n'
                    '<!-- <service name="ftp"/> --></zone>')
    fake_host.write(ZONE + ".old", '<service name="old"/>')
    fake_host.write("/etc/firewalld/policies/p.xml", '<policy><service name="site"/></policy>')
    fake_host.write("/usr/lib/firewalld/services/ssh.xml", "<service/>")
    fake_host.write("/usr/lib/firewalld/services/vdsm.xml",
                    '<service><include service="deep"/></service>')
    fake_host.write("/usr/lib/firewalld/services/deep.xml", "<service/>")
    fake_host.write("/etc/firewalld/services/site.xml", "<service/>")
    facts = Firewall().facts(fake_host)
    assert facts["named"] == {"ssh": [ZONE], "vdsm": [ZONE],
                              "site": ["/etc/firewalld/policies/p.xml"]}
    assert sorted(facts["definitions"]) == ["deep", "ssh", "vdsm"] and facts["own"] == ["site"]


def test_a_service_that_the_image_lacks_comes_from_ng() -> None:
    plan = decided(with_firewall("ssh", "vdsm"), target(units=UNITS, firewall_services=("ssh",)))
    one = item(plan, "/etc/firewalld/services/vdsm.xml")
    assert (one.outcome, one.source, one.sha256) == (
        Outcome.CARRIED, "/usr/lib/firewalld/services/vdsm.xml", file("vdsm").sha256)
    assert ids(plan) == []


def test_a_service_that_the_image_has_is_not_shadowed() -> None:
    plan = decided(with_firewall("vdsm"), target(units=UNITS, firewall_services=("vdsm",)))
    assert [i for i in plan.items if i.path.startswith("/etc/firewalld")] == []


def test_a_service_of_nobody_is_named_with_its_zone() -> None:
    plan = decided(with_firewall("gone", "mine", own=["mine"]), target(units=UNITS))
    assert found(plan, "N2C_FIREWALL_SERVICE").evidence == ("gone, in public.xml",)


@pytest.mark.parametrize("unit,id,kind", [
    ("firewalld.service", "N2C_FIREWALL_MISSING", Kind.WARNING),
    ("iptables.service", "N2C_FIREWALL_IPTABLES", Kind.OVERRIDABLE)])
def test_an_image_without_the_firewall(unit: str, id: str, kind: Kind) -> None:
    on = Service(unit, "enabled", ("x.wants",))
    plan = decided(with_firewall("ssh", enabled=(on,)))
    assert found(plan, id).kind is kind
    there = target(units={**target().units, unit: ("x.wants",)}, firewall_services=("ssh",))
    assert id not in ids(decided(with_firewall("ssh", enabled=(on,)), there))
