"""Pure decisions: facts of host and target, policy and answers in; decisions out."""

from ng2coreos.plan.decide import decide
from ng2coreos.plan.digest import changed_parts, digests
from ng2coreos.plan.left_behind import left_items
from ng2coreos.plan.merge import disputed
from ng2coreos.plan.moment import findings_now, momentary_findings, momentary_ids, units_to_stop
from ng2coreos.plan.registry import load_plugins
from ng2coreos.plan.rules import Rules
from ng2coreos.plan.schema import load_rules
from ng2coreos.plan.space import measured, room_findings

__all__ = ["Rules", "changed_parts", "decide", "digests", "disputed", "findings_now",
           "left_items", "load_plugins", "load_rules", "measured", "momentary_findings",
           "momentary_ids", "room_findings", "units_to_stop"]
