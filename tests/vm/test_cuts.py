"""The power fails at any write: every state of the disks is judged, and some are really booted.

Every write and flush of the host's disk is recorded while the tool works.  The states that a cut
can leave are rebuilt from that, so what was not flushed is really lost.
"""

import hashlib
import random
import subprocess
from pathlib import Path
from typing import Collection, Dict, Iterator, Sequence, cast

import pytest

from ng2coreos.core.errors import Exit
from ng2coreos.firstboot.system import PARTITION as PARTITION_ON_NEW
from ng2coreos.stage.menu import ENTRY, FIRST_BOOT_ENTRY
from tests.rig import replay, states
from tests.rig.writelog import Entry, flushes
from tests.vm import lvmcuts
from tests.vm.bootcuts import PARTITION, Oracle
from tests.vm.conftest import opened
from tests.vm.recorded import Recorded
from tests.vm.scene import changed, work_place
from tests.vm.stories import (
    FIRST,
    SECOND,
    SEED,
    GivenUp,
    NewSystem,
    Story,
    judge,
    menus,
    wait_counted,
    way,
)

pytestmark = pytest.mark.vm

RESUMED = (".state", ".cpio")  # what tells when it was made
END = 1 << 62  # later than any entry
STEPS = ("make-root", "pull-commit", "deploy", "export-state", "write-ignition",
         "snapshot-volumes", "write-boot", "arm", "rollback")


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """The recording, made once."""
    with work_place("cuts-files") as place, opened("cuts") as scene:
        scene.guest.resume(states.ng_up(scene.image))
        scene.prepare_ng()
        yield Story(scene, place)


def test_the_recording_is_the_whole_truth(story: Story, figures: Dict[str, float]) -> None:
    entries = story.run.entries
    figures["recorded requests"] = len(entries)
    figures["recorded (MiB)"] = sum(e.size for e in entries) / 1048576
    rebuilt = story.place / "all.qcow2"
    replay.rebuild(story.run.base, story.run.log, entries, rebuilt)
    assert replay.same(rebuilt, story.run.final)
    rebuilt.unlink()
    assert set(story.run.steps()) == {*STEPS} - {"rollback"}


def test_nothing_of_the_host_has_changed_in_the_end_and_never_the_domains_disk(
        story: Story) -> None:
    assert story.differences == []
    assert story.data_disk_bytes == 0
    assert not [e for e in story.run.entries if e.within(0, PARTITION.start)]


def test_what_grub_may_boot_is_ngs_kernel_and_the_targets(story: Story) -> None:
    def digest(path: str) -> str:
        (fact,) = (f for p, f in story.armed.items() if p.endswith(path))
        return cast(str, fact[4])

    image, target = story.scene.image, story.scene.target
    ng, new = story.oracle.ng, story.oracle.new[FIRST]
    assert ng is not None
    assert ng.linux == digest(f"{image.layer}/vmlinuz-{image.kernel}")
    assert ng.initrds == (digest(f"{image.layer}/initramfs-{image.kernel}.img"),)
    assert f"img.bootid={image.layer}" in ng.options
    modules = _ostree(target.repo, "ls", target.ref, "/usr/lib/modules").decode().split()[-1]
    for name, found in (("vmlinuz", new.linux), ("initramfs.img", new.initrds[0])):
        content = _ostree(target.repo, "cat", target.ref, f"{modules}/{name}")
        assert hashlib.sha256(content).hexdigest() == found
    assert new.initrds[1] == digest("/coreos/ng2coreos-firstboot.cpio")
    assert story.way(story.run.entries) == ng


def _ostree(repo: Path, *argv: str) -> bytes:
    return subprocess.run(["ostree", f"--repo={repo}", *argv], check=True,
                          stdout=subprocess.PIPE).stdout


def test_in_every_state_of_the_boot_partition_grub_boots_something_whole(
        story: Story, figures: Dict[str, float]) -> None:
    assert judge(story.run, story.place, {END: story.oracle}, figures) == []
    assert figures["states of /boot judged: torn"]
    assert {*story.oracle.seen} == {"ng", FIRST}


def test_in_every_state_lvm_believes_its_metadata_and_the_pool_is_sound(
        story: Story, figures: Dict[str, float]) -> None:
    found = _lvm(story.run, story, figures)
    assert min(found.writes, found.flushes) > 100


