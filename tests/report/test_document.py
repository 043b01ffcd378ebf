"""What went wrong is among the findings, whoever found it out; odd bytes survive."""

import base64
import json
from dataclasses import replace

from ng2coreos.core.errors import Exit
from ng2coreos.model.proof import SCHEMA, Proof, Verification
from ng2coreos.model.state import Attempt, Failure
from ng2coreos.plan.catalogue import entries
from ng2coreos.report import document
from ng2coreos.report.document import Occasion, Trouble
from tests.report import sample
from tests.report.schema import check

PROOF = Verification(SCHEMA, "run", "c" * 64, "1.0", "boot", "2026-01-01T00:00:00Z", (
    Proof("vdsmd", "unit-active", "vdsmd runs", False, "failed", True),
    Proof("item:/etc/a", "file", "/etc/a", True)))


def test_a_proof_that_fails_is_a_finding() -> None:
    report = document.document(Occasion("verify", "switched", Exit.VERIFY_FAILED, proof=PROOF))
    check(json.loads(document.dumps(report)))
    found, = report["findings"]
    assert (found["id"], found["kind"]) == ("N2C_RUN_UNPROVED", "error")
    assert found["summary"] == "1 of 2 checks and items are wrong."
    assert found["evidence"] == [{"excerpt": "vdsmd runs: failed"}]
    assert report["proof"]["failed"] == 1 and report["summary"]["kinds"]["error"] == 1
    good = replace(PROOF, proofs=PROOF.proofs[1:])
    assert document.document(Occasion("verify", "switched", proof=good))["findings"] == []


def test_a_fallback_is_a_finding_with_its_reason() -> None:
    attempt = Attempt(1, "b", "2026-01-01T00:00:00Z", "", False, (
        Failure("a", "sshd", "dead", ("sshd[9]: no key", "systemd[1]: failed")),))
    report = document.document(Occasion(
        "status", "rolled-back", Exit.FELL_BACK, text="It fell back.", next="ng2coreos rollback",
        attempts=(attempt,)))
    found, = report["findings"]
    check(json.loads(document.dumps(report)))
    assert (found["id"], found["evidence"]) == ("N2C_RUN_FELL_BACK", [
        {"excerpt": "sshd: dead\nsshd[9]: no key\nsystemd[1]: failed"}])
    assert report["verdict"] == "rolled-back"


def test_a_command_that_failed_is_a_finding() -> None:
    report = document.document(
        Occasion("apply", "untouched", 1, trouble=Trouble("NoSpace", "It is full.", "Free some.")))
    found, = report["findings"]
    assert (found["id"], found["kind"]) == ("N2C_RUN_FAILED", "error")
    assert (found["title"], found["summary"]) == ("NoSpace: it failed", "It is full.")
    assert report["error"]["hint"] == "Free some."


def test_every_such_finding_stands_in_the_catalogue() -> None:
    reports = (
        document.document(Occasion("verify", "switched", Exit.VERIFY_FAILED, proof=PROOF)),
        document.document(Occasion("status", "rolled-back", Exit.FELL_BACK, text="T.")),
        document.document(Occasion("apply", "untouched", 1, trouble=Trouble("T", "M.", "H."))))
    for report in reports:
        for found in report["findings"]:
            row = entries()[found["id"]]
            assert found["title"] in (row.title, row.title.replace("{type}", "T"))


def test_bytes_that_are_no_utf8_have_a_twin() -> None:
    plan = sample.plan()
    raw = b"/etc/caf\xe9"
    name = raw.decode("utf-8", "surrogateescape")
    item = replace(plan.decisions.items[2], path=name, source=name)
    report = document.document(Occasion("plan", "untouched"), replace(
        plan, decisions=replace(plan.decisions, items=(item,))))
    text = document.dumps(report)
    check(json.loads(text))
    shown, = json.loads(text)["items"]
    assert base64.b64decode(shown["path_b64"]) == raw and shown["path"] == "/etc/caf\ufffd"
    assert "_b64" not in json.dumps(document.document(Occasion("plan", "untouched"), plan))


def test_evidence_says_which_line_of_which_file() -> None:
    finding = replace(sample.finding("N2C_A_B", next(iter(entries().values())).kind),
                      evidence=("/etc/x:12: the line", "/etc/y: words", "just words"))
    report = document.document(Occasion("plan", "untouched"), sample.plan((finding,)))
    assert report["findings"][0]["evidence"] == [
        {"source": "/etc/x", "line": 12, "excerpt": "the line"},
        {"source": "/etc/y", "excerpt": "words"}, {"excerpt": "just words"}]
