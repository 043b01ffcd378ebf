"""libvirt: what is kept beside vdsm's sections, what is left, and when the host may not leave."""

from dataclasses import replace
from typing import Any, Dict

import pytest

from ng2coreos.model.facts import EtcChange, HostFacts, Service
from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.libvirt import HOOK, Libvirt, settings
from tests.fakes import FakeHost
from tests.plan.build import added, changed, decided, file, found, host, ids, item, target

QEMU = "/etc/libvirt/qemu.conf"
TEXT = """# Master configuration file for the QEMU driver.
#user = "root"
stock = 1
cgroup_device_acl = [
    "/dev/null", "/dev/full",
    # a comment
    "/dev/vfio"
]
max_files = 2048
vnc_password = "hunter2"
## beginning of configuration section by vdsm-4.50.5
user="qemu"
## end of configuration section by vdsm-4.50.5
## beginning of configuration section for VNC encryption
vnc_tls=1
## end of configuration section for VNC encryption
"""
KEPT = ['cgroup_device_acl = [\n"/dev/null", "/dev/full",\n"/dev/vfio"\n]', "max_files = 2048",
        "## beginning of configuration section for VNC encryption\nvnc_tls=1\n"
        "## end of configuration section for VNC encryption"]
NONE: Dict[str, Any] = {
    "kept": {"/etc/libvirt/libvirtd.conf": [], QEMU: []}, "hidden": [], "ovirt_secrets": [],
    "accounts": [], "saved": [], "volatile": {"running": []}}


def with_libvirt(*etc: EtcChange, **more: Any) -> HostFacts:
    facts = host(etc=etc)
    return replace(facts, plugins={**facts.plugins, "libvirt": {**NONE, **more}})


def test_reads_what_is_not_vdsms(fake_host: FakeHost) -> None:
    fake_host.write_all({
        QEMU: TEXT, "/usr/share/factory" + QEMU: "# stock\nstock = 1\n",
        "/etc/libvirt/secrets/a.xml": "<secret><usage type='ceph'><name>ovirt/x</name>",
        "/etc/libvirt/secrets/b.xml": "<secret><usage type='ceph'><name>mine</name>",
        "/var/lib/libvirt/qemu/save/old.save": "x", "/run/libvirt/qemu/vm1.xml": "x",
        "/run/libvirt/qemu/vm1.pid": "1", "/etc/libvirt/passwd.db": "x"})
    fake_host.on("sasldblistusers2", "-f", "/etc/libvirt/passwd.db",
                 stdout="vdsm@ovirt: userPassword\nbackup@node: userPassword\n")
    facts = Libvirt().facts(fake_host)
    assert facts == {
        "kept": {"/etc/libvirt/libvirtd.conf": [], QEMU: KEPT}, "hidden": [f"{QEMU}: vnc_password"],
        "ovirt_secrets": ["a"], "accounts": ["backup@node"], "saved": ["old.save"],
        "volatile": {"running": ["vm1"]}}
    assert "hunter2" not in repr(facts)


@pytest.mark.parametrize("how", [{"rc": 1}, {"missing": True}])
def test_a_database_that_cannot_be_read_names_nobody(fake_host: FakeHost, how: Any) -> None:
    fake_host.write("/etc/libvirt/passwd.db", "x")
    fake_host.on("sasldblistusers2", ..., **how)
    assert Libvirt().facts(fake_host) == NONE


def test_a_section_that_never_ends_is_dropped_with_all_that_follows() -> None:
    assert settings("a = 1\n## beginning of x\nb = 2\n") == ["a = 1"]


def test_vdsms_own_file_is_made_anew_and_others_lines_are_kept() -> None:
    plan = decided(with_libvirt(changed(QEMU)))
    assert item(plan, QEMU).outcome is Outcome.REGENERATED
    kept = decided(with_libvirt(changed(QEMU), kept={QEMU: KEPT}))
    one = item(kept, QEMU)
    assert (one.outcome, one.mode, one.source) == (Outcome.CONVERTED, 0o600, QEMU)
    assert text_of(one).splitlines()[2:] == "\n".join(KEPT).splitlines()


def test_secrets_of_ovirt_stay_behind_and_the_admins_travel() -> None:
    paths = [f"/etc/libvirt/secrets/{n}" for n in ("a.xml", "a.base64", "b.xml", "b.base64")]
    plan = decided(with_libvirt(*(added(p, file(p, mode=0o600)) for p in paths),
                                ovirt_secrets=["a"]))
    assert [item(plan, p).outcome for p in paths] == [Outcome.DROPPED] * 2 + [Outcome.CARRIED] * 2
    assert item(plan, paths[3]).secret


@pytest.mark.parametrize("facts,id,kind", [
    (with_libvirt(volatile={"running": ["vm1"]}), "N2C_LIBVIRT_RUNNING", Kind.INHIBITOR),
    (with_libvirt(hidden=["x: vnc_password"]), "N2C_LIBVIRT_PASSWORD", Kind.WARNING),
    (with_libvirt(accounts=["backup@node"]), "N2C_LIBVIRT_ACCOUNTS", Kind.WARNING),
    (with_libvirt(saved=["old.save"]), "N2C_LIBVIRT_SAVED", Kind.OVERRIDABLE),
    (with_libvirt(added("/etc/libvirt/qemu/mine.xml")), "N2C_LIBVIRT_DOMAINS", Kind.OVERRIDABLE),
    (with_libvirt(changed(HOOK)), "N2C_LIBVIRT_HOOK", Kind.WARNING),
    (with_libvirt(added("/etc/mdevctl.d/0000:3b/9f")), "N2C_LIBVIRT_MDEV", Kind.WARNING)])
def test_what_the_admin_must_know(facts: HostFacts, id: str, kind: Kind) -> None:
    assert found(decided(facts), id).kind is kind


def test_a_plain_host_has_nothing_to_say() -> None:
    facts = with_libvirt(added("/etc/libvirt/qemu/HostedEngineLocal.xml"), added(HOOK),
                         added("/etc/libvirt/qemu/networks/mine.xml"))
    assert not [i for i in ids(decided(facts)) if i.startswith("N2C_LIBVIRT")]


def test_a_target_with_modular_daemons_only_is_refused() -> None:
    service = Service("libvirtd.service", "enabled", ("x.wants",))
    facts = replace(with_libvirt(), services=(service,))
    image = target(units={**target().units, "virtqemud.service": ("x.wants",)})
    assert found(decided(facts, image), "N2C_LIBVIRT_TARGET").kind is Kind.INHIBITOR
    both = target(units={**image.units, "libvirtd.service": ("x.wants",)})
    plan = decided(facts, both)
    assert "N2C_LIBVIRT_TARGET" not in ids(plan)
    assert {s.unit: s.action for s in plan.units if "virt" in s.unit} == {
        "libvirtd.service": "enable", "virtqemud.service": "mask"}
