"""What is measured: ``python -m bench.work NAME DIR COUNT`` does it and prints its seconds.

The host is a recorded one, its /etc blown up to COUNT files of which every second differs from
the image's, its rpm databases to 1,500 packages (with headers smaller than real ones).
"""

import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, Sequence

from bench import staging
from ng2coreos.core import durable
from ng2coreos.core.command import Completed, Input, Runner, run_process
from ng2coreos.core.errors import Unsupported
from ng2coreos.core.host import Host
from ng2coreos.execute import planning
from ng2coreos.execute.bundle import Bundle, build_config, export_bundle
from ng2coreos.execute.store import read_plan
from ng2coreos.ignition import validate as checked
from ng2coreos.inventory import etc, packages, reader
from ng2coreos.model import codec
from ng2coreos.model.facts import Difference, EtcChange, FileFact
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.report import html, plan_text
from ng2coreos.report.fleet import Inventory, as_html, gather, propose
from ng2coreos.stage import transfer
from ng2coreos.stage.ids import IdMap
from tests import recorded
from tests.fakes import FakeHost
from tests.plan import build
from tests.report import many, pages
from tests.report.browser import browser

RECORDED = "el8-two-generations"
ETC, FACTORY = "etc", "usr/share/factory/etc"
RPM, FACTORY_RPM = "usr/share/rpm", "usr/share/factory/var/lib/rpm"
OWNER, NEW_OWNER = 36, 1036  # before the pass and after it
_PACKAGES = 1500
_LVM = ("lvmconfig", "lvs", "pvs", "vgs")
_FILE_BYTES = 2048
_PER_DIRECTORY = 50


def prepare_host(top: Path, count: int) -> None:
    """The host below `top`/host, its plan and its bundle."""
    recorded.host(RECORDED, top, script=False).root.rename(top / "host")
    for name, word in ((ETC, "host"), (FACTORY, "image")):
        for n, path in enumerate(_paths(count)):
            place = top / "host" / name / path
            place.parent.mkdir(parents=True, exist_ok=True)
            text = f"# {n} {word if n % 2 else 'same'}\n"
            place.write_text((text * _FILE_BYTES)[:_FILE_BYTES], "utf-8")
    for name in (RPM, FACTORY_RPM):
        shutil.rmtree(top / "host" / name)
        recorded.rpm_database(top / "host" / name,
                              [f"package{n}-1.{n}-1.el8.x86_64" for n in range(_PACKAGES)])
    host = Host(str(top / "host"))
    export_bundle(host, _plan(host), top / "bundle")
    (top / "plan.json").write_text(codec.dumps(_plan(host)), "utf-8")


def prepare_inodes(top: Path, count: int) -> None:
    """`count` inodes of one owner below `top`/inodes."""
    directory = top / "inodes"
    for n in range(count):
        if n % _PER_DIRECTORY == 0:
            made = directory = top / "inodes" / f"{n}"
            made.mkdir(parents=True)
        else:
            made = directory / f"{n}"
            made.touch()
        os.chown(made, OWNER, OWNER)


def plan(top: Path, count: int) -> str:
    """`plan` without LVM and the target: /etc, both rpm databases, all decisions, the text."""
    del count
    return plan_text(_plan(Host(str(top / "host"))))


def inventory(top: Path, count: int) -> bool:
    """The whole inventory but the plug-ins'.

    Files and rpm databases are read.  Each LVM command is run on this machine, whose own volumes
    (mostly none) it looks for; its answer is a host's recorded one, as are those of the few
    programs that are not LVM's (findmnt, stat, uname, ethtool, systemctl), which are not run.
    """
    host = Host(str(top / "host"), _with_lvm(recorded.programs(RECORDED, FakeHost(top / "host"))))
    facts = reader.read(host)
    return len(facts.etc) >= count // 2 and facts.packages.total == _PACKAGES


def prepare_fleet(top: Path, count: int) -> None:
    """The reports of `count` hosts below `top`/fleet."""
    many.written(top / "fleet", count)


def fleet(top: Path, count: int) -> bool:
    """`count` reports made one page, with their waves."""
    found = gather([top / "fleet"])
    page = as_html(found, propose(found.hosts, Inventory()), Inventory())
    (top / "fleet.html").write_text(page, "utf-8")
    return len(found.hosts) == count


