"""kdump: the dump's place by its new name, memory for it, a word where the image has none."""

from dataclasses import replace
from typing import Any, Optional, Tuple

import pytest

from ng2coreos.model.facts import HostFacts, Service
from ng2coreos.model.item import Outcome
from ng2coreos.model.target import TargetFacts
from ng2coreos.plan.written import text_of
from plugins.kdump import CRASHKERNEL, Kdump, reserved_mib
from tests.fakes import FakeHost
from tests.plan.build import changed, decided, found, host, ids, item, target

CONFIG = "/etc/kdump.conf"
ON = (Service("kdump.service", "enabled", ("multi-user.target.wants",)),)
IMAGE = target(units={"kdump.service": ("multi-user.target.wants",), "vdsmd.service": ("x.wants",)},
               enabled_units=())


def with_kdump(*settings: str, args: str = "crashkernel=auto", on: bool = True,
               active: bool = True) -> HostFacts:
    facts = host(etc=(changed(CONFIG),), services=ON if on else ())
    return replace(facts, boot=replace(facts.boot, kernel_args=args),
                   plugins={**facts.plugins, "kdump": {
                       "settings": list(settings), "volatile": {"active": active}}})


def lines(plan: Any) -> "list[str]":
    return text_of(item(plan, CONFIG)).splitlines()[1:]


def test_reads_settings_without_comments(fake_host: FakeHost) -> None:
    fake_host.write(CONFIG, "# auto\n\npath  /var/crash\n  core_collector makedumpfile -l\n")
    for said, code, active in (("active\n", 0, True), ("failed\n", 3, False)):
        fake_host.on("systemctl", "is-active", "kdump.service", stdout=said, rc=code)
        assert Kdump().facts(fake_host) == {
            "settings": ["path /var/crash", "core_collector makedumpfile -l"],
            "volatile": {"active": active}}


@pytest.mark.parametrize("active", [True, False])
def test_what_does_not_work_on_ng_is_not_asked_of_the_new_system(active: bool) -> None:
    plan = decided(with_kdump("path /var/crash", active=active), IMAGE)
    assert ("kdump" in [c.id for c in plan.checks]) is active
    failed, = (c for c in plan.checks if c.kind == "no-failed-units")
    assert failed.params == {"allow": [] if active else ["kdump.service"]}
    assert [u.unit for u in plan.units] == ["kdump.service"]


def test_what_still_holds_stays_and_old_words_are_renamed() -> None:
    plan = decided(with_kdump(
        "path /var/crash", "core_collector makedumpfile -l -d 31", "nfs nas.example.org:/dumps",
        "fence_kdump_nodes 192.0.2.7", "default mount_root_run_init"), IMAGE)
    assert lines(plan) == [
        "path /var/crash", "core_collector makedumpfile -l -d 31", "nfs nas.example.org:/dumps",
        "fence_kdump_nodes 192.0.2.7", "failure_action dump_to_rootfs"]
    assert item(plan, CONFIG).outcome is Outcome.CONVERTED
    assert ids(plan) == []


@pytest.mark.parametrize("device", [
    "UUID=fs-var_crash", "/dev/onn/var_crash", "/dev/mapper/onn-var_crash"])
def test_a_volume_of_ng_is_found_by_its_path(device: str) -> None:
    plan = decided(with_kdump(f"xfs {device}", "path /dumps"), IMAGE)
    assert lines(plan) == ["path /var/crash/dumps"]
    assert device in found(plan, "N2C_KDUMP_CHANGED").evidence[0]


def test_a_disk_of_its_own_stays_the_target_and_its_path_too() -> None:
    plan = decided(with_kdump("ext4 UUID=another-disk", "path /dumps"), IMAGE)
    assert lines(plan) == ["path /dumps", "ext4 UUID=another-disk"]
    assert ids(plan) == []


@pytest.mark.parametrize("where", ["ssh dump@nas.example.org", "nfs nas.example.org:/dumps",
                                   "raw /dev/sdz1", "ext4 LABEL=dumps"])
@pytest.mark.parametrize("more", [(), ("core_collector makedumpfile -l",)])
def test_a_path_on_another_machine_or_disk_is_nothing_of_this_systems(
        where: str, more: Tuple[str, ...]) -> None:
    plan = decided(with_kdump(where, "path /dumps", *more), IMAGE)
    assert lines(plan) == ["path /dumps", where, *more] and ids(plan) == []


def test_a_volume_of_ng_without_a_path_gets_the_usual_one_there() -> None:
    plan = decided(with_kdump("xfs UUID=fs-var_crash", "path /"), IMAGE)
    assert lines(plan) == ["path /var/crash"]


@pytest.mark.parametrize("path,wanted,told", [
    ("/dumps", "/var/crash", True), ("/srv/dumps", "/var/srv/dumps", False),
    ("/root/dumps", "/var/roothome/dumps", False)])
