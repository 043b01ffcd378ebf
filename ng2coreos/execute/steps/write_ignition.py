"""write-ignition: the Ignition config of the new system, validated, in the run's directory."""

from typing import Tuple

from ng2coreos import ignition
from ng2coreos.core import durable
from ng2coreos.execute.bundle import Bundle, build_config
from ng2coreos.execute.run import Run
from ng2coreos.execute.step import Result, Step, Undo
from ng2coreos.model.plan import Change, Decisions, Target


class WriteIgnition(Step):
    """Guarantees a config that the target's Ignition accepts; 0600, since it holds keys."""

    id = "write-ignition"
    title = "Write the Ignition config"
    perishable = True
    secret = True

    def plan(self, decisions: Decisions, target: Target) -> Tuple[Change, ...]:
        """One change: the config."""
        return (Change(f"{self.id}:config", self.id,
                       f"Write the config for Ignition {target.ignition_version}", {},
                       seconds=decisions.prediction.need(self.id).seconds),)

    def apply(self, change: Change, run: Run) -> Result:
        """Write it from the bundle."""
        del change
        config = build_config(run.plan, Bundle(run.directory.bundle))
        durable.write_parts(run.directory.config, config, mode=0o600,
                            check=lambda new: ignition.validate(
                                new, run.host, replaced=config.replaced))
        return {"bytes": run.directory.config.stat().st_size, "spec": list(config.spec),
                "notes": list(config.notes)}

    def undo(self, change: Change, record: Undo, run: Run) -> None:
        """Remove it."""
        durable.remove(run.directory.config)
