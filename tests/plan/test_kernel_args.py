"""Kernel arguments: what NG needs goes, what the admin set stays, a trial ends in a reset."""

from dataclasses import replace
from typing import Dict, List

import pytest

from ng2coreos.model.finding import Kind
from ng2coreos.model.plan import ArgAction, Decisions
from ng2coreos.plan.kernel_args import fits, split
from tests.plan.build import VG, boot, decided, found, host, ids, layout, target


def given(line: str) -> Decisions:
    return decided(host(boot=replace(boot(), kernel_args=line)))


def results(plan: Decisions) -> List[str]:
    return [a.result for a in plan.kernel_args if a.result]


def fate(plan: Decisions) -> Dict[str, str]:
    return {a.arg: a.action.value for a in plan.kernel_args if a.arg}


@pytest.mark.parametrize("arg", [
    "BOOT_IMAGE=(hd0,gpt2)//x/vmlinuz", "root=/dev/onn/x", "ro", "rootflags=discard", "quiet",
    "rd.lvm.lv=onn/x", "img.bootid=x", "boot=UUID=1", "resume=/dev/mapper/onn-swap", "rhgb",
    "biosdevname=0", "rd.break", "systemd.unit=rescue.target", "ip=dhcp", "init=/bin/sh",
    "inst.ks=http://x", "node_storage=minimal", "net.naming-scheme=rhel-8.4", "panic=5"])
def test_what_belongs_to_ng_is_dropped(arg: str) -> None:
    assert fate(given(arg)) == {arg: "drop"}


@pytest.mark.parametrize("arg", [
    "console=ttyS0,115200", "intel_iommu=on", "hugepages=16", "mitigations=off", "my.own",
    "crashkernel=256M", "net.ifnames=0", "kvm-intel.nested=1", "rd.multipath=default",
    'dyndbg="file x +p"'])
def test_what_the_admin_or_the_engine_set_is_kept(arg: str) -> None:
    assert fate(given(arg)) == {arg: "keep"} and arg in results(given(arg))


def test_crashkernel_auto_is_translated() -> None:
    one, = (a for a in given("crashkernel=auto").kernel_args if a.arg)
    assert (one.action, one.result) == (ArgAction.TRANSLATE,
                                        "crashkernel=1G-4G:192M,4G-64G:256M,64G-:512M")


def test_the_initramfs_keeps_its_network_where_its_disks_need_it() -> None:
    plan = given("ip=eth0:dhcp rd.iscsi.firmware")
    assert fate(plan) == {"ip=eth0:dhcp": "keep", "rd.iscsi.firmware": "keep"}


def test_our_own_come_last_and_those_that_end_a_failing_boot_say_that_they_stay() -> None:
    plan = given("console=tty0 console=ttyS0")
    assert results(plan)[:2] == ["console=tty0", "console=ttyS0"]
    assert results(plan)[2:5] == ["root=UUID=uuid-1", "rw", "rootflags=prjquota"]
    ends = plan.kernel_args[-3:]
    assert [a.result for a in ends] == ["panic=30", "rd.shell=0", "rd.emergency=reboot"]
    assert all("later" in a.reason for a in ends)
    assert "ignition.platform.id=metal" in results(plan)


def test_every_volume_of_ours_and_swap_is_activated_in_the_initramfs() -> None:
    plan = decided()
    lvs = [r.partition("=")[2] for r in results(plan) if r.startswith("rd.lvm.lv=")]
    assert lvs == [*(f"{VG}/{v.name}" for v in plan.volumes), f"{VG}/swap"]


def test_an_ext4_root_has_no_quota_option() -> None:
    mounts = tuple(replace(m, fstype="ext4") if m.target == "/" else m for m in layout().mounts)
    plan = decided(host(layout=replace(layout(), mounts=mounts)))
    assert "rootflags=prjquota" not in results(plan)


def test_an_argument_that_stands_twice_is_given_once() -> None:
    plan = given("a=1 console=tty0 a=1")
    assert [r for r in results(plan) if r in ("a=1", "console=tty0")] == ["console=tty0", "a=1"]


def test_a_fips_host_is_refused() -> None:
    assert found(given("fips=1"), "N2C_KARGS_FIPS").kind is Kind.INHIBITOR


def test_selinux_off_matters_only_where_the_target_has_a_policy() -> None:
    facts = host(boot=replace(boot(), kernel_args="selinux=0"))
    assert "N2C_KARGS_SELINUX_OFF" in ids(decided(facts, target(selinux="targeted")))
    assert ids(decided(facts)) == []


def test_words_and_patterns() -> None:
    assert split(' a  b="c d" e ') == ["a", 'b="c d"', "e"]
    assert fits("rd.lvm.lv", "rd.lvm.lv=x") and not fits("rd.lvm", "rd.lvm.lv=x")
    assert fits("kvm_intel.nested", "kvm-intel.nested=1") and fits("a=b*", "a=bc")
    assert not fits("crashkernel=auto", "crashkernel=256M")


def test_a_line_that_the_kernel_would_cut_off_stops_the_plan() -> None:
    assert "N2C_KARGS_LONG" not in ids(given(f"quiet x={'y' * 200}"))
    one = found(given(f"quiet x={'y' * 1800}"), "N2C_KARGS_LONG")
    assert one.kind is Kind.INHIBITOR and one.evidence[0].startswith("x=yyy")
