"""The report of a command, and its views: text, JSON, HTML, others' formats, many hosts as one.

Standard library only in the modules of this room itself, which also run on CoreOS; html/, export/
and fleet/ stay on NG. Nothing but records comes in.
"""

from ng2coreos.report.plan_view import plan_text
from ng2coreos.report.proof import proof_text
from ng2coreos.report.status_view import status_text
from ng2coreos.report.verdict import Verdict, judge

__all__ = ["Verdict", "judge", "plan_text", "proof_text", "status_text"]
