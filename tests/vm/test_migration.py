"""The whole way: NG, two trials, confirmed, finalized; or upgraded, stuck, and back to NG.

`make test` goes it on BIOS with ext4 on /boot, `make soak` on the others too.
"""

import json
import re
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from ng2coreos.core.errors import Exit
from ng2coreos.stage import bootdir
from ng2coreos.stage.menu import COUNTER_START
from tests.rig import states
from tests.vm.census import Census, lost
from tests.vm.conftest import opened
from tests.vm.scene import (
    NG_ROOTS,
    PAYLOAD,
    TRIAL_DEADLINE_S,
    Scene,
    changed,
    wait_boot,
    work_place,
)

pytestmark = pytest.mark.vm

NG_WRITES_BYTES = 32 << 20  # at most, while the tool runs: journal, logs, vdsm


class Story:
    """A scene that goes on from test to test; what came before must have worked."""

    def __init__(self, scene: Scene, confirmed: Path) -> None:
        self.scene = scene
        self.confirmed = confirmed  # the state that is saved there by a chapter
        self.chapters: List[int] = []
        self.ng_boot: Dict[str, object] = {}
        self.ng_files: Dict[str, List[Any]] = {}
        self.census = Census({})  # of NG
        self.items: List[Dict[str, Any]] = []  # of the report
        self.vdsm: Dict[str, object] = {}
        self.secret: List[str] = []  # pieces of the first boot's config

    def chapter(self, number: int, after: int) -> Scene:
        """The scene, if chapter `after` ended well (0: the beginning)."""
        assert not after or after in self.chapters, f"chapter {after} failed"
        self._number = number
        return self.scene

    def ended(self) -> None:
        """This chapter ended well."""
        self.chapters.append(self._number)


def _hosts() -> List[Any]:
    most = [("bios", "ext4")]
    more = [("uefi", "xfs"), ("uefi", "ext4"), ("bios", "xfs")]
    return [*most, *(pytest.param(host, marks=pytest.mark.soak) for host in more)]


@pytest.fixture(scope="module", params=_hosts(), ids="-".join)
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """The story of one host."""
    firmware, boot_fs = request.param
    name = f"way-{firmware}-{boot_fs}"
    with work_place(f"{name}-saved") as saved, opened(name, boot_fs) as scene:
        scene.guest.resume(states.ng_up(scene.image, firmware))
        scene.prepare_ng()
        assert scene.ca
        yield Story(scene, saved / "confirmed")


def test_1_it_is_staged_and_armed(story: Story, figures: Dict[str, float]) -> None:
    scene = story.chapter(1, 0)
    story.vdsm = scene.vdsm()
    story.ng_boot = dict(scene.boot_files())
    story.ng_files = scene.fingerprint(*NG_ROOTS)
    story.census = Census.of(scene, story.ng_files)
    used, boot_used = _pool_used(scene), _boot_used(scene)
    began = time.monotonic()
    applied = scene.tool("-v", "apply", "--json", *scene.target_options())
    figures["apply in the guest (s)"] = scene.timed("apply", began)
    figures["peak memory of apply (MiB)"] = scene.peak_memory_mib()
    report = json.loads(applied.stdout)
    story.items = report["items"]
    for outcome in sorted({item["outcome"] for item in story.items}):
        figures[f"items {outcome}"] = sum(i["outcome"] == outcome for i in story.items)
    figures["inodes taken over in volumes"] = sum(
        change["result"].get("inodes", 0) for change in report["changes"])
    figures["bytes of carried files"] = sum(
        item["bytes"] for item in story.items if item["outcome"] == "carried")
    _as_predicted(report, {
        "pool data": _pool_used(scene) - used, "/boot": _boot_used(scene) - boot_used}, figures)
    files = scene.boot_files()
    assert {p: f for p, f in files.items() if p in story.ng_boot} == story.ng_boot
    ours = {p for p in files if p not in story.ng_boot}
    expected = ("/boot/coreos", "/boot/ostree", "/boot/boot", "/boot/grub2/custom.cfg")
    assert all(p.startswith(expected) for p in ours), ours
    assert scene.grub_environment()["saved_entry"] == scene.image.title
    story.secret = scene.python(PIECES, f"/boot/coreos/{bootdir.OVERLAY}")
    assert scene.python(ON_DISK, "/boot", *story.secret) == sorted(set(story.secret)) != []
    story.ended()


def test_2_the_first_trial_boots_with_ignition_and_vdsm_answers(
        story: Story, figures: Dict[str, float]) -> None:
    scene = story.chapter(2, 1)
    mark = scene.guest.serial.end()
    began = time.monotonic()
    scene.reboot()
    answer = scene.vdsm_of_next_boot(TRIAL_DEADLINE_S)
    figures["downtime: shutdown to vdsm answering (s)"] = scene.timed("downtime", began)
    assert answer == story.vdsm
    lines = re.findall("Kernel command line: .*", scene.guest.serial.text(mark))
    assert len(lines) == 1, lines
    assert "ignition.firstboot" in lines[0]
    story.ended()


