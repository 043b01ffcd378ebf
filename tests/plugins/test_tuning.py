"""tuning: a driver that the initramfs loads gets the admin's options; schedulers keep working."""

from dataclasses import replace
from typing import Any, List

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.item import Outcome
from ng2coreos.plan.written import text_of
from plugins.tuning import Tuning, arguments
from tests.fakes import FakeHost
from tests.plan.build import added, changed, decided, found, host, ids, item

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
        "rules": {RULES: RULE}}


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
