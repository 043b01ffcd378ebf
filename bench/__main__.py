"""``python -m bench``: a line for each figure, exit 1 when one is past its target.

    name measured floor ratio target ok|miss

LVM's part of the inventory is measured as far as it goes without a VM: what each lvm command takes
to start and to look at this machine's disks, on both sides.  On a host with many volumes it takes
longer, and so does its floor.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import List, Optional, Sequence

from bench.measure import Argv, Case, Figure, measure, run

SHARED_MEMORY = Path("/dev/shm")  # a disk's own speed is no figure of ours
_OWNER, _NEW_OWNER = "36", "1036"  # as bench.work has them


def cases(top: Path, files: int, inodes: int, hosts: int, rows: int) -> List[Case]:
    """Every case, on what `prepare` left below `top`. Targets are those of the project's plan."""
    etc = [str(top / "host" / name) for name in ("etc", "usr/share/factory/etc")]
    hashes: Argv = ("find", *etc, "-type", "f", "-exec", "sha256sum", "{}", "+")
    databases = [("rpm", "-qa", "--dbpath", str(top / "host" / name))
                 for name in ("usr/share/rpm", "usr/share/factory/var/lib/rpm")]
    bundle: Argv = ("find", str(top / "bundle"), "-type", "f", "-exec", "cat", "{}", "+")
    # As ours it must look at every owner first: without --from chown never asks for any.
    chown: Argv = ("chown", "-Rh", f"--from={_NEW_OWNER}:{_NEW_OWNER}", f"{_OWNER}:{_OWNER}",
                   str(top / "inodes"))
    return [
        Case("start-up", (sys.executable, "-m", "ng2coreos", "--help"), 0.15,
             ((sys.executable, "-c", "pass"),), timed_inside=False),
        Case("plan", _work("plan", top, files), 5.0, (hashes, *databases)),
        Case("inventory", _work("inventory", top, files), 5.0, (("lvs",), *databases)),
        Case("etc-diff", _work("etc-diff", top, files), 5.0, (hashes,)),
        Case("decide", _work("decide", top, files), 5.0),
        Case("ignition", _work("ignition", top, files), 5.0, (bundle,)),
        Case("staging", _work("staging", top / "image", files // 2), 1.15,
             (_work("bare-staging", top / "image", files // 2),), relative=True,
             floor_timed_inside=True),
        Case("fleet", _work("fleet", top, hosts), 10.0, (_work("bare-fleet", top, hosts),),
             floor_timed_inside=True),
        Case("page", _work("page", top, rows), 1.0, (_work("blank-page", top, rows),),
             floor_timed_inside=True, peak=False),
        # the floor also undoes the work, so that every run changes every owner
        Case("reown", _work("reown", top, inodes), 1.3, (chown,), relative=True)]


def verdict(figures: Sequence[Figure]) -> int:
    """The exit code: 1 when a figure is past its target."""
    return 0 if all(figure.ok for figure in figures) else 1


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Prepare, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--files", type=int, default=20_000, help="in /etc; half are changed")
    parser.add_argument("--inodes", type=int, default=200_000, help="of the pass over the owners")
    parser.add_argument("--hosts", type=int, default=1000, help="of the fleet")
    parser.add_argument("--rows", type=int, default=5000, help="of the page in Chromium")
    parser.add_argument("--full", action="store_true", help="a million inodes")
    parser.add_argument("--runs", type=int, default=5, help="the median is told")
    parser.add_argument("--only", metavar="NAME", help="one case")
    options = parser.parse_args(argv)
    if os.geteuid():
        parser.error("changing owners takes root")
    if os.getloadavg()[0] > len(os.sched_getaffinity(0)) / 2:
        print("The machine is busy: the figures are larger than they should be.", file=sys.stderr)
    inodes = 1_000_000 if options.full else options.inodes
    figures: List[Figure] = []
    place = str(SHARED_MEMORY) if os.access(SHARED_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ng2coreos-bench-", dir=place) as name:
        top = Path(name)
        for case in cases(top, options.files, inodes, options.hosts, options.rows):
            if options.only not in (None, case.name):
                continue
            _prepare(case, top, options, inodes)
            for figure in measure(case, top, options.runs):
                print(figure.line, flush=True)
                figures.append(figure)
    return verdict(figures)


def _work(name: str, top: Path, count: int) -> Argv:
    return (sys.executable, "-m", "bench.work", name, str(top), str(count))


def _prepare(case: Case, top: Path, options: argparse.Namespace, inodes: int) -> None:
    """What the case needs, unless another one had it made."""
    files, hosts = options.files, options.hosts
    if case.name == "reown":
        run(_work("prepare-inodes", top, inodes), top)
    elif case.name == "staging":
        run(_work("prepare-image", top / "image", files // 2), top)
    elif case.name == "fleet":
        run(_work("prepare-fleet", top, hosts), top)
    elif case.name == "page":
        run(_work("prepare-page", top, options.rows), top)
    elif case.name in ("plan", "inventory", "etc-diff", "ignition") and not (top / "host").exists():
        run(_work("prepare-host", top, files), top)


if __name__ == "__main__":
    raise SystemExit(main())
