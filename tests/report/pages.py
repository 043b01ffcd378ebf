"""Reports to make pages of: one with something of everything, and one that nobody should trust."""

from dataclasses import replace
from typing import Any, Dict

from ng2coreos.core.host import Host
from ng2coreos.execute import planning
from ng2coreos.model.facts import HostFacts, Nic, Package
from ng2coreos.model.finding import Finding, Kind
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.model.proof import SCHEMA, Proof, Verification
from ng2coreos.model.state import Attempt, Failure
from ng2coreos.report import document
from tests.plan import build

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\x1b[2J\udc80'
CLOCK = planning.Clock(lambda: "2026-01-01T00:00:00Z", lambda: "20260101T000000Z-abcdef",
                       lambda: "uuid")


def plan_of(facts: HostFacts) -> Plan:
    """The plan for a host, with the image of the tests."""
    return planning.make_plan(Host("/nonexistent"), facts, build.target(), Policy(), CLOCK)


def full() -> Dict[str, Any]:
    """A host that fell back: everything that a page can show is there."""
    facts = build.host(etc=(build.changed("/etc/chrony.conf"), build.added("/etc/own.conf")))
    facts = replace(facts, packages=replace(facts.packages, added=(
        Package("tool", 0, "1", "1", "x86_64", "Somebody"),)))
    plan = plan_of(facts)
    conflict = Finding("N2C_ETC_CONFLICT", Kind.WARNING, "Changed on both sides", "Look.", "Do.",
                       ("file:/etc/own.conf",), ("/etc/own.conf: NG changed:\n-a\n+b",))
    plan = replace(plan, decisions=replace(plan.decisions, findings=(
        *plan.decisions.findings, conflict)))
    records = [record for change in plan.changes for record in (
        {"event": "intent", "change": change.id, "at": "2026-01-01T00:00:00Z"},
        {"event": "done", "change": change.id, "seconds": 1.5, "result": {}, "taken": {
            "pool_bytes": 65536, "metadata_bytes": 4096, "boot_bytes": 4096, "boot_inodes": 1}})]
    proof = Verification(SCHEMA, plan.run_id, "c" * 64, "1.0", "boot", "2026-01-01T01:00:00Z", (
        Proof("vdsmd", "unit-active", "vdsmd runs", False, "failed", True),
        Proof("item:/etc/own.conf", "file", "/etc/own.conf", True)))
    attempt = Attempt(1, "boot", "2026-01-01T00:30:00Z", "2026-01-01T00:40:00Z", False,
                      (Failure("vdsmd", "vdsmd runs", "failed", ("vdsmd[9]: no network",)),))
    return document.document(document.Occasion(
        "status", "rolled-back", 12, ("ng2coreos", "status"), "2026-01-01T01:00:00Z",
        "2026-01-01T01:00:01Z", "boot", "", "fell-back", "It fell back.", "ng2coreos rollback",
        plan.run_id, False, None, (attempt,), proof, records), plan)


def hostile() -> Dict[str, Any]:
    """The same with a host whose every name is an attack."""
    facts = build.host()
    profile = build.profile(EVIL, "bridge", addresses=[EVIL], controller=EVIL, parent=EVIL)
    layout = facts.layout
    facts = replace(
        facts, fqdn=EVIL, product=EVIL, nics=(Nic(EVIL[:-1], EVIL[:-1], EVIL),),
        layout=replace(layout, volumes=tuple(
            replace(v, name=v.name + EVIL) if v.name in ("home", "swap") else v
            for v in layout.volumes)),
        plugins={**facts.plugins, "network": {"profiles": [profile]}})
    plan = plan_of(facts)
    finding = Finding("N2C_X" + EVIL, Kind.WARNING, EVIL, EVIL, EVIL, (f"file:/{EVIL}",),
                      (f"/etc/x:3: {EVIL}\n{EVIL}", EVIL))
    item = Item(f"/etc/{EVIL}", "file", Outcome.CARRIED, EVIL, EVIL, owner=EVIL, group=EVIL)
    plan = replace(plan, decisions=replace(plan.decisions, findings=(finding,), items=(item,)))
    return document.document(document.Occasion(
        "apply", "untouched", 1, ("ng2coreos", EVIL), text=EVIL, next=EVIL,
        trouble=document.Trouble(EVIL, EVIL, EVIL)), plan)


def long(rows: int) -> Dict[str, Any]:
    """A report with as many files."""
    plan = plan_of(build.host(etc=tuple(
        build.added(f"/etc/app.d/file-{n:05}.conf") for n in range(rows))))
    return document.document(document.Occasion("plan", "untouched"), plan)
