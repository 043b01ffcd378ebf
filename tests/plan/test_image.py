"""The target: signed, for this machine, and able to boot from a thin volume."""

from dataclasses import replace
from typing import Any

import pytest

from ng2coreos.model.facts import Package
from ng2coreos.model.finding import Kind
from ng2coreos.model.places import REMOTE
from ng2coreos.model.target import Initramfs, Signature, TargetSource
from tests.plan.build import decided, found, host, ids, layout, target


@pytest.mark.parametrize("kind", ["repo", "tar", "url"])
def test_only_a_url_says_where_upgrades_come_from(kind: str) -> None:
    source = TargetSource(kind, "/srv/image", "x")
    plan = decided(image=target(source=source))
    assert ("N2C_TARGET_REMOTE" in ids(plan)) is (kind != "url")
    if kind != "url":
        one = found(plan, "N2C_TARGET_REMOTE")
        assert one.kind is Kind.INFO and "/srv/image" in one.summary
        assert one.steps[0].argv[2] == f'--group=remote "{REMOTE}"'


def with_initramfs(**more: Any) -> Initramfs:
    return replace(target().initramfs, **more)


def test_nothing_stands_against_a_fitting_image() -> None:
    assert ids(decided()) == []


def test_an_unsigned_commit_is_refused_and_the_problem_is_named() -> None:
    one = found(decided(image=target(signature=Signature(False, (), "no key fits"))),
                "N2C_TARGET_UNSIGNED")
    assert one.kind is Kind.INHIBITOR and one.evidence == ("no key fits",)


def test_an_unsigned_commit_is_a_loud_warning_where_the_admin_said_so() -> None:
    source = TargetSource("repo", "/r", "x", insecure=True)
    plan = decided(image=target(source=source, signature=Signature(False)))
    assert found(plan, "N2C_TARGET_UNSIGNED_ACCEPTED").kind is Kind.WARNING
    assert plan.inhibitors == ()


@pytest.mark.parametrize("more,lacking", [
    ({"has_lvm": False}, "lvm"), ({"has_thin_tools": False}, "the thin tools"),
    ({"has_ostree": False}, "ostree-prepare-root"), ({"has_ignition": False}, "Ignition")])
def test_an_initramfs_that_cannot_find_its_root_is_refused(more: Any, lacking: str) -> None:
    one = found(decided(image=target(initramfs=with_initramfs(**more))), "N2C_TARGET_INITRAMFS")
    assert one.kind is Kind.INHIBITOR and one.evidence == (lacking,) and lacking in one.summary


def test_a_list_of_disks_in_the_initramfs_is_refused() -> None:
    plan = decided(image=target(initramfs=with_initramfs(devices_file=True)))
    assert "N2C_TARGET_DEVICES_FILE" in [f.id for f in plan.inhibitors]


def test_another_architecture_is_refused_by_packages_or_ref() -> None:
    other = Package("kernel-core", 0, "6", "1", "aarch64")
    assert "N2C_TARGET_ARCH" in ids(decided(image=target(packages=(other,))))
    assert "N2C_TARGET_ARCH" in ids(decided(image=target(packages=(), ref="x/aarch64/stable")))
    assert ids(decided(image=target(packages=(), ref="unknown"))) == []


def test_an_image_on_which_our_part_cannot_run_is_refused() -> None:
    one = found(decided(image=target(python=False)), "N2C_TARGET_PYTHON")
    assert one.kind is Kind.INHIBITOR and one.resources == ("file:/usr/bin/python3",)


def test_an_image_without_kernel_is_refused() -> None:
    assert "N2C_TARGET_KERNEL" in [f.id for f in decided(
        image=target(kernel_version="")).inhibitors]


def test_composefs_is_named() -> None:
    assert found(decided(image=target(ostree_composefs=True)),
                 "N2C_TARGET_COMPOSEFS").kind is Kind.WARNING


def test_what_is_no_layer_of_ng_is_refused() -> None:
    images = tuple(replace(i, current=False) for i in layout().images)
    for facts in (host(variant_id="server"), host(layout=replace(layout(), images=images))):
        assert "N2C_HOST_NOT_NG" in [f.id for f in decided(facts).inhibitors]


DAY = 24 * 3600
BUILT = 1701302400  # 2023-11-30, the day in the name of the host's layer


@pytest.mark.parametrize("timestamp", [1, BUILT - 1, BUILT - 400 * DAY])
def test_an_image_older_than_ng_is_asked_about(timestamp: int) -> None:
    plan = decided(image=target(timestamp=timestamp))
    one = found(plan, "N2C_TARGET_OLDER")
    assert one.kind is Kind.OVERRIDABLE and "2023-11-30" in one.summary


@pytest.mark.parametrize("timestamp", [BUILT, BUILT + DAY, 2 ** 63, 0])
def test_an_image_as_new_or_without_a_time_is_not(timestamp: int) -> None:
    assert "N2C_TARGET_OLDER" not in ids(decided(image=target(timestamp=timestamp)))


def test_a_layer_without_a_day_in_its_name_says_nothing() -> None:
    images = tuple(replace(i, nvr="ovirt-node-ng-custom") for i in layout().images)
    plan = decided(host(layout=replace(layout(), images=images)), image=target(timestamp=1))
    assert "N2C_TARGET_OLDER" not in ids(plan)
