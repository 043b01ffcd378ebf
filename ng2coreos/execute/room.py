"""Is there still room in NG's pool? Looked at again before a step fills it: NG lives in it too."""

from ng2coreos.core.errors import NoSpace
from ng2coreos.execute.run import Run
from ng2coreos.plan.predict import METADATA_MAX
from ng2coreos.stage import volumes

# The plan kept the whole reserve; others may take half of it before the run is given up.
_KEPT = 0.5


def require(run: Run, need_bytes: int = 0) -> None:
    """Raise NoSpace unless `need_bytes` fit into the pool, with the reserve that NG needs.

    What the new root has already taken counts as a part of `need_bytes`.
    """
    pool = run.plan.source.pool
    fill = volumes.fill(run.host, run.vg, pool)
    need = max(0, need_bytes - fill.taken.get(run.volume("/").name, 0))
    reserve = int(run.plan.decisions.prediction.pool_reserve_bytes * _KEPT)
    if fill.free_bytes < need + reserve:
        raise NoSpace(f"The pool {run.vg}/{pool} has filled up: {fill.free_bytes >> 20} MiB are "
                      f"free, and {(need + reserve) >> 20} MiB must be.",
                      hint="Free some space in the pool, or extend it.")
    if fill.metadata_percent > 100 * METADATA_MAX:
        raise NoSpace(f"The metadata of the pool {run.vg}/{pool} is {fill.metadata_percent:.0f} % "
                      "full.", hint=f"Extend it: lvextend --poolmetadatasize +256M {run.vg}/{pool}")
