"""tuning: a driver that the initramfs loads gets the admin's options; schedulers keep working."""

from dataclasses import replace
from typing import Any, List

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.tuning import Tuning, arguments
from tests.fakes import FakeHost
from tests.plan.build import added, changed, decided, file, found, host, ids, item, target

CONF = "/etc/modprobe.d/site.conf"
RULES = "/etc/udev/rules.d/60-io.rules"
RULE = 'ACTION=="add", ATTR{queue/rotational}=="0", ATTR{queue/scheduler}="noop"\n'


def with_tuning(*rows: str, rules: Any = None, args: str = "quiet", **more: Any) -> HostFacts:
    facts = host(etc=(added(CONF), added(RULES)), **more)
    mine = {"modprobe": {CONF: list(rows)} if rows else {}, "rules": rules or {}}
    return replace(facts, boot=replace(facts.boot, kernel_args=args),
                   plugins={**facts.plugins, "tuning": mine})


def given(plan: Any) -> List[str]:
    return [a.result for a in plan.kernel_args if "modprobe.d" in a.reason]


def test_reads_options_and_rules_that_matter(fake_host: FakeHost) -> None:
    fake_host.write(CONF, "# x\noptions  ixgbe \\\n  allow_unsupported_sfp=1\nblacklist nouveau\n"
                    "alias a b\ninstall c /bin/true\n")
    fake_host.write("/etc/modprobe.d/vdsm-bonding-modprobe.conf", "options bonding max_bonds=0\n")
    fake_host.write(RULES, RULE)
    fake_host.write("/etc/udev/rules.d/70-x.rules", 'ATTR{queue/scheduler}="mq-deadline"\n')
    assert Tuning().facts(fake_host) == {
        "modprobe": {CONF: ["options ixgbe allow_unsupported_sfp=1", "blacklist nouveau"]},
        "rules": {RULES: RULE}, "sysctl": {}, "volatile": {"sysctl": {}}}


@pytest.mark.parametrize("row,words", [
    ("options ixgbe allow_unsupported_sfp=1,1", ["ixgbe.allow_unsupported_sfp=1,1"]),
    ("options kvm_intel nested=1 ept=0", ["kvm_intel.nested=1", "kvm_intel.ept=0"]),
    ("blacklist nouveau", ["modprobe.blacklist=nouveau"])])
def test_each_line_has_its_kernel_arguments(row: str, words: List[str]) -> None:
    assert arguments([row, row]) == (words, [])
    assert given(decided(with_tuning(row))) == words
    assert item(decided(with_tuning(row)), CONF).outcome is Outcome.CARRIED


@pytest.mark.parametrize("row", ['options x name="a b"', "options x", "options x 'y=1'"])
def test_what_no_argument_can_say_is_named(row: str) -> None:
    plan = decided(with_tuning(row))
    assert given(plan) == [] and found(plan, "N2C_TUNING_OPTION").evidence == (row,)


def test_an_argument_that_ng_has_is_not_given_twice() -> None:
    assert given(decided(with_tuning("options kvm_intel nested=1",
                                     args="kvm-intel.nested=1"))) == []


def test_files_of_the_image_are_not_ours() -> None:
    facts = replace(with_tuning("options a b=1", rules={RULES: RULE}), etc=())
    plan = decided(facts)
    assert (given(plan), ids(plan)) == ([], [])


def test_schedulers_get_the_names_of_today() -> None:
    facts = replace(with_tuning(rules={RULES: RULE}), etc=(changed(RULES),))
    plan = decided(facts)
    assert text_of(item(plan, RULES)) == RULE.replace("noop", "none")
    assert found(plan, "N2C_TUNING_SCHEDULER").resources == (f"file:{RULES}",)


SITE, SYSCTL_CONF = "/etc/sysctl.d/90-site.conf", "/etc/sysctl.conf"


def with_sysctl(fake: FakeHost) -> HostFacts:
    """What the admin says in two files, what vdsm's package says, and what the kernel has of it."""
    fake.write(SITE, "# mine\n-vm.swappiness = 10\nnet/ipv4/conf/eth0.100/rp_filter=2\n"
                     "net.ipv4.tcp_fastopen_key=0-1-2-3\nnet.*.forwarding=1\n;vm.x=1\nvm.gone=1\n"
                     "kernel.pid_max=100\nbroken\n../../etc/passwd=x\n")
    fake.write(SYSCTL_CONF, "net.ipv4.tcp_rmem=4096 87380   6291456\n")
    fake.link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf")
    fake.write("/etc/sysctl.d/vdsm.conf", "fs.aio-max-nr=7\n")
    for path, value in (("vm/swappiness", "10\n"), ("net/ipv4/conf/eth0.100/rp_filter", "2\n"),
                        ("net/ipv4/tcp_rmem", "4096\t87380\t6291456\n"), ("fs/aio-max-nr", "7\n"),
                        ("kernel/pid_max", "32768\n"), ("net/ipv4/tcp_fastopen_key", "0-1-2-3\n")):
        fake.write(f"/proc/sys/{path}", value)
    facts = host(etc=(added(SITE), changed(SYSCTL_CONF)))
    return replace(facts, plugins={**facts.plugins, "tuning": Tuning().facts(fake)})


def test_settings_that_are_in_force_must_be_so_on_the_new_system(fake_host: FakeHost) -> None:
    """Not what something else has set since, no secret, and not what a package's file says."""
    facts = with_sysctl(fake_host)
    check, = (c for c in decided(facts).checks if c.kind == "sysctl")
    assert check.params == {"settings": [
        "net/ipv4/conf/eth0.100/rp_filter=2", "net/ipv4/tcp_rmem=4096 87380 6291456",
        "vm/swappiness=10"]}
    assert "0-1-2-3" not in str(facts.plugins["tuning"])


def test_a_kernels_setting_that_changes_makes_no_plan_stale(fake_host: FakeHost) -> None:
    before = with_sysctl(fake_host)
    fake_host.write("/proc/sys/vm/swappiness", "60\n")
    mine = Tuning().facts(fake_host)
    assert {**mine, "volatile": 0} == {**before.plugins["tuning"], "volatile": 0}


@pytest.mark.parametrize("there", [True, False])
def test_sysctl_conf_is_read_where_the_image_has_no_link_to_it(fake_host: FakeHost, there: bool
                                                               ) -> None:
    link = "/etc/sysctl.d/99-sysctl.conf"
    plan = decided(with_sysctl(fake_host), target(etc={link: file()} if there else {}))
    made = [i for i in plan.items if i.path == link and i.outcome is Outcome.CONVERTED]
    assert [i.link for i in made] == ([] if there else ["../sysctl.conf"])


def test_without_settings_nothing_is_asked(fake_host: FakeHost) -> None:
    facts = host(etc=(changed(SYSCTL_CONF),))
    fake_host.write(SYSCTL_CONF, "# nothing\n")
    facts = replace(facts, plugins={**facts.plugins, "tuning": Tuning().facts(fake_host)})
    plan = decided(facts)
    assert [c for c in plan.checks if c.kind == "sysctl"] == []
    assert [i for i in plan.items if i.path == "/etc/sysctl.d/99-sysctl.conf"] == []