def test_3_the_second_trial_takes_the_permanent_path_and_is_confirmed(
        story: Story, figures: Dict[str, float]) -> None:
    scene = story.chapter(3, 2)
    began = time.monotonic()
    state = scene.wait_phase("confirmed")
    figures["from there to confirmed by the second trial (s)"] = scene.timed("trial2", began)
    assert [(a["trial"], a["healthy"]) for a in state["attempts"]] == [(1, True), (2, True)]
    command_line = scene.guest.ssh("cat /proc/cmdline").stdout
    assert "ostree=" in command_line
    assert "ignition.firstboot" not in command_line
    assert scene.vdsm(900) == story.vdsm
    assert scene.python(ON_DISK, "/sysroot/boot", *story.secret) == [], "the config is gone"
    story.ended()


def test_4_every_item_is_proved_on_the_new_system(story: Story, figures: Dict[str, float]) -> None:
    scene = story.chapter(4, 3)
    began = time.monotonic()
    result = scene.new("verify", check=False)
    figures["verify on the new system (s)"] = scene.timed("verify", began)
    assert result.rc == Exit.OK, result.stdout + result.stderr
    ssh = scene.guest.ssh
    proofs = json.loads(ssh("cat /var/lib/ng2coreos/verify.json").stdout)["proofs"]
    proved = {proof["title"] for proof in proofs if proof["id"].startswith("item:")}
    figures["items proved"], figures["checks proved"] = len(proved), len(proofs) - len(proved)
    carried = {i["path"] for i in story.items if i["outcome"] == "carried"}
    figures["items carried that are not looked at, since they change"] = len(carried - proved)
    assert len(carried & proved) > 0.9 * len(carried)
    figures["paths of NG's own state"] = len(story.census.own())
    assert lost(story.census, Census.of_new(scene), story.items) == []
    assert ssh("systemctl --failed --no-legend --plain").stdout == ""
    assert ssh("ls /sysroot/boot/coreos | grep -c cpio", check=False).stdout.strip() == "0"
    assert "engine" in ssh("cat /root/.ssh/authorized_keys").stdout
    assert "PVID=" in ssh("cat /etc/lvm/devices/system.devices").stdout
    assert ssh("lvs").stderr == ""  # the pool's profile is there
    assert ssh("find /var /etc -xdev \\( -nouser -o -nogroup \\) | head").stdout == ""
    story.ended()


def test_5_finalize_gives_ngs_space_back_and_there_is_no_way_back(
        story: Story, figures: Dict[str, float]) -> None:
    scene = story.chapter(5, 4)
    scene.guest.snapshot(story.confirmed)
    boot_id = scene.guest.resume(story.confirmed)
    used = _pool_used(scene)
    assert scene.new("finalize", check=False).rc != Exit.OK  # --yes is wanted
    began = time.monotonic()
    scene.new("finalize", "--yes")
    figures["finalize (s)"] = scene.timed("finalize", began)
    names = set(scene.volumes())
    ours = {name for name in names if name.startswith("ng2coreos_")}
    assert {n for n in names - ours if not n.startswith("[")} == {"pool00", "swap"}
    figures["pool given back by finalize (MiB)"] = (used - _pool_used(scene)) / 1048576
    assert _pool_used(scene) < used
    refused = scene.new("rollback", check=False)
    assert refused.rc == Exit.UNSUPPORTED, refused.stderr
    scene.guest.ssh("sync")
    scene.guest.reset()
    wait_boot(scene, boot_id)
    assert scene.system() == "coreos"
    assert scene.vdsm(900) == story.vdsm
    scene.guest.cut_power()
    story.ended()


@pytest.mark.soak
def test_6_confirmed_it_is_the_default_and_upgrades_belong_to_ostree(story: Story) -> None:
    scene = story.chapter(6, 5)
    boot_id = scene.guest.resume(story.confirmed)
    scene.guest.ssh(
        f"mkdir -p {PAYLOAD}; mount -o ro LABEL=payload {PAYLOAD}; "
        f"ostree pull-local --remote=ovirt-node-coreos {PAYLOAD}/repo-newer {scene.target.ref}; "
        f"ostree admin deploy --os=$(ls /ostree/deploy) ovirt-node-coreos:{scene.target.ref}; "
        "sync", timeout=900)
    scene.guest.reset()
    wait_boot(scene, boot_id)
    assert scene.system() == "coreos"
    assert scene.target.newer_version in scene.guest.ssh("cat /etc/os-release").stdout
    assert scene.vdsm(900) == story.vdsm
    story.ended()