def _lvm(run: Recorded, story: Story, figures: Dict[str, float],
         leaving: Collection[str] = ()) -> lvmcuts.Result:
    found = lvmcuts.check(run, story.scene.image, story.place, leaving)
    figures["flush states"] = len(flushes(run.entries))
    figures["states of LVM's metadata judged"] = found.writes
    figures["flush states of the thin pool judged"] = found.flushes
    assert found.problems == []
    return found


SOME = (("write-boot", "rollback", 0), ("snapshot-volumes", "resume", 0))
MORE = [(step, way, seed) for step in STEPS for way in ("resume", "rollback") for seed in (0, 1)
        if (step, way, seed) not in SOME and (step, way) != ("rollback", "resume")]


@pytest.mark.parametrize("step,way,seed", [
    *SOME, *(pytest.param(*more, marks=pytest.mark.soak) for more in MORE)])
def test_a_cut_host_boots_and_goes_either_way(story: Story, figures: Dict[str, float], step: str,
                                              way: str, seed: int) -> None:
    kept = story.sample(step, random.Random(f"{SEED} {step} {way} {seed}"))
    _goes_on(story, kept, way, figures)


def _goes_on(story: Story, kept: Sequence[Entry], way: str, figures: Dict[str, float],
             firmware: str = "bios") -> None:
    """A host with these entries on its disk boots what GRUB was seen to, and either way is open."""
    trial = story.way(kept) == story.oracle.new[FIRST]
    with story.run.cut(story.scene, kept, "cut") as scene:
        scene.guest.boot(firmware)
        figures["disks after a cut booted"] = 1
        if trial:
            assert scene.system() == "coreos"
            scene.wait_phase("confirmed")
            return
        assert scene.system() == "ng"
        scene.prepare_ng()
        if way == "resume" and scene.guest.ssh("ls /var/lib/ng2coreos/current",
                                               check=False).rc == 0:
            scene.tool("resume")
            assert scene.tool("status").rc == Exit.OK
            assert scene.grub_environment()["next_entry"] == FIRST_BOOT_ENTRY
            now = scene.boot_files()
            assert {*now} == {*story.armed}
            assert [p for p in changed(story.armed, now) if not p.endswith(RESUMED)] == []
        scene.tool("rollback")
        assert story.before.differences(scene) == []


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Story]:
    """The first recording on a host with UEFI and xfs on /boot, whose log GRUB does not read."""
    with work_place("cuts-else-files") as place, opened("cuts-else", "xfs") as scene:
        scene.guest.resume(states.ng_up(scene.image, "uefi"))
        scene.prepare_ng()
        yield Story(scene, place)


@pytest.mark.soak
def test_with_uefi_and_xfs_on_boot_grub_boots_something_whole(
        elsewhere: Story, figures: Dict[str, float]) -> None:
    assert elsewhere.differences == []
    assert not [e for e in elsewhere.run.entries if e.within(0, PARTITION.start)]  # with the ESP
    assert judge(elsewhere.run, elsewhere.place, {END: elsewhere.oracle}, figures) == []
    assert {*elsewhere.oracle.seen} == {"ng", FIRST}
    _lvm(elsewhere.run, elsewhere, figures)


@pytest.mark.soak
@pytest.mark.parametrize("step,way", [
    ("write-boot", "resume"), ("arm", "resume"), ("arm", "rollback"), ("rollback", "rollback")])
def test_with_uefi_and_xfs_on_boot_a_cut_host_goes_either_way(
        elsewhere: Story, figures: Dict[str, float], step: str, way: str) -> None:
    kept = elsewhere.sample(step, random.Random(f"{SEED} xfs {step} {way}"))
    _goes_on(elsewhere, kept, way, figures, "uefi")


@pytest.fixture(scope="module")
def new(story: Story) -> Iterator[NewSystem]:
    """The second recording."""
    with work_place("cuts-new") as place, \
            story.run.cut(story.scene, story.applied, "cut-new") as scene:
        yield NewSystem(story, scene, place)