def test_a_path_on_the_root_is_one_that_can_be_written(path: str, wanted: str, told: bool) -> None:
    plan = decided(with_kdump(f"path {path}"), IMAGE)
    assert lines(plan) == [f"path {wanted}"]
    assert ("N2C_KDUMP_CHANGED" in ids(plan)) is told


@pytest.mark.parametrize("dead", ["net nas.example.org:/x", "link_delay 60", "blacklist hpsa"])
def test_words_that_stop_kdump_are_left_out_and_named(dead: str) -> None:
    plan = decided(with_kdump("path /var/crash", dead), IMAGE)
    assert lines(plan) == ["path /var/crash"]
    assert dead in found(plan, "N2C_KDUMP_CHANGED").evidence[0]


@pytest.mark.parametrize("bare", ["default", "failure_action", "path", "xfs", "extra_bins", "net"])
def test_words_without_a_value_are_left_out_and_named(bare: str) -> None:
    plan = decided(with_kdump("path /var/crash", bare), IMAGE)
    assert lines(plan) == ["path /var/crash"]
    assert found(plan, "N2C_KDUMP_CHANGED").evidence[0].startswith(f"{bare}: ")


def test_an_image_without_kdump_is_told_and_gets_no_reservation() -> None:
    plan = decided(with_kdump("path /var/crash", args="quiet"))
    assert found(plan, "N2C_KDUMP_MISSING").resources == ("unit:kdump.service",)
    assert CRASHKERNEL not in [a.result for a in plan.kernel_args]


@pytest.mark.parametrize("args,wanted", [
    ("crashkernel=auto", [CRASHKERNEL]), ("crashkernel=300M", ["crashkernel=300M"]),
    ("quiet", [CRASHKERNEL])])
def test_memory_for_the_crash_kernel(args: str, wanted: "list[str]") -> None:
    plan = decided(with_kdump(args=args), IMAGE)
    assert [a.result for a in plan.kernel_args if a.result.startswith("crashkernel")] == wanted
    assert "kdump" in [c.id for c in plan.checks]
    assert [(u.unit, u.action) for u in plan.units] == [("kdump.service", "enable")]


def test_a_host_that_left_kdump_alone_and_off_gets_nothing() -> None:
    """Other services are on, and other files are changed."""
    other = replace(ON[0], unit="vdsmd.service")
    facts = replace(with_kdump("path /var/crash", args="quiet", on=False), services=(other,),
                    etc=(changed("/etc/issue"),))
    plan = decided(facts, IMAGE)
    assert [i for i in plan.items if i.path == CONFIG] == []
    assert CRASHKERNEL not in [a.result for a in plan.kernel_args]
    assert "kdump" not in [c.id for c in plan.checks]


def test_settings_of_a_kdump_that_is_off_travel_and_reserve_nothing() -> None:
    plan = decided(with_kdump("path /root/x", args="quiet", on=False), IMAGE)
    assert lines(plan) == ["path /var/roothome/x"]
    assert CRASHKERNEL not in [a.result for a in plan.kernel_args]
    assert "kdump" not in [c.id for c in plan.checks]


@pytest.mark.parametrize("args,memory_gib,mib", [
    ("crashkernel=64M", 64, 64.0),
    ("crashkernel=262144K@16M", 64, 256.0),
    ("crashkernel=268435456", 64, 256.0),
    ("crashkernel=1g,high crashkernel=72M,low", 64, 1024.0),
    ("crashkernel=1G-4G:128M,4G-64G:192M,64G-:512M", 3, 128.0),
    ("crashkernel=1G-4G:128M,4G-64G:192M,64G-:512M", 63, 192.0),
    ("crashkernel=1G-4G:128M,4G-64G:192M,64G-:512M@16M", 64, 512.0),
    ("crashkernel=4G-64G:192M", 2, 0.0),
    ("crashkernel=512M crashkernel=128M", 64, 128.0),
    ("crashkernel=auto", 64, None),
    ("crashkernel=", 64, None),
    ("crashkernel=1G-4G", 64, None),
    ("quiet", 64, None),
])
def test_how_much_is_reserved(args: str, memory_gib: int, mib: Optional[float]) -> None:
    assert reserved_mib(args, memory_gib << 30) == mib


@pytest.mark.parametrize("args,on,image,told", [
    ("crashkernel=64M", True, IMAGE, True),
    ("crashkernel=192M", True, IMAGE, False),
    ("crashkernel=auto", True, IMAGE, False),
    ("crashkernel=64M", False, IMAGE, False),
    ("crashkernel=64M", True, target(), False),
])
def test_too_little_memory_for_a_crash_is_told(args: str, on: bool, image: TargetFacts,
                                               told: bool) -> None:
    facts = replace(with_kdump("path /var/crash", args=args, on=on), memory_bytes=64 << 30)
    plan = decided(facts, image)
    assert ("N2C_KDUMP_MEMORY" in ids(plan)) is told
    if told:
        assert found(plan, "N2C_KDUMP_MEMORY").evidence == (args,)
        assert [a.result for a in plan.kernel_args if a.result.startswith("crash")] == [args]