def bare_fleet(top: Path, count: int) -> bool:
    """The floor: each report read as JSON, and nothing made of it."""
    return len([json.loads(path.read_bytes())["host"]["fqdn"]
                for path in sorted((top / "fleet").iterdir())]) == count


def prepare_page(top: Path, count: int) -> None:
    """The page of a report with a table of `count` rows, and one with nothing on it."""
    (top / "page.html").write_text(html.page(pages.long(count)), "utf-8")
    (top / "blank.html").write_text("<!doctype html><title>blank</title>", "utf-8")


def page(top: Path, count: int) -> float:
    """The report's page in Chromium, until it is laid out; the browser runs already."""
    del count
    return _opened(top, "page.html")


def blank_page(top: Path, count: int) -> float:
    """The floor: a page with nothing on it."""
    del count
    return _opened(top, "blank.html")


def etc_diff(top: Path, count: int) -> bool:
    """/etc against the image's."""
    return len(etc.read(Host(str(top / "host")))) >= count // 2


def decide(top: Path, count: int) -> bool:
    """All decisions where each of `count` files, and every directory of them, was added."""
    kinds = {f"/etc/{path}": "file" for path in _paths(count)}
    kinds.update({os.path.dirname(path): "directory" for path in kinds})
    facts = replace(recorded.facts(RECORDED), etc=tuple(
        EtcChange(path, Difference.ADDED, FileFact(kind, 0o644, 0, 0, 1, path))
        for path, kind in kinds.items()))
    made = planning.make_plan(Host(str(top)), facts, build.target(), Policy())
    return len(made.decisions.items) >= count


def ignition(top: Path, count: int) -> bool:
    """The config with every second of `count` files in it, as `apply` writes and checks it.

    Without the real ignition-validate: an NG host has none.
    """
    config = build_config(read_plan(top / "plan.json"), Bundle(top / "bundle"))
    host = Host(str(top), _no_programs)
    durable.write_parts(top / "config.ign", config, mode=0o600,
                        check=lambda new: checked(new, host))
    return (top / "config.ign").read_bytes().count(b'"overwrite"') > count // 2


def reown(top: Path, count: int) -> bool:
    """The pass over the owners; every one changes."""
    ids = IdMap({OWNER: NEW_OWNER}, {OWNER: NEW_OWNER})
    return transfer.reown(top / "inodes", ids, lambda done: None).changed >= count


def _opened(top: Path, name: str) -> float:
    with tempfile.TemporaryDirectory(dir=top) as scratch, browser(Path(scratch)) as tab:
        began = time.perf_counter()
        tab.open(top / name)
        return time.perf_counter() - began


def _with_lvm(fake: FakeHost) -> Runner:
    def run(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
        if argv[0] in _LVM:
            run_process(argv, timeout_s, data)
        return fake.run(argv)

    return run


def _no_programs(argv: Sequence[str], timeout_s: float, data: Input) -> Completed:
    raise Unsupported(f"The program {argv[0]} is missing.", hint="It is not measured.")


def _plan(host: Host) -> Plan:
    facts = replace(recorded.facts(RECORDED), etc=etc.read(host), packages=packages.read(host))
    return planning.make_plan(host, facts, build.target(), Policy())


def _paths(count: int) -> Iterator[str]:
    return (f"bench.d/{n // _PER_DIRECTORY}/{n}.conf" for n in range(count))


def main(name: str, top: Path, count: int) -> None:
    """Do it, see that all of it was done, print the seconds."""
    tasks: Dict[str, Callable[[Path, int], Any]] = {
        "prepare-host": prepare_host, "prepare-inodes": prepare_inodes, "plan": plan,
        "inventory": inventory, "prepare-fleet": prepare_fleet, "fleet": fleet,
        "bare-fleet": bare_fleet, "prepare-page": prepare_page, "page": page,
        "blank-page": blank_page,
        "etc-diff": etc_diff, "decide": decide, "ignition": ignition, "reown": reown,
        "prepare-image": staging.prepare, "staging": staging.ours, "bare-staging": staging.bare}
    start = time.perf_counter()
    done = tasks[name](top, count)
    # what has to tidy up after its work tells its own seconds
    print(done if isinstance(done, float) else time.perf_counter() - start)
    if done is False:
        raise SystemExit(f"{name} has not done its work")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
