"""/etc three ways, from a real tree and a real ostree repository to the plan and the bundle."""

from pathlib import Path
from typing import Any, Dict, Optional, Union

import pytest

from ng2coreos.core.host import Host
from ng2coreos.execute import planning
from ng2coreos.execute.bundle import Bundle, export_bundle
from ng2coreos.inventory import etc
from ng2coreos.model import codec
from ng2coreos.model.item import Item, Outcome
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.model.target import TargetSource
from ng2coreos.report import document, plan_text
from tests.execute.world import CLOCK
from tests.fakes import FakeHost
from tests.plan import build
from tests.target import images

Content = Optional[Union[str, bytes]]
CHRONY = "/etc/chrony.conf"
FILES: Dict[str, Any] = {  # path: factory, NG, target
    CHRONY: ("pool a\n\ndrift x\n\nlog y\n", "pool site\n\ndrift x\n\nlog y\n",
             "pool a\n\ndrift x\n\nlog z\n"),
    "/etc/vdsm/vdsm.conf": ("[vars]\nssl = true\n", "[vars]\nssl = false\n",
                            "[vars]\nssl = true\nnew = 1\n"),
    "/etc/sysctl.conf": ("vm.swappiness = 60\n", "vm.swappiness = 1\n", "vm.swappiness = 30\n"),
    "/etc/token.conf": ("a\n", "a\ntoken = canary1\n", "b\n"),
    "/etc/closed.conf": ("a\n", "canary2\n", "b\n"),
    "/etc/odd.bin": (b"a", b"\x00\xff", b"c"), "/etc/latin": (b"a\n", b"caf\xe9\n", b"a\n\n\nz\n"),
    "/etc/empty": ("", None, ""), "/etc/gone": ("x\n", None, "x\n"), "/etc/same": ("a", "b", "b"),
    "/etc/theirs": ("a", "a", "b"), "/etc/fresh": (None, "mine\n", None)}


class Case:
    """A host and an image with these files."""

    def __init__(self, top: Path) -> None:
        files = FakeHost(top / "host")
        tree = images.make_tree(top / "tree")
        image = FakeHost(tree)
        for path, (factory, ours, theirs) in FILES.items():
            for host, place, content in ((files, f"/usr/share/factory{path}", factory),
                                         (files, path, ours), (image, f"/usr{path}", theirs)):
                if content is not None:
                    mode = 0o600 if path == "/etc/closed.conf" else 0o644
                    host.write(place, content, mode=mode)
        files.write("/etc/shadow", "root:!::::::\n")
        for place in ("/run", "/usr/share/factory/etc"):
            files.path(place).mkdir(parents=True, exist_ok=True)
        images.make_repo(files.path("/repo"), tree)
        self.host = Host(str(files.root))
        self.source = TargetSource("repo", "/repo", images.REF, insecure=True)
        self.top = top

    def plan(self, **policy: Any) -> Plan:
        """As `ng2coreos plan` makes it, the rest of the host as in tests/plan/build.py."""
        facts = build.host(etc=etc.read(self.host))
        image = planning.read_target(self.host, self.source, facts)
        return planning.make_plan(self.host, facts, image, Policy(**policy), CLOCK)

    def exported(self, plan: Plan) -> Dict[str, bytes]:
        """What the bundle has of each file."""
        export_bundle(self.host, plan, self.top / "bundle")
        bundle = Bundle(self.top / "bundle")
        return {item.path: b"".join(bundle.content(item).chunks()) for item in plan.decisions.items
                if item.kind == "file" and item.outcome in (Outcome.CARRIED, Outcome.CONVERTED)
                and item.path in FILES}


def items(plan: Plan) -> Dict[str, Item]:
    """The plan's items by path."""
    return {item.path: item for item in plan.decisions.items}


def said(plan: Plan, id: str) -> str:
    """What is shown with a finding."""
    return "\n".join(e for f in plan.decisions.findings if f.id == id for e in f.evidence)


