"""Pure decisions: facts of host and target, policy and answers in; decisions out."""

from ng2coreos.plan.decide import decide
from ng2coreos.plan.digest import digest
from ng2coreos.plan.registry import load_plugins
from ng2coreos.plan.rules import Rules
from ng2coreos.plan.schema import load_rules

__all__ = ["Rules", "decide", "digest", "load_plugins", "load_rules"]
