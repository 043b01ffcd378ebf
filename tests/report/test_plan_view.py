"""A reader finds the verdict at once, everything else in its place, and no secret anywhere."""

import json
from dataclasses import replace

import pytest

from ng2coreos import report
from ng2coreos.model.finding import Kind
from ng2coreos.model.plan import Plan, Policy
from ng2coreos.report import Verdict, document
from tests.report.sample import SECRETS, finding, plan


@pytest.mark.parametrize("findings, overrides, verdict", [
    ((), (), Verdict.READY),
    ((finding("N2C_A_W", Kind.WARNING),), (), Verdict.READY),
    ((finding("N2C_A_O", Kind.OVERRIDABLE),), (), Verdict.NEEDS_ANSWER),
    ((finding("N2C_A_O", Kind.OVERRIDABLE),), ("N2C_A_O",), Verdict.READY_WITH_OVERRIDES),
    ((finding("N2C_A_O", Kind.OVERRIDABLE), finding("N2C_A_P", Kind.OVERRIDABLE)), ("N2C_A_O",),
     Verdict.NEEDS_ANSWER),
    ((finding("N2C_A_I", Kind.INHIBITOR), finding("N2C_A_O", Kind.OVERRIDABLE)),
     ("N2C_A_I", "N2C_A_O"), Verdict.BLOCKED),
])
def test_the_verdict_stands_in_the_first_line(findings, overrides, verdict):  # type: ignore[no-untyped-def]
    it = plan(findings, Policy(overrides=dict.fromkeys(overrides, "it is known")))
    assert report.judge(it).verdict is verdict
    assert report.plan_text(it).splitlines()[0].startswith(verdict.value.upper() + ": ")


def test_an_incomplete_plan_says_so_first() -> None:
    it = replace(plan(), incomplete="the target was not read.")
    assert report.plan_text(it).startswith("INCOMPLETE: This plan cannot be run: the target")


def test_the_head_says_who_what_how_long() -> None:
    head = "\n".join(report.plan_text(plan((finding("N2C_A_W", Kind.WARNING),))).splitlines()[:10])
    for word in ("node1.example.com", "oVirt Node 4.5.5", "4.6.0", "cccccccccccccccc",
                 "0123456789ABCDEF", "75 s", "7 min", "2 reboots", "3.0 GiB of 20.0 GiB",
                 "0 inhibitor, 0 overridable, 1 warning, 0 info", "20261122T100000Z-0001"):
        assert word in head


def test_an_unsigned_target_is_shouted() -> None:
    it = plan()
    assert "NOT SIGNED" in report.plan_text(replace(it, target=replace(it.target, signed=False)))


def test_what_to_do_comes_before_everything_else_and_the_worst_first() -> None:
    text = report.plan_text(plan((
        finding("N2C_A_I2", Kind.INFO, "Info"), finding("N2C_A_W", Kind.WARNING, "Warned"),
        finding("N2C_A_O", Kind.OVERRIDABLE, "Over"), finding("N2C_A_I", Kind.INHIBITOR, "Inhib"))))
    order = ["[INHIBITOR] Inhib (N2C_A_I)", "do: Run `this`.", "[OVERRIDABLE] Over",
             "or: --override N2C_A_O=REASON", "[warning] Warned", "[info] Info",
             "Volumes of the new", "What becomes of", "Users and groups", "Kernel arguments",
             "Units:", "Boot:", "Space:",
             "What the new system must prove", "What the run does"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_everything_of_the_plan_is_shown() -> None:
    text = report.plan_text(plan())
    for word in ("snapshot of var", "/root is copied to roothome in ng2coreos_var", "carried (2,",
                 "converted (2,", "dropped (1,", "  /etc/dracut.conf.d/ng.conf ", "root:ssh_keys",
                 "0640", "sanlock", "179", "978", "Passwords go along for: root",
                 "panic=30", "rhgb", "vdsmd.service", "enabled on NG",
                 "any reset before the confirmation", "a.target.requires/b.service",
                 "make-root:lv", "vdsmd runs", "1 more have the same"):
        assert word in text, word


def test_lists_are_in_an_order_of_their_own() -> None:
    findings = (finding("N2C_A_W", Kind.WARNING), finding("N2C_A_B", Kind.WARNING))
    it = plan(findings)
    decisions = it.decisions
    other = replace(it, decisions=replace(
        decisions, findings=findings[::-1], items=decisions.items[::-1],
        volumes=decisions.volumes[::-1], units=decisions.units[::-1],
        checks=decisions.checks[::-1]))
    assert report.plan_text(other) == report.plan_text(it)


def test_no_secret_is_in_any_view() -> None:
    it = plan((finding("N2C_A_W", Kind.WARNING),))
    it = replace(it, decisions=replace(it.decisions, findings=(
        *it.decisions.findings, replace(finding("N2C_A_H", Kind.INFO),
                                        evidence=(f"root:{SECRETS[3]}:1",)))))
    for view in (report.plan_text(it), as_json(it)):
        for secret in SECRETS:
            assert secret not in view, secret
        assert "***" in view


def test_json_is_the_plan_without_its_secrets() -> None:
    data = json.loads(as_json(plan()))
    items = {item["path"]: item for item in data["items"]}
    assert items["/etc/secret.conf"]["sha256"] == "" and items["/etc/secret.conf"]["secret"]
    assert data["target"]["origin"] == "https://***@mirror.example.com/repo"
    assert data["run"]["id"] == plan().run_id
    assert as_json(plan()) == as_json(plan())


def as_json(plan: Plan) -> str:
    """The report that `plan --json` prints."""
    return document.dumps(document.document(document.Occasion("plan", "untouched"), plan))


def test_a_text_from_the_host_cannot_drive_the_terminal() -> None:
    it = plan((finding("N2C_A_W", Kind.WARNING, "evil \x1b[2J title"),))
    item = replace(it.decisions.items[0], path="/etc/a\x1b]0;x\x07\nb")
    text = report.plan_text(replace(it, decisions=replace(it.decisions, items=(item,))))
    assert "\x1b" not in text and "\x07" not in text
