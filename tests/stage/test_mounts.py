"""Real mounts, in a child's own namespace: this process never sees them."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from ng2coreos.core.errors import CommandFailed
from ng2coreos.core.host import Host
from ng2coreos.stage import mounts
from ng2coreos.stage.mounts import Mounts
from tests.stage.namespace import in_namespace

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An ext4 file system in a file."""
    path = tmp_path / "disk.img"
    with open(path, "wb") as stream:
        stream.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(path)], check=True)
    return path


def here(path: Path) -> bool:
    return str(path) in Path("/proc/self/mountinfo").read_text()


def test_mounts_are_undone_in_reverse_and_never_seen_outside(tmp_path: Path, image: Path) -> None:
    base = tmp_path / "run"
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_text("x")

    def work() -> None:
        with Mounts(Host(), base) as mine:
            assert not base.exists()
            top = mine.device(str(image), "top")
            assert base.stat().st_mode & 0o777 == 0o700
            assert mine.device(str(image), "top") == top  # already so
            (top / "below").mkdir()
            assert mine.bind(source, top / "below") == top / "below"
            mine.bind(source, top / "below")
            assert (top / "below/file").read_text() == "x"
            point = mounts.mounted(top)
            assert point is not None and point.fstype == "ext4"
            assert sum(m.target == str(top / "below") for m in mounts.table()) == 1
        assert mounts.mounted(base / "top") is None

    in_namespace(work)
    assert not here(base)


def test_a_killed_run_leaves_no_mount(tmp_path: Path, image: Path) -> None:
    base = tmp_path / "run"
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        mounts.private_namespace()
        Mounts(Host(), base).__enter__().device(str(image), "top")
        os.write(writing, b"x")
        signal.pause()
    assert os.read(reading, 1) == b"x"
    assert not here(base)
    assert str(base / "top") in Path(f"/proc/{pid}/mountinfo").read_text()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    loops = subprocess.run(["losetup", "-j", str(image)], capture_output=True, text=True).stdout
    assert loops == ""  # the kernel let go of the disk


def test_what_cannot_be_unmounted_is_told_and_the_rest_is_unmounted(tmp_path: Path,
                                                                    image: Path) -> None:
    def work() -> None:
        mine = Mounts(Host(), tmp_path / "run").__enter__()
        busy = mine.device(str(image), "busy")
        (tmp_path / "source").mkdir()
        (tmp_path / "place").mkdir()
        mine.bind(tmp_path / "source", tmp_path / "place")
        held = os.open(str(busy), os.O_RDONLY)
        with pytest.raises(CommandFailed, match="busy"):
            mine.unmount_all()
        assert mounts.mounted(tmp_path / "place") is None
        os.close(held)
        mine.unmount_all()
        mine.unmount(Path("/proc"))  # not ours: left alone
        assert mounts.mounted(Path("/proc")) is not None

    in_namespace(work)


def test_an_error_inside_is_not_hidden_by_a_busy_mount(tmp_path: Path, image: Path) -> None:
    def work() -> None:
        with pytest.raises(ValueError, match="the cause"):
            with Mounts(Host(), tmp_path / "run") as mine:
                os.chdir(str(mine.device(str(image), "busy")))
                raise ValueError("the cause")

    in_namespace(work)


def test_a_read_only_mount_is_writable_inside_only(tmp_path: Path, image: Path) -> None:
    place = tmp_path / "boot"
    place.mkdir()

    def work() -> None:
        subprocess.run(["mount", str(image), str(place)], check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        with mounts.writable(Host(), place):
            (place / "f").write_text("x")
        with pytest.raises(OSError, match="Read-only"):
            (place / "g").write_text("x")
        pid = os.fork()
        if not pid:  # the helper's namespace: ours stays read-only meanwhile
            mounts.private_namespace()
            with mounts.writable(Host(), place):
                (place / "h").write_text("x")
                try:
                    Path(f"/proc/{os.getppid()}/root{place}/i").write_text("x")
                except OSError:
                    os._exit(0)
            os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0
        assert (place / "h").exists() and not (place / "i").exists()

    in_namespace(work)


def test_a_name_with_blanks_is_found_in_the_table(tmp_path: Path, image: Path) -> None:
    place = tmp_path / "a b\\c\n\td"
    place.mkdir()

    def work() -> None:
        subprocess.run(["mount", str(image), str(place)], check=True)
        found = mounts.mounted(place)
        assert found is not None and found.target == str(place)

    in_namespace(work)
