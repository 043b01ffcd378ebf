"""Why a path is carried or not: the answer names the rule that the plan follows, and its place."""

from pathlib import Path
from typing import List

import pytest

from ng2coreos.plan import load_rules
from ng2coreos.plan.etc_places import NEVER
from ng2coreos.plan.rules import Rules
from ng2coreos.plan.schema import parse
from ng2coreos.plan.why import listing, matches, nearest, why

MINE = """\
entries:
  - id: mine.broad
    paths: [/etc/my/**]
    exclude: [/etc/my/not]
    action: carry
    reason: Mine.
    owner: me:mine
    mode: "0640"
    secret: true
    host_data: true
  - {id: mine.exact, paths: [/etc/my/cache, /etc/other], action: drop, reason: Stale.}
"""


def rules() -> Rules:
    """Ours with a drop-in."""
    built_in = load_rules().built_in
    return Rules((parse(MINE, "mine.yaml"),), built_in,
                 (parse(MINE.replace("mine.", "plug."), "plug.yaml"),))


@pytest.mark.parametrize("path, verdict, rule", [
    ("/etc/my/x", "carried", "mine.broad"), ("/etc/my/cache", "dropped", "mine.exact"),
    ("/etc/machine-id", "carried", "identity.machine-id"), ("/etc/my/not", "by-policy", ""),
    ("/etc/unheard-of", "by-policy", ""), ("/etc/passwd", "translated", ""),
    ("/var/cache/dnf", "dropped", "packages.dnf-conf"), ("/var/lib/own/x", "travels", ""),
    ("/var/cache/dnf/some/file", "dropped", "packages.dnf-conf"), ("/root/x", "travels", ""),
    ("/usr/local/bin/x", "travels", ""), ("/usr/bin/x", "not-carried", ""),
    ("/tmp/x", "not-carried", ""), ("/boot/x", "not-carried", ""), ("/", "not-carried", ""),
    ("/mine/x", "travels", ""), ("/mnt/x", "travels", ""), ("/etc", "by-policy", "")])
def test_each_kind_of_path_has_its_verdict(path: str, verdict: str, rule: str) -> None:
    answer = why(rules(), path)
    assert (answer.verdict, answer.rule.id if answer.rule else "") == (verdict, rule)


def test_the_answer_has_everything_of_the_rule() -> None:
    rule = why(rules(), "/etc/my/x").rule
    assert rule is not None
    assert (rule.origin, rule.line, rule.whose, rule.pattern) == (
        "mine.yaml", 2, "drop-in", "/etc/my/**")
    assert (rule.action, rule.owner, rule.mode, rule.verify, rule.secret, rule.host_data) == (
        "carry", "me:mine", "0640", "content", True, True)


def test_the_line_is_where_the_entry_begins_in_its_file() -> None:
    for rule in listing(load_rules()):
        text = Path(rule.origin).read_text("utf-8").splitlines()
        assert f"id: {rule.id}" in text[rule.line - 1], rule


def test_rules_that_lose_are_named_in_the_order_of_their_rank() -> None:
    found = [(m.id, m.whose) for m in matches(rules(), "/etc/my/cache")]
    assert found == [("mine.exact", "drop-in"), ("mine.broad", "drop-in"),
                     ("plug.exact", "plug-in"), ("plug.broad", "plug-in")]
    answer = why(rules(), "/etc/my/cache")
    assert [(m.id, m.whose) for m in answer.beaten] == found[1:]


def test_it_decides_as_the_plan_does() -> None:
    given = rules()
    paths = [p.replace("**", "a/b").replace("*", "a").replace("?", "a") for e in given.entries
             for p in e.paths]
    for path in paths:
        entry, found = given.find(path), matches(given, path)
        assert (entry.id if entry else "") == (found[0].id if found else ""), path


@pytest.mark.parametrize("path, wanted", [
    ("/etc/vdsm/vdsmm.conf", "/etc/vdsm/vdsm.conf"), ("/etc/chorny.conf", "/etc/chrony.conf"),
    ("/etc/my/not", "/etc/my/**")])
def test_the_nearest_rules_are_told_where_none_fits(path: str, wanted: str) -> None:
    found: List[str] = [m.pattern for m in why(rules(), path).nearest]
    assert wanted in found and len(found) <= 3
    assert nearest(rules(), "/etc/zzqqyyxx12345678") == ()


def test_a_path_is_taken_in_its_plain_form() -> None:
    assert why(rules(), "/etc//my/../my/x/").path == "/etc/my/x"


def test_no_whitelist_carries_what_is_never_carried() -> None:
    layer = parse("entries:\n  - {id: a, paths: [/etc/**], action: carry, reason: b}\n", "x")
    assert {why(Rules((layer,), ()), path).verdict for path in NEVER} == {"translated"}