def test_what_is_merged_in_the_dry_run_is_what_is_exported(tmp_path: Path) -> None:
    case = Case(tmp_path)
    plan = case.plan(conflict="merge")
    assert codec.loads(Plan, codec.dumps(plan)) == plan
    written, found = case.exported(plan), items(plan)
    assert written[CHRONY] == b"pool site\n\ndrift x\n\nlog z\n"
    assert written["/etc/vdsm/vdsm.conf"] == b"[vars]\nssl = false\nnew = 1\n"
    assert found[CHRONY].outcome is Outcome.CONVERTED
    text = plan_text(plan)
    assert "merged by lines" in text and "+pool site" in text and "+log z" in text


def test_what_cannot_be_merged_is_carried_as_it_is_and_shown(tmp_path: Path) -> None:
    case = Case(tmp_path)
    plan = case.plan(conflict="merge")
    written, found = case.exported(plan), items(plan)
    for path in ("/etc/sysctl.conf", "/etc/odd.bin", "/etc/closed.conf"):
        assert found[path].outcome is Outcome.CARRIED, path
        ours = FILES[path][1]
        assert written[path] == (ours if isinstance(ours, bytes) else ours.encode())
    unclean = said(plan, "N2C_ETC_MERGE_UNCLEAN")
    assert "both changed vm.swappiness" in unclean and "+vm.swappiness = 1" in unclean
    assert "/etc/odd.bin: it is no text" in unclean
    assert written["/etc/fresh"] == b"mine\n"
    assert not {"/etc/same", "/etc/theirs", "/etc/gone", "/etc/empty"} & set(found)


@pytest.mark.parametrize("policy", ["keep-ng", "take-target", "merge"])
def test_no_secret_is_in_any_view_nor_in_the_findings(tmp_path: Path, policy: str) -> None:
    plan = Case(tmp_path).plan(conflict=policy)
    report = document.dumps(document.document(document.Occasion("plan", "untouched"), plan))
    shown = plan_text(plan) + report + codec.dumps(plan.decisions.findings)
    assert "canary" not in shown
    assert "/etc/token.conf" in shown and "/etc/closed.conf" in shown


def test_bytes_that_are_no_utf8_arrive_as_they_were(tmp_path: Path) -> None:
    case = Case(tmp_path)
    plan = case.plan(conflict="merge")
    assert case.exported(plan)["/etc/latin"] in (b"caf\xe9\n\n\nz\n",
                                                                    b"caf\xe9\n")
    assert "caf" in said(plan, "N2C_ETC_MERGE_UNCLEAN") + said(plan, "N2C_ETC_MERGED")


def test_a_deletion_that_is_answered_is_in_the_plan_to_its_last_step(tmp_path: Path) -> None:
    plan = Case(tmp_path).plan(answers={"/etc/gone": "keep-ng", "/etc/empty": "keep-ng"})
    change, = [c for c in plan.changes if c.step == "clear-etc"]
    assert change.params["paths"] == ["/etc/empty", "/etc/gone"]
    assert items(plan)["/etc/gone"].kind == "absent"
    text = plan_text(plan)
    assert "/etc/gone stays deleted" in text
    row, = [line for line in text.splitlines() if line.split()[:2] == ["/etc/gone", "absent"]]
    assert row.split()[2:] == ["answer", "Deleted", "on", "NG."]


def test_a_plan_that_was_made_twice_is_the_same(tmp_path: Path) -> None:
    case = Case(tmp_path)
    assert case.plan(conflict="merge") == case.plan(conflict="merge")


def test_contents_of_the_target_are_read_for_disputed_files_only(tmp_path: Path) -> None:
    case = Case(tmp_path)
    facts = build.host(etc=etc.read(case.host))
    texts = planning.read_target(case.host, case.source, facts).texts
    assert set(texts) == {CHRONY, "/etc/vdsm/vdsm.conf", "/etc/sysctl.conf", "/etc/token.conf",
                          "/etc/closed.conf", "/etc/odd.bin", "/etc/latin"}
    assert planning.read_target(case.host, case.source).texts == {}
    assert "canary" not in repr(planning.read_target(case.host, case.source, facts))
