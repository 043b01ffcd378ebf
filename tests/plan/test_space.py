"""Space: predicted from sizes that were read, with a reserve, since both systems share the pool."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.model.facts import HostFacts, TreeSize
from ng2coreos.model.filesystem import empty_bytes
from ng2coreos.model.plan import Pace, Policy, Volume
from ng2coreos.model.target import Stored
from ng2coreos.plan.durations import SLOW, timed
from ng2coreos.plan.snapshot_space import snapshot
from tests.plan.build import GIB, MIB, boot, decided, found, host, ids, layout, target


def with_pool(**more: Any) -> HostFacts:
    return host(layout=replace(layout(), pool=replace(layout().pool, **more)))


def test_the_pool_must_keep_a_reserve() -> None:
    need = decided().prediction
    size = layout().pool.size_bytes
    assert need.pool_reserve_bytes == size // 10
    enough = size - need.pool_most_bytes - need.pool_reserve_bytes
    assert ids(decided(with_pool(used_bytes=enough))) == []
    full = decided(with_pool(used_bytes=enough + 1))
    assert "N2C_POOL_FULL" in [f.id for f in full.inhibitors]


def test_a_small_pool_keeps_a_gibibyte() -> None:
    assert decided(with_pool(size_bytes=5 * GIB)).prediction.pool_reserve_bytes == GIB


def test_what_lies_beyond_lvms_threshold_is_not_room() -> None:
    """LVM refuses snapshots there (seen in the VM: apply undid itself at 72 %)."""
    need, size = decided().prediction, layout().pool.size_bytes
    most = size * 7 // 10 - need.pool_most_bytes
    assert ids(decided(with_pool(used_bytes=most, autoextend_percent=70))) == []
    plan = decided(with_pool(used_bytes=most + 2, autoextend_percent=70))
    assert "N2C_POOL_FULL" in [f.id for f in plan.inhibitors]
    assert ids(decided(with_pool(used_bytes=most + 2))) == []


def test_the_pools_metadata_must_keep_a_fifth() -> None:
    need, size = decided().prediction.metadata_most_bytes, 64 * MIB
    room = int(0.8 * size) - need
    assert ids(decided(with_pool(metadata_used_bytes=room))) == []
    plan = decided(with_pool(metadata_used_bytes=room + 1))
    assert "N2C_POOL_METADATA_FULL" in [f.id for f in plan.inhibitors]


def test_boot_must_hold_one_deployment_and_should_hold_an_update() -> None:
    def with_free(size: int) -> HostFacts:
        return host(boot=replace(boot(), boot_free_bytes=size))

    need = decided().prediction.boot_most_bytes
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
    assert need.pool_most_bytes > size + files * 2048
    assert need.metadata_bytes > 0 and need.seconds > 0


def test_each_trial_is_a_reboot_of_downtime() -> None:
    one, two = (decided(policy=Policy(trial_boots=n)).prediction for n in (1, 2))
    assert (one.reboots, two.reboots) == (1, 2) and one.downtime_s < two.downtime_s


def test_what_is_expected_is_the_sum_of_its_steps_and_no_margin_is_in_it() -> None:
    need = decided().prediction
    assert need.pool_bytes == sum(s.pool_bytes for s in need.steps)
    assert need.boot_bytes == sum(s.boot_bytes for s in need.steps)
    assert need.seconds == sum(s.seconds for s in need.steps)
    assert need.pool_margin_bytes > 0 and need.boot_margin_bytes > 0
    assert need.pool_bytes % layout().pool.chunk_bytes == 0


def test_an_image_whose_objects_were_counted_is_predicted_by_their_blocks() -> None:
    small = Stored(1000, 100 * MIB, 200, MIB, 100, MIB)
    large = replace(small, object_bytes=small.object_bytes + 300 * MIB)
    one, two = (decided(image=target(stored=s)).prediction for s in (small, large))
    assert two.pool_bytes - one.pool_bytes == 300 * MIB
    assert one.need("pull-commit").pool_bytes > 101 * MIB
    root = decided(image=target(stored=small)).volumes[0]
    assert one.need("make-root").pool_bytes >= empty_bytes(
        root.fstype, root.size_bytes, layout().pool.chunk_bytes)
    assert one.root_inodes > 1300


def taken(fstype: str, inodes: int, *, moved: bool, size: int = 5 * GIB, free: int = 0,
          chunk: int = 65536) -> Any:
    at = layout()
    mounts = tuple(replace(m, fstype=fstype, inodes_used=inodes, size_bytes=size - free)
                   if m.target == "/var" else m for m in at.mounts)
    volume = Volume("ng2coreos_var", "/var", fstype, "u", size, "var", "/var")
    return snapshot(host(layout=replace(at, mounts=mounts)), volume, chunk, moved)


def test_a_snapshot_costs_what_its_new_uuid_makes_write() -> None:
    """Measured: ext4 writes each inode's and directory's checksum anew, xfs its whole log."""
    assert taken("ext4", 100, moved=False).bytes < 2 * MIB
    many = taken("ext4", 5524, moved=False)  # 72 chunks where 6 were of NG's own writes
    assert 60 * 65536 <= many.bytes <= 90 * 65536
    assert taken("xfs", 100, moved=False, free=64 * MIB).bytes > 64 * MIB
    assert taken("xfs", 100, moved=False, free=10 * MIB).bytes < 12 * MIB


def test_owners_or_labels_that_move_write_the_journal_too() -> None:
    for fstype in ("ext4", "xfs"):
        still, moved = (taken(fstype, 20000, moved=m) for m in (False, True))
        assert moved.bytes > still.bytes


def test_a_snapshot_never_takes_much_more_than_its_origin_maps() -> None:
    """A chunk is copied once, however many inodes are in it."""
    found = taken("ext4", 2000000, moved=True)
    assert found.bytes + found.margin_bytes >= 2000000 * 256
    quiet = taken("ext4", 10, moved=False)
    assert quiet.margin_bytes >= 32 * MIB  # NG goes on writing
    small = taken("ext4", 1000, moved=True, chunk=1024 * 1024)
    assert small.bytes + small.margin_bytes <= 200 * MIB + 100 * MIB


def test_seconds_follow_the_pace_that_the_host_showed() -> None:
    need = decided().prediction
    assert need.pace is None
    fast = Pace(SLOW.read_bytes_per_s * 4, SLOW.objects_per_s * 4, SLOW.lvm_s / 4,
                SLOW.inventory_s / 4)
    quick = {s.step: s.seconds for s in timed(
        need.steps, host(), target(), decided().volumes, fast)}
    for step in need.steps:
        assert quick[step.step] <= step.seconds, step.step
    assert sum(quick.values()) < need.seconds / 3


def test_arming_takes_at_least_one_more_look_at_the_host() -> None:
    slow = replace(SLOW, inventory_s=77.0)
    made = timed(decided().prediction.steps, host(), target(), decided().volumes, slow)
    assert next(s.seconds for s in made if s.step == "arm") >= 77.0
