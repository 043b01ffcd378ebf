"""Nothing outside the root is opened: not by links, ``..``, magic links, nor while they change."""

import errno
import os
import tempfile
import threading
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ng2coreos.core import confined
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host

SECRET = b"outside"
Open = Callable[[int, str, int], int]


@pytest.fixture(params=["kernel", "component"])
def root(request: pytest.FixtureRequest, tmp_path: Path,
         monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a file in it and a secret beside it; both ways to open, as the kernel allows."""
    if request.param == "component":
        monkeypatch.setattr(confined, "by_kernel", lambda: None)
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/file").write_bytes(b"inside")
    return tmp_path / "root"


def read(root: Path, path: str) -> Optional[bytes]:
    """The file's content; None where nothing is."""
    try:
        fd = confined.open_in(str(root), path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with os.fdopen(fd, "rb") as stream:
        return stream.read()


@pytest.mark.parametrize("path", ["/etc/file", "etc/file", "../etc/file", "/etc/../../etc/file",
                                  "//etc/./file", "/etc/nothing/../file"])
def test_a_path_is_taken_from_the_root(root: Path, path: str) -> None:
    missing = "nothing" in path
    assert read(root, path) == (None if missing else b"inside")


@pytest.mark.parametrize("target", ["/secret", "../secret", "../../secret", "/../secret",
                                    "../../../../../../secret", "etc/../../secret"])
def test_a_link_to_the_outside_leads_nowhere(root: Path, target: str) -> None:
    (root / "link").symlink_to(target)
    (root / "above").symlink_to(os.path.dirname(target) or ".")
    assert read(root, "link") is None and read(root, "above/secret") is None


def test_an_absolute_link_to_the_outside_is_one_inside(root: Path, tmp_path: Path) -> None:
    (root / "dir").symlink_to(str(tmp_path))
    assert read(root, "dir/secret") is None
    inside = root / str(tmp_path).lstrip("/")
    inside.mkdir(parents=True)
    (inside / "secret").write_bytes(b"its own")
    assert read(root, "dir/secret") == b"its own"


def test_a_magic_link_is_not_jumped_through(root: Path, tmp_path: Path) -> None:
    """/proc/self/fd/N and /proc/self/root lead anywhere, whatever their text says."""
    outside = os.open(str(tmp_path), os.O_RDONLY)
    try:
        for path in (f"/proc/self/fd/{outside}/root/etc/file", f"/proc/self/root{root}/etc/file"):
            try:
                with open(path, "rb") as stream:
                    assert stream.read() == b"inside"  # it leads there for everybody else
            except FileNotFoundError:
                pytest.fail("/proc is not mounted")
        for path in (f"self/fd/{outside}/secret", f"self/root{tmp_path}/secret",
                     f"self/cwd{tmp_path}/secret"):
            with pytest.raises((FileNotFoundError, NotADirectoryError)):
                os.close(confined.open_in("/proc", path, os.O_RDONLY))
    finally:
        os.close(outside)


@pytest.mark.parametrize("links", [{"a": "b", "b": "a"}, {"a": "a"}, {"a": "a/b"}, {"a": "/./a"},
                                   {"a": "../a/../a"}])
def test_a_loop_is_one_clear_error(root: Path, links: dict[str, str]) -> None:
    for name, target in links.items():
        (root / name).symlink_to(target)
    with pytest.raises(BadInput, match="loop"):
        read(root, "a/x")


def test_a_long_chain_of_links_is_followed_as_far_as_the_kernel_would(root: Path) -> None:
    for n in range(41):
        (root / f"l{n}").symlink_to(f"l{n + 1}" if n < 40 else "etc/file")
    assert read(root, "l1") == b"inside"
    with pytest.raises(BadInput, match="loop"):
        read(root, "l0")


@pytest.mark.parametrize("flags, path, number", [
    (os.O_RDONLY | os.O_DIRECTORY, "etc/file", errno.ENOTDIR), (os.O_PATH, "no", errno.ENOENT),
    (os.O_RDONLY, "etc/file/x", errno.ENOTDIR), (os.O_WRONLY, "etc", errno.EISDIR)])
def test_errors_are_those_of_open(root: Path, flags: int, path: str, number: int) -> None:
    with pytest.raises(OSError) as caught:
        confined.open_in(str(root), path, flags)
    assert (caught.value.errno, caught.value.filename) == (number, path)


def test_a_name_with_a_null_byte_is_no_shorter_name(root: Path) -> None:
    with pytest.raises(ValueError, match="null"):
        read(root, "etc/file\0.old")


def test_no_descriptor_is_left_open(root: Path) -> None:
    (root / "loop").symlink_to("loop")
    (root / "up").symlink_to("../etc/../etc/file")
    before = len(os.listdir("/proc/self/fd"))
    for path in ("up", "loop", "no/x", "etc/file/x", "/", "etc/file"):
        for flags in (os.O_PATH, os.O_RDONLY | os.O_DIRECTORY):
            try:
                os.close(confined.open_in(str(root), path, flags))
            except (OSError, BadInput):
                pass
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_file_swapped_for_a_link_before_it_is_opened_never_shows_the_outside(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel has no openat2: between the look at the last component and its opening."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret").write_bytes(SECRET)
    (root / "file").write_bytes(b"its own")
    top = os.open(root, os.O_PATH)
    looked = os.fstat

    def swapped(fd: int) -> os.stat_result:
        found = looked(fd)
        if not (root / "file").is_symlink():
            (root / "file").unlink()
            (root / "file").symlink_to(tmp_path / "secret")
        return found

    try:
        with monkeypatch.context() as patch, \
                pytest.raises(OSError, match=os.strerror(errno.ELOOP)):
            patch.setattr(os, "fstat", swapped)
            confined.by_component(top, "/file", os.O_RDONLY)
    finally:
        os.close(top)


def test_a_directory_swapped_for_a_link_never_shows_the_outside(root: Path, tmp_path: Path) -> None:
    """While one thread swaps, every look, list, read and walk stays inside or fails."""
    (tmp_path / "d").mkdir()
    (tmp_path / "d/secret").write_bytes(SECRET)
    (root / "dir").mkdir()
    (root / "dir/secret").write_bytes(b"its own")
    (root / "dir/only-inside").touch()
    (root / "up").symlink_to("dir/../dir/secret")
    host = Host(str(root))
    outside = os.stat(tmp_path / "d/secret")
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            os.rename(root / "dir", root / "aside")
            os.symlink("../../../d" if len(os.listdir(root)) % 2 else tmp_path / "d", root / "dir")
            os.unlink(root / "dir")
            os.rename(root / "aside", root / "dir")

    thread = threading.Thread(target=swap)
    thread.start()
    seen = 0
    try:
        for _ in range(1500):
            for path in ("/dir/secret", "/up"):
                content = host.read_text(path, default="")
                assert content in ("", "its own")
                seen += bool(content)
            info = host.lstat("/dir/secret")
            assert info is None or info.st_ino != outside.st_ino
            assert host.names("/dir") in ([], ["only-inside", "secret"])
            walked = set(host.walk("/"))
            assert "/dir/secret" not in walked or "/dir/only-inside" in walked
    finally:
        over.set()
        thread.join()
    assert seen


def test_a_directory_moved_out_is_not_left_through_its_parent(root: Path, tmp_path: Path) -> None:
    """``..`` of a directory that is moved beside the root would be the outside."""
    (root / "a/b").mkdir(parents=True)
    (root / "a/b/up").symlink_to("../../secret")
    over = threading.Event()

    def move() -> None:
        while not over.is_set():
            os.rename(root / "a/b", tmp_path / "b")
            os.rename(tmp_path / "b", root / "a/b")

    thread = threading.Thread(target=move)
    thread.start()
    try:
        assert {read(root, "a/b/up") for _ in range(3000)} == {None}
    finally:
        over.set()
        thread.join()


# Both ways, and the paths that programs are given, agree.

NAMES = st.sampled_from(["a", "b", "c", "..", ".", "a/b", "b/c", "/", "/a", "../a", "c/..", "x"])
TARGETS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(st.sampled_from(["a", "b", "c", "a/a", "a/b", "b/c", "c/a", "b/c/a"]),
                        st.one_of(st.none(), st.just(""), TARGETS), max_size=8)


@settings(deadline=None)
@given(TREES, st.lists(TARGETS, min_size=1, max_size=6))
def test_every_way_agrees(tree: dict[str, Optional[str]], paths: List[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        _make(root, tree)
        for path in paths:
            first, *others = _answers(root, path)
            assert [first] * len(others) == others, path


def _make(root: Path, tree: dict[str, Optional[str]]) -> None:
    """Directories for None, files for nothing, links for the rest, as far as they fit."""
    root.mkdir()
    for name, what in sorted(tree.items()):
        place = root / name
        if place.parent.is_symlink() or not place.parent.is_dir():
            continue
        if what is None:
            place.mkdir()
        elif what:
            place.symlink_to(what)
        else:
            place.touch()


def _answers(root: Path, path: str) -> Iterator[Tuple[int, int]]:
    top = os.open(str(root), os.O_PATH | os.O_DIRECTORY)
    kernel = confined.by_kernel()
    tidy = os.path.normpath("/" + path)
    try:
        first = _identity(lambda: confined.by_component(top, tidy, os.O_PATH))
        yield first
        yield _identity(lambda: confined.open_in(str(root), tidy, os.O_PATH))
        if not first[1]:  # a name is tidied where a descriptor finds that x of x/.. is no directory
            yield _identity(lambda: os.open(Host(str(root)).follow(path),
                                            os.O_PATH | os.O_NOFOLLOW))
        if kernel is not None:
            opened = _identity(lambda: kernel(top, path, os.O_PATH))
            assert opened == _identity(lambda: confined.by_component(top, path, os.O_PATH))
    finally:
        os.close(top)


def _identity(opened: Callable[[], int]) -> Tuple[int, int]:
    try:
        fd = opened()
    except BadInput:
        return 0, errno.ELOOP
    except OSError as error:
        return 0, error.errno or 0
    try:
        return os.fstat(fd).st_ino, 0
    finally:
        os.close(fd)
