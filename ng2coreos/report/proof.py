"""The table of proof: each check and each carried item on the new system, what failed first."""

from typing import Iterable, List

from ng2coreos.model.proof import Proof, Verification
from ng2coreos.report.table import table


def proof_text(result: Verification, *, items: bool = False) -> str:
    """The verification as text: verdict, failures, checks; every item only with `items`."""
    carried = [p for p in result.proofs if p.id.startswith("item:")]
    checks = [p for p in result.proofs if not p.id.startswith("item:")]
    lines = [proof_verdict(result),
             f"  version {result.version}, commit {result.commit[:16]}, run {result.run_id}, "
             f"{result.made}", ""]
    if result.failed:
        lines += ["What is not as it must be:", *_rows(result.failed), ""]
    lines += [f"Checks ({_count(checks)}):", *_rows(checks), ""]
    lines += [f"Carried items: {_count(carried)}."]
    if items:
        lines += _rows(sorted(carried, key=lambda p: p.title))
    return "\n".join(lines).rstrip() + "\n"


def proof_verdict(result: Verification) -> str:
    """One sentence."""
    if not result.failed:
        return f"VERIFIED: all {len(result.proofs)} checks and items are as they must be."
    return f"NOT VERIFIED: {len(result.failed)} of {len(result.proofs)} checks and items are wrong."


def _rows(proofs: Iterable[Proof]) -> List[str]:
    return table(("", "what", "detail"),
                 [("ok" if p.ok else "FAILED", p.title, p.detail) for p in proofs])


def _count(proofs: List[Proof]) -> str:
    return f"{sum(p.ok for p in proofs)} of {len(proofs)} ok"
