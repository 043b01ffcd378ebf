"""Units: each is enabled by links that are written, since presets are never looked at."""

from dataclasses import replace
from typing import Tuple

import pytest

from ng2coreos.model.facts import Difference, EtcChange, HostFacts, Service
from ng2coreos.model.plan import Decisions
from tests.plan.build import added, decided, file, found, host, ids, link, target

SYSTEM = "/etc/systemd/system"
WANTS = f"{SYSTEM}/multi-user.target.wants"


def states(plan: Decisions) -> Tuple[Tuple[str, str, Tuple[str, ...]], ...]:
    return tuple((u.unit, u.action, u.links) for u in plan.units)


def test_a_listed_unit_that_was_enabled_is_enabled_by_the_targets_own_links() -> None:
    image = target(units={"vdsmd.service": ("multi-user.target.wants", "a.target.requires",
                                            "alias.service")})
    assert states(decided(image=image)) == (
        ("vdsmd.service", "enable",
         ("multi-user.target.wants/vdsmd.service", "a.target.requires/vdsmd.service",
          "alias.service")),)


def test_what_the_image_enables_needs_no_link() -> None:
    image = target(enabled_units=("vdsmd.service",))
    assert states(decided(image=image)) == ()


def test_a_unit_of_another_name_in_the_target_is_enabled_by_that_name() -> None:
    facts = host(services=(Service("ssh.service", "enabled", ("multi-user.target.wants",)),))
    image = target(units={"vdsmd.service": (), "sshd.service": ("a.wants",)}, enabled_units=())
    plan = decided(facts, image)
    assert states(plan) == (("sshd.service", "enable", ("a.wants/sshd.service",)),)
    assert ids(decided(facts)) == []


def test_a_unit_that_was_not_enabled_stays_off() -> None:
    assert states(decided(host(services=()))) == ()


def test_what_the_admin_enabled_is_enabled_and_its_link_is_not_carried() -> None:
    services = (Service("tuned.service", "enabled", ("multi-user.target",)),)
    facts = host(services=services, etc=(added(f"{WANTS}/tuned.service", link("/usr/lib/t")),))
    plan = decided(facts, target(units={"vdsmd.service": (), "tuned.service": ()}))
    assert states(plan) == (
        ("tuned.service", "enable", ("multi-user.target.wants/tuned.service",)),)
    assert not any(i.path.startswith(WANTS) for i in plan.items)


def test_a_unit_that_the_target_lacks_is_reported() -> None:
    facts = host(services=(*host().services, Service("pcscd.socket", "enabled", ("s.wants",))),
                 etc=(added(f"{SYSTEM}/sockets.target.wants/pcscd.socket", link("/x")),))
    assert found(decided(facts), "N2C_UNIT_MISSING").resources == ("unit:pcscd.socket",)


def test_the_admins_own_unit_travels_with_its_links() -> None:
    facts = host(services=(Service("own.service", "enabled", ("multi-user.target.wants",)),),
                 etc=(added(f"{SYSTEM}/own.service", file("[Unit]")),
                      added(f"{WANTS}/own.service", link("../own.service"))))
    plan = decided(facts)
    assert ("own.service", "enable", ("multi-user.target.wants/own.service",)) in states(plan)
    assert f"{SYSTEM}/own.service" in [i.path for i in plan.items]


def test_an_instance_is_enabled_from_its_template() -> None:
    facts = host(services=(Service("getty@tty2.service", "enabled", ("getty.target.wants",)),),
                 etc=(added(f"{SYSTEM}/getty.target.wants/getty@tty2.service", link("/x")),))
    plan = decided(facts, target(units={"vdsmd.service": (), "getty@.service": ()}))
    assert ("getty@tty2.service", "enable", ("getty.target.wants/getty@tty2.service",)) in states(
        plan)


def test_a_mask_is_carried_unless_the_host_needs_the_unit() -> None:
    """Of the units that a whitelist lists too: firewalld need not run, vdsmd must."""
    names = ("cups.service", "firewalld.service", "vdsmd.service")
    facts = host(services=tuple(Service(name, "masked") for name in names),
                 etc=tuple(added(f"{SYSTEM}/{name}", link("/dev/null")) for name in names))
    plan = decided(facts, target(units=dict.fromkeys(names, ())))
    assert states(plan) == tuple((name, "mask", (name,)) for name in names[:2])


def test_what_would_reboot_or_rewrite_the_boot_loader_is_masked() -> None:
    plan = decided(image=target(units={"vdsmd.service": (), "zincati.service": ()}))
    assert ("zincati.service", "mask", ("zincati.service",)) in states(plan)


def test_imgbased_and_mounts_of_ng_are_left_behind() -> None:
    names = ("imgbase-setup.service", "var-tmp.mount")
    facts = host(services=tuple(Service(n, "enabled", ("x.wants",)) for n in names),
                 etc=tuple(added(f"{SYSTEM}/x.wants/{n}", link("/x")) for n in names))
    plan = decided(facts, target(units=dict.fromkeys((*names, "vdsmd.service"), ())))
    assert states(plan) == () and ids(plan) == []


def switched_off(*units: str) -> HostFacts:
    """A host whose admin disabled units that NG's image had on."""
    return host(etc=tuple(EtcChange(f"{WANTS}/{unit}", Difference.DELETED, None, link("/x"))
                          for unit in units))


def test_a_unit_that_was_switched_off_is_off_in_the_target() -> None:
    places = (f"{WANTS}/firewalld.service",
              "/etc/systemd/system/network.target.requires/firewalld.service")
    image = target(enabled_units=("firewalld.service",), etc={
        **dict.fromkeys(places, link("/usr/lib/systemd/system/firewalld.service")),
        f"{WANTS}/other.service": link("/x"),
        "/etc/systemd/system/firewalld.service": link("/dev/null"),
        "/etc/systemd/system/firewalld.service.d/firewalld.service": link("/x")})
    plan = decided(switched_off("firewalld.service"), image)
    assert sorted((i.path, i.kind, i.replaces) for i in plan.items if i.rule == "units") == [
        (path, "absent", "symlink") for path in sorted(places)]
    assert "N2C_UNIT_DISABLED" not in ids(plan)
    assert not [s for s in plan.units if s.unit == "firewalld.service"]


@pytest.mark.parametrize("enabled,services", [
    ((), ()), (("firewalld.service",), (Service("firewalld.service", "enabled", ("x.wants",)),))])
def test_one_that_no_image_starts_or_that_ng_starts_otherwise_is_not_switched_off(
        enabled: Tuple[str, ...], services: Tuple[Service, ...]) -> None:
    facts = replace(switched_off("firewalld.service"), services=services)
    plan = decided(facts, target(enabled_units=enabled, etc={
        f"{WANTS}/firewalld.service": link("/x")}))
    assert "N2C_UNIT_DISABLED" not in ids(plan)
    assert not [i for i in plan.items if i.rule == "units"]


@pytest.mark.parametrize("unit", ["sshd.service", "NetworkManager.service", "mine.service"])
def test_what_the_host_needs_or_the_image_starts_otherwise_stays_on_and_is_told(unit: str) -> None:
    etc = {} if unit == "mine.service" else {f"{WANTS}/{unit}": link("/x")}
    plan = decided(switched_off(unit), target(enabled_units=(unit,), etc=etc))
    assert found(plan, "N2C_UNIT_DISABLED").resources == (f"unit:{unit}",)
    assert not [i for i in plan.items if i.rule == "units"]
