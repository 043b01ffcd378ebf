"""selinux: a host is told what its mode, its policy and its labels mean for the new system."""

from dataclasses import replace
from typing import List

import pytest

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Kind
from plugins.selinux import Selinux
from tests.fakes import FakeHost
from tests.plan.build import decided, found, host, ids, target


def with_selinux(mode: str, kind: str = "targeted") -> HostFacts:
    facts = host()
    return replace(facts, plugins={**facts.plugins, "selinux": {"mode": mode, "type": kind}})


def test_reads_what_the_configuration_names(fake_host: FakeHost) -> None:
    assert Selinux().facts(fake_host) == {"mode": "", "type": ""}
    fake_host.write("/etc/selinux/config",
                    "# SELINUX=disabled\nSELINUX=Permissive\nSELINUXTYPE=targeted\n")
    assert Selinux().facts(fake_host) == {"mode": "permissive", "type": "targeted"}


@pytest.mark.parametrize("mode,policy,wanted", [
    ("enforcing", None, []), ("permissive", None, []),
    ("enforcing", "targeted", ["N2C_SELINUX_LABELS"]),
    ("permissive", "targeted", ["N2C_SELINUX_LABELS", "N2C_SELINUX_MODE"]),
    ("disabled", "targeted", ["N2C_SELINUX_LABELS", "N2C_SELINUX_MODE"])])
def test_what_matters_depends_on_the_images_policy(mode: str, policy: str,
                                                   wanted: List[str]) -> None:
    assert ids(decided(with_selinux(mode), target(selinux=policy))) == wanted


@pytest.mark.parametrize("kind,refused", [("mls", True), ("minimum", True), ("targeted", False)])
def test_another_policy_type_is_refused(kind: str, refused: bool) -> None:
    plan = decided(with_selinux("enforcing", kind))
    assert ("N2C_SELINUX_TYPE" in ids(plan)) is refused
    if refused:
        assert found(plan, "N2C_SELINUX_TYPE").kind is Kind.INHIBITOR
