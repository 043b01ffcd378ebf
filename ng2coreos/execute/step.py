"""What a step is: an ordered group of changes, each planned, applied, verified and undone."""

from typing import Any, Dict, Tuple

from ng2coreos.execute.run import Run
from ng2coreos.model.plan import Change, Decisions, Target

Undo = Dict[str, Any]
Result = Dict[str, Any]


class Step:
    """Base of all steps. `plan` is pure; the others act only through the run."""

    id: str
    title: str
    boots = False  # GRUB follows it: while its undo fails, what it boots must stay
    irreversible = ""  # why the step has no undo; such a step may not stand before the commit point
    # Holds what NG was at that moment: resumed later, perhaps in another boot, it is applied again.
    perishable = False
    # Works with what a finished run has forgotten (secrets.py): of an armed run it stays as it is.
    secret = False

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """The changes of this step; the same input gives the same changes."""
        raise NotImplementedError

    def prepare(self, change: Change, run: Run) -> Undo:
        """What `undo` will need, read before anything is done; it goes into the journal."""
        del change, run
        return {}

    def apply(self, change: Change, run: Run) -> Result:
        """Do it; look first, so that a second run finds it already so."""
        raise NotImplementedError

    def verify(self, change: Change, run: Run) -> None:
        """Raise unless the change is really there."""
        del change, run

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Undo it, done or half done; nothing to undo is fine."""
        raise NotImplementedError
