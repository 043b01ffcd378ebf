"""remarks: each row of data/remarks.yaml fires on a host that has the thing, and on no other."""

import re
from dataclasses import replace
from typing import Any, Dict, List

import pytest

from ng2coreos.model.facts import HostFacts, Package, Packages
from ng2coreos.model.finding import Finding, Kind
from plugins.remarks import Remark, Remarks, table
from tests.fakes import FakeHost
from tests.plan.build import added, file, host, target

ROWS = table()


def example(pattern: str) -> str:
    """A path or a package's name that fits a pattern."""
    return re.sub(r"\[(.)[^]]*\]", r"\1", pattern).replace("*", "site")


def judged(fake: FakeHost, facts: HostFacts, *packages: str) -> List[Finding]:
    image = target(packages=tuple(Package(name, 0, "1", "1", "x86_64") for name in packages))
    return list(Remarks().contribute(facts, Remarks().facts(fake), image).findings)


def having(fake: FakeHost, path: str, content: str = "") -> HostFacts:
    """A host with a file at `path`, seen as the inventory sees it."""
    fake.write(path, content or "content\n")
    return host(etc=(added(path, file()),)) if path.startswith("/etc/") else host()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_each_path_shows_it_and_the_images_package_settles_it(row: Remark, fake_host: FakeHost
                                                              ) -> None:
    for pattern in row.paths:
        facts = having(fake_host, example(pattern) + ("/x" if pattern.startswith("/opt") else ""),
                       row.holds.upper())
        mine = [f for f in judged(fake_host, facts) if f.evidence[0] == row.id]
        assert len(mine) == 1, pattern
        assert mine[0].title == row.about and mine[0].resources
        for package in row.unless:
            assert row.id not in [f.evidence[0] for f in judged(fake_host, facts, package)]


@pytest.mark.parametrize("row", [r for r in ROWS if r.added], ids=lambda row: row.id)
def test_an_added_package_shows_it(row: Remark, fake_host: FakeHost) -> None:
    for pattern in row.added:
        package = Package(example(pattern), 0, "1", "1", "x86_64")
        facts = replace(host(), packages=Packages(501, (package,), (), ()))
        assert [f.resources for f in judged(fake_host, facts) if f.evidence[0] == row.id] == [
            (f"package:{package.name}",)]


def test_a_plain_host_is_told_nothing(fake_host: FakeHost) -> None:
    fake_host.write("/opt/dell/.keep", "")
    fake_host.path("/opt/dell/.keep").unlink()  # an empty directory shows nothing
    fake_host.write("/etc/snmp/snmpd.conf", "as the image made it\n")
    assert judged(fake_host, host()) == []


@pytest.mark.parametrize("before", [0, (1 << 20) - 9, 5 << 20])
def test_a_text_in_a_large_file_shows_it(fake_host: FakeHost, before: int) -> None:
    cache = "/var/lib/sss/db/cache_example.com.ldb"
    fake_host.write(cache, "\0" * (before + 4096))
    assert judged(fake_host, host()) == []
    record = "DN=OVERRIDEANCHORUUID=:SID:S-1-5,CN=LOCAL,CN=VIEWS,CN=SYSDB"
    fake_host.write(cache, "\0" * before + record + "\0" * 4096)
    one, = judged(fake_host, host())
    assert (one.evidence, one.resources) == (("auth.sssd-overrides",), (f"file:{cache}",))


def test_a_long_list_is_cut_and_says_so(fake_host: FakeHost) -> None:
    facts = host(etc=tuple(added(f"/etc/snmp/{n}.conf") for n in range(30)))
    one, = judged(fake_host, facts)
    assert (one.id, len(one.resources), one.evidence) == (
        "N2C_STATE_ACTION", 20, ("mon.snmp", "and 10 more"))


def test_what_needs_no_deed_is_a_note(fake_host: FakeHost) -> None:
    one, = judged(fake_host, host(etc=(added("/etc/pcp.conf"),)))
    assert (one.id, one.kind) == ("N2C_STATE_NOTE", Kind.INFO)


def test_each_row_is_worded() -> None:
    seen: Dict[str, Any] = {}
    for row in ROWS:
        assert row.id not in seen and not row.about.endswith(".")
        assert row.text.endswith(".") and row.remedy.endswith(".")
        assert row.paths and Kind(row.kind) in (Kind.WARNING, Kind.INFO)
        seen[row.id] = row