@pytest.mark.soak
def test_in_the_trials_ng_is_the_default_and_after_confirm_the_new_system(
        new: NewSystem, figures: Dict[str, float]) -> None:
    ng, first = new.story.oracle.ng, new.story.oracle.new[FIRST]
    write, flush = new.default_at()
    seen = menus(new.run, new.place, [], new.confirmed)
    trials = Oracle(ng, {FIRST: first, SECOND: new.second}, new.story.oracle.title, menus=seen)
    either, confirmed, back = (Oracle(ng, {}, trials.title, new.second, seen) for _ in range(3))
    told = judge(new.run, new.place, {write + 1: trials, flush + 1: either,
                                      len(new.confirmed) + 1: confirmed, END: back}, figures)
    for name, oracle in (("trials", trials), ("confirm", confirmed), ("rollback", back)):
        figures.update({f"states of {name} that boot: {k}": n for k, n in oracle.seen.items()})
    assert told == []
    assert {*trials.seen} >= {"ng", SECOND}
    assert {*confirmed.seen} == {"default"}
    assert "ng" in back.seen
    assert way(new.run, new.run.entries, new.place) == ng


@pytest.mark.soak
def test_lvm_is_consistent_while_the_new_system_runs(new: NewSystem,
                                                     figures: Dict[str, float]) -> None:
    _lvm(new.run, new.story, figures)


@pytest.fixture(scope="module")
def given_up(new: NewSystem) -> Iterator[GivenUp]:
    """The third recording."""
    with work_place("cuts-last") as place, \
            new.run.cut(new.story.scene, new.confirmed, "cut-last") as scene:
        yield GivenUp(new, scene, place)


@pytest.mark.soak
def test_finalize_leaves_the_new_system_alone_and_refuses_the_way_back(given_up: GivenUp) -> None:
    assert given_up.refused.rc == Exit.UNSUPPORTED, given_up.refused.stderr
    assert {*given_up.offered} > {*given_up.left} == {ENTRY}
    assert given_up.left[ENTRY] == given_up.offered[ENTRY] == given_up.new.second
    assert given_up.new.story.oracle.ng in given_up.offered.values()
    image = given_up.new.story.scene.image
    kept = {name for name in given_up.volumes if not name.startswith(("ng2coreos_", "["))}
    assert kept == {image.pool, "swap"}


@pytest.mark.soak
def test_while_ng_is_given_up_the_new_system_boots_and_no_entry_is_half_there(
        given_up: GivenUp, figures: Dict[str, float]) -> None:
    new, said = given_up.new, given_up.parts()["begin"][1]
    seen = menus(given_up.run, given_up.place, [])
    before, during = (Oracle(ng, {}, new.story.oracle.title, new.second, seen, given_up.offered)
                      for ng in (new.story.oracle.ng, None))
    told = judge(given_up.run, given_up.place, {said + 1: before, END: during}, figures)
    figures.update({f"states of finalize that offer {n} entries": count
                    for n, count in during.menu.items()})
    assert told == []
    assert {*before.seen, *during.seen} == {"default"}
    assert {*during.menu} >= {1, len(given_up.offered)}


@pytest.mark.soak
def test_lvm_is_consistent_while_ngs_volumes_go(given_up: GivenUp,
                                                figures: Dict[str, float]) -> None:
    _lvm(given_up.run, given_up.new.story, figures, given_up.gone)


@pytest.mark.soak
@pytest.mark.parametrize("seed", (0, 1))
@pytest.mark.parametrize("part", ("begin", "menus", "volumes", "kernels"))
def test_a_cut_finalize_is_ended_by_the_new_system(
        given_up: GivenUp, figures: Dict[str, float], part: str, seed: int) -> None:
    kept = given_up.sample(part, random.Random(f"{SEED} {part} {seed}"))
    with given_up.run.cut(given_up.new.story.scene, kept, "cut") as scene:
        scene.guest.boot()
        figures["disks after a cut booted"] = 1
        wait_counted(scene)
        if part != "begin":  # there it may not have begun: then there is the way back
            refused = scene.new("rollback", check=False)
            assert refused.rc in (Exit.INTERRUPTED, Exit.UNSUPPORTED), refused.stderr
        scene.new("finalize", "--yes")
        assert scene.new("rollback", check=False).rc == Exit.UNSUPPORTED
        assert scene.volumes() == given_up.volumes
        now = scene.boot_files(PARTITION_ON_NEW)
        assert [p for p in changed(given_up.files, now) if not p.endswith(RESUMED)] == []
