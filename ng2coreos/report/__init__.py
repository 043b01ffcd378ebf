"""Views of a plan and of a proof, as text and JSON.

Standard library only, and nothing but records comes in: the proof's view also runs on CoreOS.
"""

from ng2coreos.report.plan_view import plan_text
from ng2coreos.report.proof import proof_text
from ng2coreos.report.status_view import status_text
from ng2coreos.report.verdict import Verdict, judge

__all__ = ["Verdict", "judge", "plan_text", "proof_text", "status_text"]
