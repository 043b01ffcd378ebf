"""Reports of many hosts, made from the recorded ones and those of the tests."""

from dataclasses import replace
from pathlib import Path
from typing import List

from ng2coreos.report import document
from tests import recorded
from tests.plan import build
from tests.report import pages


def texts() -> List[str]:
    """Reports of varied hosts: the recorded ones and some of the tests', ready and not."""
    plans = [pages.plan_of(recorded.facts(name)) for name in recorded.names()]
    plain = build.host()
    plans += [pages.plan_of(facts) for facts in (
        plain, build.host(etc=(build.changed("/etc/chrony.conf"),)),
        replace(plain, boot=replace(plain.boot, secure_boot=True, firmware="uefi")),
        replace(plain, layout=replace(plain.layout, pool=replace(
            plain.layout.pool, used_bytes=plain.layout.pool.size_bytes))))]
    return [document.dumps(document.document(document.Occasion(
        "plan", "untouched", finished="2026-01-01T00:00:00Z"), replace(
            plan, source=replace(plan.source, fqdn="HOST")))) for plan in plans]


def written(directory: Path, count: int) -> Path:
    """A directory with reports of as many hosts."""
    directory.mkdir()
    varied = texts()
    for n in range(count):
        (directory / f"{n:04}.json").write_text(
            varied[n % len(varied)].replace('"HOST"', f'"node{n:04}.example.org"'))
    return directory
