"""Build products cached by the content of everything they were built from.

A product is a directory below ``.cache/rig/NAME-DIGEST``.  It appears there only when its build
has finished (build in a temporary sibling, then rename), so a killed build is never taken for a
finished one.  ``NG2COREOS_RIG_CACHE`` moves the cache elsewhere.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Iterable, Union

_KEEP_S = 2 * 3600
# The largest product (an NG image with what it is made of) and two guests' disks, with some spare.
ROOM_GIB = 6
REPO = Path(__file__).resolve().parents[2]
Input = Union[str, bytes, Path]


def cache_dir() -> Path:
    """The cache's directory, made if it is missing."""
    path = Path(os.environ.get("NG2COREOS_RIG_CACHE") or REPO / ".cache" / "rig")
    path.mkdir(parents=True, exist_ok=True)
    return path


def digest(inputs: Iterable[Input]) -> str:
    """SHA-256 (first 16 hex digits) over texts, bytes, files and directories, in their order."""
    total = hashlib.sha256()
    for item in inputs:
        for chunk in _chunks(item):
            total.update(len(chunk).to_bytes(8, "big") + chunk)
    return total.hexdigest()[:16]


def need_room(where: Path) -> None:
    """Fail with one clear sentence where a build or a guest would end in the middle: no room."""
    free = shutil.disk_usage(where).free / 2**30
    if free < ROOM_GIB:
        raise OSError(errno.ENOSPC, f"{free:.1f} GiB are free, the rig wants {ROOM_GIB}; `make "
                      "clean` removes the cache, NG2COREOS_RIG_CACHE moves it", str(where))


def cached(name: str, inputs: Iterable[Input], build: Callable[[Path], None]) -> Path:
    """The directory of product `name` for `inputs`; `build(directory)` fills it if it is new.

    Inputs are what the product depends on: source files and directories of the rig, the paths of
    other products (their names hold their digests), package lists, versions.  Digests of the same
    name that nobody asked for in the last hours are removed after a build; younger ones may be in
    use by another checkout or a running guest.  Two processes never build one product at a time.
    """
    key = digest(inputs)
    final = cache_dir() / f"{name}-{key}"
    with open(cache_dir() / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if final.is_dir():
            os.utime(final)
            return final
        need_room(cache_dir())
        work = cache_dir() / f"{name}-{key}.building"
        for left in cache_dir().glob(f"{name}-" + "?" * len(key) + ".building"):
            remove_tree(left)
        work.mkdir()
        began = time.monotonic()
        print(f"rig: building {name} ...", file=sys.stderr, flush=True)
        build(work)
        work.rename(final)
        seconds = time.monotonic() - began
        with open(cache_dir() / "times.txt", "a", encoding="ascii") as times:
            times.write(f"{name} {seconds:.0f}s\n")
        print(f"rig: built {name} in {seconds:.0f} s", file=sys.stderr, flush=True)
        for old in cache_dir().glob(f"{name}-" + "?" * len(key)):
            if old != final and time.time() - old.stat().st_mtime > _KEEP_S:
                doomed = old.with_name(f"{old.name}.building")  # half removed, it is no product
                old.rename(doomed)
                remove_tree(doomed)
    return final


def remove_tree(path: Path) -> None:
    """Remove a directory without following mounts that a killed build left below it.

    This machine's own /dev may be among them, so rm itself is told to stay where it began.
    """
    if not path.exists():
        return
    path = path.resolve()  # as the kernel lists it
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{path}/")), reverse=True):
        subprocess.run(["umount", mount], check=True)
    subprocess.run(["rm", "-rf", "--one-file-system", "--", str(path)], check=True)


def _chunks(item: Input) -> Iterable[bytes]:
    if isinstance(item, bytes):
        yield item
    elif isinstance(item, str):
        yield item.encode()
    elif item.is_symlink():
        yield os.fsencode(os.readlink(item))
    elif item.is_dir() and cache_dir() in item.parents:
        yield item.name.encode()  # another product: its name holds its digest
    elif item.is_dir():
        for path in sorted(p for p in item.rglob("*") if "__pycache__" not in p.parts):
            yield os.fsencode(path.relative_to(item))
            if path.is_symlink() or path.is_file():
                yield from _chunks(path)
    else:
        yield item.read_bytes() + str(item.stat().st_mode & 0o111 != 0).encode()
