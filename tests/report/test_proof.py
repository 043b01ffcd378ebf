"""The table of proof names what failed first and counts the rest."""

from dataclasses import replace

from ng2coreos import report
from ng2coreos.model.proof import SCHEMA, Proof, Verification

GOOD = Verification(SCHEMA, "run", "c" * 64, "4.6", "boot", "2026-11-22T10:00:00Z", (
    Proof("vdsmd", "unit-active", "vdsmd runs", True, "active (running)", True),
    Proof("item:/etc/b", "file", "/etc/b", True), Proof("item:/etc/a", "file", "/etc/a", True)))
BAD = replace(GOOD, proofs=(
    *GOOD.proofs, Proof("item:/etc/c", "file", "/etc/c", False, "content differs")))


def test_all_is_well() -> None:
    text = report.proof_text(GOOD)
    assert text.startswith("VERIFIED: all 3 ")
    assert "Checks (1 of 1 ok):" in text and "Carried items: 2 of 2 ok." in text
    assert "/etc/a" not in text


def test_what_is_wrong_comes_first_with_its_reason() -> None:
    lines = report.proof_text(BAD).splitlines()
    assert lines[0] == "NOT VERIFIED: 1 of 4 checks and items are wrong."
    row = next(n for n, line in enumerate(lines) if "/etc/c" in line)
    assert "FAILED" in lines[row] and "content differs" in lines[row]
    assert row < next(n for n, line in enumerate(lines) if line.startswith("Checks"))


def test_every_item_on_request() -> None:
    text = report.proof_text(GOOD, items=True)
    assert text.index("/etc/a") < text.index("/etc/b")