@pytest.mark.soak
def test_7_emergency_mode_restarts_by_itself(story: Story) -> None:
    scene = story.chapter(7, 6)
    boot_id = scene.guest.wait_ssh()
    limit = time.monotonic() + 600
    while scene.counter() != (str(COUNTER_START), "1"):
        assert time.monotonic() < limit, scene.counter()
        time.sleep(2)
    soon = "[Timer]\nOnActiveSec=\nOnActiveSec=20\n"  # instead of five minutes
    scene.guest.put({"/run/systemd/system/ng2coreos-stuck.timer.d/soon.conf": soon})
    scene.guest.ssh("systemctl daemon-reload")
    scene.guest.ssh("systemctl isolate --no-block emergency.target", check=False, timeout=60)
    wait_boot(scene, boot_id)
    assert scene.system() == "coreos"
    assert scene.vdsm(900) == story.vdsm
    story.ended()


def test_8_the_way_back_after_confirm(story: Story, figures: Dict[str, float]) -> None:
    scene = story.chapter(8, 5)
    if 7 in story.chapters:
        boot_id = scene.guest.wait_ssh()
    else:
        scene.guest.cut_power()
        boot_id = scene.guest.resume(story.confirmed)
    assert scene.new("rollback").rc == Exit.OK
    began = time.monotonic()
    scene.reboot()
    wait_boot(scene, boot_id)
    figures["rollback after confirm: reboot to NG (s)"] = scene.timed("back", began)
    assert scene.system() == "ng"
    assert scene.vdsm(900) == story.vdsm
    scene.prepare_ng()
    scene.tool("rollback")
    assert scene.boot_files() == story.ng_boot
    assert changed(story.ng_files, scene.fingerprint(*NG_ROOTS)) == []
    assert not [name for name in scene.volumes() if "ng2coreos" in name]
    assert scene.grub_environment()["saved_entry"] == scene.image.title
    story.ended()


def _pool_used(scene: Scene) -> float:
    """Bytes of the thin pool that are in use."""
    size, percent = scene.guest.ssh(
        f"lvs --noheadings --units b --nosuffix -o lv_size,data_percent "
        f"{scene.image.vg}/{scene.image.pool}").stdout.split()
    return float(size) * float(percent) / 100


def _boot_used(scene: Scene) -> float:
    """Bytes of the /boot partition that are in use."""
    words = scene.guest.ssh("stat -f -c '%b %f %S' /boot").stdout.split()
    blocks, free, size = (int(word) for word in words)
    return float((blocks - free) * size)


def _as_predicted(report: Dict[str, Any], seen: Dict[str, float],
                  figures: Dict[str, float]) -> None:
    """The report shows what was predicted beside what was measured, and both are right.

    `seen` is what the host's own tools say of the time from before to after the run.  In it NG
    writes too, and each write to what a snapshot shares takes a chunk; LVM's percentage has two
    digits.
    """
    space = {p["what"]: p for p in report["storage"]["predictions"]}
    for what, taken in seen.items():
        need, measured = space[what]["need_bytes"], space[what]["measured_bytes"]
        figures[f"{what} predicted (MiB)"] = need / 1048576
        figures[f"{what} used by apply (MiB)"] = measured / 1048576
        figures[f"{what} predicted by measured"] = need / measured
        figures[f"{what} taken in the whole time (MiB)"] = taken / 1048576
        assert -0.01 * taken < taken - measured < NG_WRITES_BYTES, what
        assert need == pytest.approx(measured, rel=0.02), what
    metadata = space["pool metadata"]
    figures["pool metadata predicted by measured"] = (
        metadata["need_bytes"] / metadata["measured_bytes"])
    assert metadata["measured_bytes"] <= metadata["need_bytes"] + metadata["margin_bytes"]
    for count in report["storage"]["inodes"]:
        assert count["need"] == pytest.approx(count["measured"], rel=0.02), count
    for step in report["steps"]:
        figures[f"{step['id']} predicted by measured (s)"] = (
            step["predicted_s"] / step["measured_s"])
    figures["time of all steps predicted by measured"] = (
        report["summary"]["predicted_s"] / report["summary"]["measured_s"])


# Argument: a file; pieces of it, each within a block of the file system
PIECES = """
import json, sys
data = open(sys.argv[1], "rb").read()
pieces = (data[len(data) * part // 8 // 4096 * 4096 + 64:][:48] for part in (3, 5))
print(json.dumps(sorted(piece.hex() for piece in pieces)))
"""
# Arguments: a mount point, pieces; those that its device has anywhere, in use or not
ON_DISK = """
import json, subprocess, sys
device = subprocess.check_output(["findmnt", "-no", "SOURCE", "--target", sys.argv[1]], text=True)
wanted, found, before = set(map(bytes.fromhex, sys.argv[2:])), set(), b""
with open(device.strip(), "rb") as disk:
    while found < wanted:
        block = disk.read(1 << 22)
        if not block:
            break
        seen = before + block
        found |= {piece for piece in wanted if piece in seen}
        before = block[-64:]
print(json.dumps(sorted(piece.hex() for piece in found)))
"""
