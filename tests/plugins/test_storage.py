"""storage: what is held now, what is the admin's, what the target must be able to do."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict

import pytest

from ng2coreos.core.errors import CommandFailed
from ng2coreos.model.facts import EtcChange, HostFacts, Package, PhysicalVolume
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.storage import (
    HOSTID,
    HOSTNQN,
    INITIATOR,
    LVMLOCAL,
    POOL_PROFILE,
    PROFILE,
    Storage,
    private,
)
from tests.fakes import FakeHost
from tests.plan.build import GIB, added, changed, decided, file, found, host, ids, item, target

NODE = "/var/lib/iscsi/nodes/iqn.2003-01.org.example:data1/192.0.2.40,3260,1/default"
STATUS = """daemon 4c4c4544.node01
p -1 helper
s 5b7a9f6e-2a90:1:/dev/5b7a9f6e/ids:0
s hosted-engine:1:/run/vdsm/storage/x:0
r 5b7a9f6e-2a90:SDM:/dev/5b7a9f6e/leases:1048576:4 p 2000
"""
NONE: Dict[str, Any] = {
    "lvmlocal_private": False, "lvmlocal": "", "lvm_settings": [], "config_method": "",
    "automatic": [],
    "pristine": {}, "ports": [],
    "volatile": {"leases": [], "tasks": [], "nvme": {"used": False, "uuid": "", "stored": []}}}


def with_storage(*etc: EtcChange, **more: Any) -> HostFacts:
    facts = host(etc=etc)
    return replace(facts, plugins={**facts.plugins, "storage": {**NONE, **more}})


def test_a_host_without_any_of_it_has_nothing_to_say(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., missing=True)
    facts = Storage().facts(fake_host)
    assert facts == NONE
    assert [i for i in ids(decided(with_storage())) if i.startswith("N2C_STORAGE")] == []


def test_leases_are_held_but_the_hosted_engines_is_anothers_business(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", "client", "status", stdout=STATUS, times=2)
    now = Storage().now(fake_host)
    assert [line.split(":")[0] for line in now["volatile"]["leases"]] == [
        "s 5b7a9f6e-2a90", "r 5b7a9f6e-2a90"]
    one, = Storage().judge_now(now)
    assert (one.id, one.kind) == ("N2C_STORAGE_LEASES", Kind.INHIBITOR)
    assert {"N2C_STORAGE_LEASES", "N2C_STORAGE_TASKS"} < set(Storage.momentary)
    fake_host.write("/rhev/data-center/hsm-tasks/1f3c/x", "")
    assert [f.id for f in Storage().judge_now(Storage().now(fake_host))][1:] == [
        "N2C_STORAGE_TASKS"]


def test_a_sanlock_that_does_not_run_holds_nothing(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., rc=1)
    fake_host.on("systemctl", "is-active", "sanlock.service", stdout="inactive\n", rc=3)
    assert Storage().judge_now(Storage().now(fake_host)) == ()


@pytest.mark.parametrize("says", ["active\n", "deactivating\n", ""])
def test_a_sanlock_that_hangs_is_not_taken_for_one_that_holds_nothing(
        fake_host: FakeHost, says: str) -> None:
    if says:
        fake_host.on("sanlock", ..., rc=1)
        fake_host.on("systemctl", "is-active", "sanlock.service", stdout=says)
    else:
        late = CommandFailed("sanlock client status did not end within 30 s.", hint="Wait.")
        fake_host.on("sanlock", ..., raises=late)
    now = Storage().now(fake_host)
    one, = Storage().judge_now(now)
    assert (one.id, one.kind) == ("N2C_STORAGE_LEASES_UNKNOWN", Kind.OVERRIDABLE)
    assert one.id in Storage.momentary
    assert one in decided(with_storage(volatile={**NONE["volatile"], **now["volatile"]})).findings


@pytest.mark.parametrize("text,answer", [
    ("#REVISION: 7\n#PRIVATE: YES\n", True), ("#REVISION: 7\n#PRIVATE\n", True),
    ("# REVISION: 7\n# PRIVATE: YES\n", True), ("#REVISION: 7\n#PRIVATE: NO\n", False),
    ("# The distribution's own.\nlocal {\n}\n", True)])
def test_whose_lvmlocal_it_is(text: str, answer: bool) -> None:
    assert private(text) is answer


def test_lvmlocal_is_vdsms_unless_the_admin_took_it_away() -> None:
    assert item(decided(with_storage(changed(LVMLOCAL))), LVMLOCAL).outcome is Outcome.REGENERATED
    one = item(decided(with_storage(changed(LVMLOCAL, file("mine")), lvmlocal_private=True,
                                    lvmlocal="devices { use_devicesfile = 1 }")), LVMLOCAL)
    assert (one.outcome, one.source, one.sha256) == (
        Outcome.CARRIED, LVMLOCAL, "sha256-of-mine")


@pytest.mark.parametrize("said", [
    "#PRIVATE\nactivation {\n}", "#PRIVATE\n# use_devicesfile = 0\n"])
def test_the_admins_lvmlocal_does_not_switch_the_devices_file_off(said: str) -> None:
    facts = with_storage(changed(LVMLOCAL, file("mine")), lvmlocal_private=True, lvmlocal=said)
    plan = decided(facts)
    assert text_of(item(plan, LVMLOCAL)) == said.rstrip("\n") + "\n" + (
        "devices/use_devicesfile = 1  # by ng2coreos: LVM's own default differs\n")
    assert "lvm-devices" in {c.kind for c in plan.checks}


@pytest.mark.parametrize("value", ["0", "1"])
def test_what_the_admin_says_about_the_devices_file_holds(value: str) -> None:
    said = f"#PRIVATE\ndevices {{ use_devicesfile = {value} }}\n"
    facts = with_storage(changed(LVMLOCAL, file("mine")), lvmlocal_private=True, lvmlocal=said)
    plan = decided(facts)
    assert item(plan, LVMLOCAL).outcome is Outcome.CARRIED
    assert ("N2C_STORAGE_LVM_CONF" in ids(plan)) is (value == "0")
    assert ("lvm-devices" in {c.kind for c in plan.checks}) is (value == "1")


def test_lvm_itself_reads_what_is_added(tmp_path: Path) -> None:
    (tmp_path / "lvm.conf").write_text("devices {\n\tscan = [ \"/dev\" ]\n}\n")
    (tmp_path / "lvmlocal.conf").write_text(
        "devices {\n\tissue_discards = 1\n}\ndevices/use_devicesfile = 1  # by ng2coreos\n")
    said = subprocess.run(
        ["lvmconfig", "--typeconfig", "full", "devices/use_devicesfile", "devices/issue_discards"],
        env={**os.environ, "LVM_SYSTEM_DIR": str(tmp_path)}, capture_output=True, text=True,
        check=True)
    assert said.stdout.split() == ["use_devicesfile=1", "issue_discards=1"]


def test_the_profile_of_the_pool_is_carried_though_it_is_the_images(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., missing=True)
    fake_host.write_all({PROFILE: "activation {}\n", "/usr/share/factory" + PROFILE:
                         "activation {}\n"})
    facts = with_storage(pristine=Storage().facts(fake_host)["pristine"])
    assert facts.layout.pool.profile != POOL_PROFILE
    assert not [i for i in decided(facts).items if i.path == PROFILE]
    pool = replace(facts.layout.pool, profile=POOL_PROFILE)
    one = item(decided(replace(facts, layout=replace(facts.layout, pool=pool))), PROFILE)
    assert (one.outcome, one.source) == (Outcome.CARRIED, PROFILE)


def test_a_system_id_makes_lvmlocal_the_admins(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., missing=True)
    fake_host.write(LVMLOCAL, "#REVISION: 7\n#PRIVATE: NO\nlocal {\n  system_id = \"n1\"\n}\n")
    assert Storage().facts(fake_host)["lvmlocal_private"]


def test_settings_of_lvm_that_stay_behind_are_named(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., missing=True)
    fake_host.write_all({
        "/etc/lvm/lvm.conf": 'devices {\n  filter = [ "a|x|", "r|.*|" ]\n  scan_lvs = 0\n'
                             '  use_devicesfile = 1\n}\n',
        "/usr/share/factory/etc/lvm/lvm.conf": "devices {\n  use_devicesfile = 1\n}\n",
        "/etc/vdsm/vdsm.conf": "[lvm]\nconfig_method = devices\n",
        "/etc/vdsm/vdsm.conf.d/9-site.conf": "[lvm]\nconfig_method = filter\n"})
    facts = Storage().facts(fake_host)
    plan = decided(with_storage(**{k: facts[k] for k in ("lvm_settings", "config_method")}))
    assert found(plan, "N2C_STORAGE_LVM_CONF").evidence == (
        'filter = [ "a|x|", "r|.*|" ]', "vdsm.conf: config_method = filter")


@pytest.mark.parametrize("when", ["automatic", "onboot"])
def test_targets_that_are_logged_in_to_at_boot_are_named(fake_host: FakeHost, when: str) -> None:
    fake_host.on("sanlock", ..., missing=True)
    fake_host.write(NODE, f"node.name = x\nnode.startup = {when}\n")
    fake_host.write(NODE.replace("data1", "data2"), "node.startup = manual\n")
    facts = Storage().facts(fake_host)
    assert facts["automatic"] == ["iqn.2003-01.org.example:data1/192.0.2.40,3260,1/default"]
    assert "N2C_STORAGE_ISCSI_AUTOMATIC" in ids(decided(with_storage(automatic=["a"])))


def test_fibre_channel_ports_are_told(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., missing=True)
    fake_host.write("/sys/class/fc_host/host3/port_name", "0x2100\n")
    ports = Storage().facts(fake_host)["ports"]
    assert ports == ["host3: 0x2100"]
    assert found(decided(with_storage(ports=ports)), "N2C_STORAGE_FC").kind is Kind.INFO


def test_the_name_that_the_hardware_gives_for_nvme_is_written_down(fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., missing=True)
    fake_host.write("/sys/class/nvme/nvme0/transport", "tcp\n")
    fake_host.write("/sys/class/dmi/id/product_uuid", "4C4C4544-0043\n")
    volatile = Storage().facts(fake_host)["volatile"]
    nvme = volatile["nvme"]
    plan = decided(with_storage(volatile=volatile))
    assert text_of(item(plan, HOSTNQN)) == "nqn.2014-08.org.nvmexpress:uuid:4c4c4544-0043\n"
    assert text_of(item(plan, HOSTID)) == "4c4c4544-0043\n"
    stored = decided(with_storage(volatile={**volatile, "nvme": {**nvme, "stored": [HOSTNQN]}}))
    assert not [i for i in stored.items if i.path == HOSTNQN]


def test_settings_whose_program_the_target_lacks_stop_the_plan_unless_accepted() -> None:
    facts = with_storage(added("/etc/fcoe/cfg-ens3"), added("/etc/exports"))
    one = found(decided(facts), "N2C_STORAGE_SOFTWARE")
    assert one.kind is Kind.OVERRIDABLE and one.evidence == (
        "/etc/fcoe/cfg-ens3 needs fcoe-utils", "/etc/exports needs nfs-utils")
    image = target(packages=(Package("fcoe-utils", 0, "1", "1", "x86_64"),
                             Package("nfs-utils", 0, "1", "1", "x86_64")))
    assert "N2C_STORAGE_SOFTWARE" not in ids(decided(facts, image))


def test_a_vendors_path_driver_stops_the_plan_unless_accepted() -> None:
    one = found(decided(with_storage(added("/etc/powermt.custom"))), "N2C_STORAGE_VENDOR")
    assert one.kind is Kind.OVERRIDABLE and one.resources == ("file:/etc/powermt.custom",)


def test_every_disk_of_a_local_volume_group_is_proved_and_no_domains() -> None:
    facts = with_storage()
    pvs = (*facts.layout.pvs, PhysicalVolume("/dev/sdb", "brick-pv", "gluster_vg", GIB),
           PhysicalVolume("/dev/sdc", "sd-pv", "5b7a9f6e-2a90-4d8e-b1ce-7a4d7c6f0b21", GIB))
    facts = replace(facts, layout=replace(facts.layout, pvs=pvs))
    checks = {c.id: c for c in decided(facts).checks}
    assert checks["pvs:local"].params == {"uuids": ["brick-pv", "pv-uuid"]}


def test_a_name_on_storage_networks_that_is_the_images_is_carried_all_the_same(
        fake_host: FakeHost) -> None:
    fake_host.on("sanlock", ..., missing=True)
    fake_host.write_all({INITIATOR: "InitiatorName=iqn.x\n", HOSTNQN: "mine\n",
                         "/usr/share/factory" + INITIATOR: "InitiatorName=iqn.x\n",
                         "/usr/share/factory" + HOSTNQN: "image\n"})
    pristine = Storage().facts(fake_host)["pristine"]
    assert list(pristine) == [INITIATOR]  # the other is a change of /etc, and the whitelist's
    one = item(decided(with_storage(pristine=pristine)), INITIATOR)
    assert (one.outcome, one.source, one.mode) == (Outcome.CARRIED, INITIATOR, 0o644)
