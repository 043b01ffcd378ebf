"""The target's Ignition: one that reads no config of ours stops the plan, limits are told."""

from typing import Tuple

import pytest

from ng2coreos.model.finding import Kind
from ng2coreos.model.item import Item, Outcome
from ng2coreos.plan.ignition import ignition_findings
from tests.plan.build import decided, found, ids, target


def item(path: str, mode: int, kind: str = "file", outcome: Outcome = Outcome.CARRIED) -> Item:
    return Item(path, kind, outcome, "", "r", mode=mode)


@pytest.mark.parametrize("version", ["0.21.0", "0.3.1", "none"])
def test_a_release_that_reads_no_config_of_ours_stops_the_plan(version: str) -> None:
    one = found(decided(image=target(ignition_version=version)), "N2C_TARGET_IGNITION")
    assert one.kind is Kind.INHIBITOR and version in one.summary


@pytest.mark.parametrize("version", ["2.0.0", "2.14.0+ds1", "2.26.0", "3.0.0"])
def test_releases_of_our_time_are_fine(version: str) -> None:
    assert ids(decided(image=target(ignition_version=version))) == []


def test_an_image_without_ignition_is_told_once() -> None:
    assert ids(decided(image=target(ignition_version=""))) == ["N2C_TARGET_INITRAMFS"]


@pytest.mark.parametrize("version, more", [
    ("2.26.0", ()), ("0.35.0", ("SELinux labels of what is written below /var",
                                "homes of new users: they come with their volume"))])
def test_what_goes_another_way_is_told(version: str, more: Tuple[str, ...]) -> None:
    items = [item("/etc/su", 0o4755), item("/etc/plain", 0o644),
             item("/etc/link", 0o7777, "symlink"), item("/etc/d", 0o2750, "directory"),
             item("/etc/gone", 0o4755, "file", Outcome.DROPPED)]
    (one,) = ignition_findings(target(ignition_version=version), items)
    assert (one.id, one.kind) == ("N2C_IGNITION_LIMITS", Kind.INFO)
    assert one.evidence == ("/etc/su: mode 4755", "/etc/d: mode 2750", *more)
    assert one.resources == ("file:/etc/su", "file:/etc/d")
