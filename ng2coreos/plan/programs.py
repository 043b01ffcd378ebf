"""Has the host the programs that this plan's run will start on it?"""

from typing import Dict, List, Sequence, Tuple

from ng2coreos.model.facts import HostFacts
from ng2coreos.model.finding import Finding
from ng2coreos.model.plan import Volume
from ng2coreos.model.programs import MAKE_ROOT, PROGRAMS, SNAPSHOT, Program
from ng2coreos.plan.catalogue import finding


def program_findings(facts: HostFacts, volumes: Sequence[Volume]) -> Tuple[Finding, ...]:
    """One finding for each package whose programs the run would miss half-way."""
    lacking: Dict[str, List[Program]] = {}
    for program in PROGRAMS:
        if _needed(program, volumes) and not set(program.names) & set(facts.programs):
            lacking.setdefault(program.package, []).append(program)
    return tuple(
        finding("N2C_TOOL_MISSING", [f"program:{' or '.join(p.names)}" for p in programs],
                [f"{' or '.join(p.names)} is run by {', '.join(p.steps)}" for p in programs],
                package=package, programs=", ".join(" or ".join(p.names) for p in programs))
        for package, programs in lacking.items())


def _needed(program: Program, volumes: Sequence[Volume]) -> bool:
    if not program.fstype:
        return True
    made = {SNAPSHOT if v.origin else MAKE_ROOT for v in volumes if v.fstype == program.fstype}
    return bool(made & set(program.steps))
