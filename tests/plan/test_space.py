"""Space: predicted from sizes that were read, with a reserve, since both systems share the pool."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.model.facts import HostFacts, TreeSize
from ng2coreos.model.plan import Policy
from tests.plan.build import GIB, MIB, boot, decided, found, host, ids, layout, target


def with_pool(**more: Any) -> HostFacts:
    return host(layout=replace(layout(), pool=replace(layout().pool, **more)))


def test_the_pool_must_keep_a_reserve() -> None:
    need = decided().prediction
    size = layout().pool.size_bytes
    assert need.pool_reserve_bytes == size // 10
    enough = size - need.pool_bytes - need.pool_reserve_bytes
    assert ids(decided(with_pool(used_bytes=enough))) == []
    full = decided(with_pool(used_bytes=enough + 1))
    assert "N2C_POOL_FULL" in [f.id for f in full.inhibitors]


def test_a_small_pool_keeps_a_gibibyte() -> None:
    assert decided(with_pool(size_bytes=5 * GIB)).prediction.pool_reserve_bytes == GIB


def test_what_lies_beyond_lvms_threshold_is_not_room() -> None:
    """LVM refuses snapshots there (seen in the VM: apply undid itself at 72 %)."""
    need, size = decided().prediction, layout().pool.size_bytes
    most = size * 7 // 10 - need.pool_bytes
    assert ids(decided(with_pool(used_bytes=most, autoextend_percent=70))) == []
    plan = decided(with_pool(used_bytes=most + 2, autoextend_percent=70))
    assert "N2C_POOL_FULL" in [f.id for f in plan.inhibitors]
    assert ids(decided(with_pool(used_bytes=most + 2))) == []


def test_the_pools_metadata_must_keep_a_fifth() -> None:
    need, size = decided().prediction.metadata_bytes, 64 * MIB
    room = int(0.8 * size) - need
    assert ids(decided(with_pool(metadata_used_bytes=room))) == []
    plan = decided(with_pool(metadata_used_bytes=room + 1))
    assert "N2C_POOL_METADATA_FULL" in [f.id for f in plan.inhibitors]


def test_boot_must_hold_one_deployment_and_should_hold_an_update() -> None:
    def with_free(size: int) -> HostFacts:
        return host(boot=replace(boot(), boot_free_bytes=size))

    need = decided().prediction.boot_bytes
    assert need > target().kernel_bytes + target().initramfs.bytes
    assert "N2C_BOOT_FULL" in [f.id for f in decided(with_free(need - 1)).inhibitors]
    assert found(decided(with_free(need)), "N2C_BOOT_TIGHT").id and not decided(
        with_free(need)).inhibitors
    assert ids(decided(with_free(2 * (52 * MIB) + 64 * MIB))) == []


def test_inodes_of_boot_count_where_they_are_fixed() -> None:
    few = replace(boot(), boot_free_inodes=10)
    assert ids(decided(host(boot=few))) == []
    assert "N2C_BOOT_FULL" in ids(decided(host(boot=replace(few, boot_fstype="ext4"))))


def test_measured_trees_count_and_unmeasured_ones_have_an_allowance() -> None:
    trees = (TreeSize("/opt", 2 * GIB, 10), TreeSize("/root", MIB, 5))
    base, measured = decided().prediction, decided(host(trees=trees)).prediction
    assert 1.7 * GIB < measured.pool_bytes - base.pool_bytes < 2.1 * GIB


@settings(deadline=None, max_examples=25)  # the machine is shared
@given(st.integers(0, 8 * GIB), st.integers(0, 300000))
def test_the_prediction_covers_the_images_content_in_whole_blocks(size: int, files: int) -> None:
    need = decided(image=target(bytes=size, files=files)).prediction
    assert need.pool_bytes > size + files * 2048
    assert need.metadata_bytes > 0 and need.seconds > 0


def test_each_trial_is_a_reboot_of_downtime() -> None:
    one, two = (decided(policy=Policy(trial_boots=n)).prediction for n in (1, 2))
    assert (one.reboots, two.reboots) == (1, 2) and one.downtime_s < two.downtime_s
