"""services: limits of cgroup v1, copies of vendors' units, drop-ins of units that are gone."""

from dataclasses import replace
from typing import Any

import pytest

from ng2coreos.model.facts import HostFacts, Service
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.services import RC_UNIT, Services, converted
from tests.fakes import FakeHost
from tests.plan.build import added, decided, file, found, host, ids, item, link, target

SYSTEM = "/etc/systemd/system/"
RC = "/etc/rc.d/rc.local"
NOTHING = {"old": {}, "replaces": [], "rc_local": False}
HAS_RC = target(units={**target().units, "rc-local.service": ()})


def with_units(*paths: str, **more: Any) -> HostFacts:
    facts = host(etc=tuple(added(path) for path in paths))
    return replace(facts, plugins={**facts.plugins, "services": {**NOTHING, **more}})


@pytest.mark.parametrize("old,new", [
    ("CPUShares=\u00b2\n", "CPUWeight=\u00b2\n"),
    ("MemoryLimit=2G\n", "MemoryMax=2G\n"), ("CPUShares=1024\n", "CPUWeight=100\n"),
    ("CPUShares = 2\n", "CPUWeight = 1\n"), ("BlockIOWeight=1000", "IOWeight=200"),
    ("BlockIOReadBandwidth=/dev/sda 1M\n", "IOReadBandwidthMax=/dev/sda 1M\n"),
    ("MemoryMax=2G\n", "MemoryMax=2G\n"), ("# MemoryLimit=2G\n", "# MemoryLimit=2G\n"),
    ("Description=MemoryLimit=1\n", "Description=MemoryLimit=1\n")])
def test_limits_of_cgroup_v1_as_systemd_read_them(old: str, new: str) -> None:
    assert converted(old) == new


def test_reads_only_texts_that_matter(fake_host: FakeHost) -> None:
    fake_host.write(SYSTEM + "a.service.d/x.conf", "[Unit]\nAfter=b\n[Service]\nMemoryLimit=1G\n"
                    "Environment=PASSWORD=hunter2\nCPUShares=512\nBlockIOWeight=9\nIOWeight=7\n")
    fake_host.write(SYSTEM + "b.service.d/x.conf", "[Service]\nExecStart=\nExecStart=/b\n")
    fake_host.write(SYSTEM + "c.service", "[Service]\nExecStart=/c --password=hunter2\n")
    fake_host.link(SYSTEM + "loop.service", "loop.service")
    fake_host.write(RC, "#!/bin/sh\n# nothing\ntouch /var/lock/subsys/local\nexit 0\n")
    assert Services().facts(fake_host) == {
        "old": {SYSTEM + "a.service.d/x.conf": "[Service]\nMemoryLimit=1G\nCPUShares=512\n"},
        "replaces": [SYSTEM + "b.service.d/x.conf"], "rc_local": False}
    fake_host.write(RC, "#!/bin/sh\n/root/start-it\n")
    assert Services().facts(fake_host)["rc_local"]


@pytest.mark.parametrize("path,beside", [
    (SYSTEM + "vdsmd.service.d/50-limits.conf",
     SYSTEM + "vdsmd.service.d/50-limits-ng2coreos.conf"),
    (SYSTEM + "mine.service", SYSTEM + "mine.service.d/00-ng2coreos.conf")])
def test_a_drop_in_with_old_limits_is_converted(path: str, beside: str) -> None:
    plan = decided(with_units(path, old={path: "[Service]\nMemoryLimit=1G\n"}))
    assert text_of(item(plan, beside)) == "[Service]\nMemoryMax=1G\n"
    assert item(plan, beside).outcome is Outcome.CONVERTED
    assert (item(plan, path).outcome, item(plan, path).content) == (Outcome.CARRIED, "")
    facts = with_units(path, old={path: "[Service]\nMemoryLimit=1G\n"})
    private = replace(facts, etc=(added(path, file(mode=0o600)),))
    assert (item(plan, beside).mode, item(decided(private), beside).mode) == (0o644, 0o600)
    assert found(plan, "N2C_UNIT_CGROUP").resources == (f"file:{path}",)


def test_a_link_to_a_unit_of_a_package_is_no_text_of_ours() -> None:
    path = SYSTEM + "alias.service"
    facts = replace(with_units(old={path: "[Service]\nMemoryLimit=1G\n"}),
                    etc=(added(path, link("/usr/lib/systemd/system/a.service")),))
    assert not [i for i in decided(facts).items if i.path in (path, f"{path}.d/00-ng2coreos.conf")]


def test_a_copy_of_the_images_unit_is_left_and_told() -> None:
    path = SYSTEM + "vdsmd.service"
    plan = decided(with_units(path, SYSTEM + "mine.service"))
    assert item(plan, path).outcome is Outcome.DROPPED
    assert item(plan, SYSTEM + "mine.service").outcome is Outcome.CARRIED
    assert found(plan, "N2C_UNIT_SHADOWS").resources == (f"file:{path}",)


def test_the_images_unit_is_enabled_if_its_copy_was() -> None:
    image = target(units={**target().units, "agent.service": ("multi-user.target.wants",)})
    on = Service("agent.service", "enabled", ("other.target.wants",))
    for services, wanted in (((on,), ["agent.service"]), ((), [])):
        facts = replace(with_units(SYSTEM + "agent.service"), services=services)
        assert [u.unit for u in decided(facts, image).units] == wanted


@pytest.mark.parametrize("name,told", [
    ("gone.service", True), ("vdsmd.service", False), ("service", False), ("user-.slice", False),
    ("app@x.service", True), ("getty@tty1.service", False), ("machine.slice", False),
    ("mine.service", False), ("gone.timer", True)])
def test_a_drop_in_of_a_unit_that_is_not_there(name: str, told: bool) -> None:
    image = target(units={**target().units, "getty@.service": ()})
    path = f"{SYSTEM}{name}.d/x.conf"
    plan = decided(with_units(path, SYSTEM + "mine.service"), image)
    assert ("N2C_UNIT_DROPIN" in ids(plan)) is told
    assert item(plan, path).outcome is Outcome.CARRIED


def test_a_drop_in_that_replaces_the_command_is_told() -> None:
    path = SYSTEM + "vdsmd.service.d/x.conf"
    plan = decided(with_units(path, replaces=[path]))
    assert found(plan, "N2C_UNIT_COMMAND").resources == (f"file:{path}",)


def test_another_default_target_is_in_the_report() -> None:
    facts = replace(with_units(), etc=(added(SYSTEM + "default.target", link("/x")),))
    assert item(decided(facts), SYSTEM + "default.target").outcome is Outcome.DROPPED


@pytest.mark.parametrize("mode,says,image,runs", [
    (0o755, True, target(), True), (0o644, True, target(), False),
    (0o755, False, target(), False), (0o755, True, HAS_RC, False)])
def test_rc_local_runs_where_it_ran(mode: int, says: bool, image: Any, runs: bool) -> None:
    facts = replace(with_units(rc_local=says), etc=(added(RC, file(mode=mode)),))
    plan = decided(facts, image)
    assert item(plan, RC).outcome is Outcome.CARRIED
    assert (RC_UNIT in [u.unit for u in plan.units]) is runs
    assert ("N2C_UNIT_RC_LOCAL" in ids(plan)) is runs
    if runs:
        assert f"ExecStart=-{RC}" in text_of(item(plan, SYSTEM + RC_UNIT)).splitlines()
