"""What a run keeps of the host's secrets: nothing, once it has ended."""

import logging

from ng2coreos.core import durable
from ng2coreos.core.errors import Ng2CoreosError
from ng2coreos.execute.store import RunDirectory
from ng2coreos.model import codec
from ng2coreos.report.redact import redact_plan

MANIFEST = "manifest.json"  # of the bundle: digests, no contents

_LOG = logging.getLogger(__name__)


def forget(directory: RunDirectory) -> None:
    """Remove contents and password hashes from an ended run; plan, journal, manifest stay.

    They are needed to make the new system only, and `resume` makes bundle and config anew.  What
    cannot be removed is told and fails nothing: by then the run has ended.
    """
    try:
        for path in (directory.config, durable.temporary(directory.config)):
            durable.remove(path)
        if directory.bundle.is_dir():
            for path in sorted(directory.bundle.iterdir()):
                if path.name != MANIFEST:
                    durable.remove(path)
        if directory.plan_file.exists():
            _redact(directory)
    except (OSError, Ng2CoreosError) as error:
        _LOG.warning("secrets of run %s may be left in %s: %s", directory.run_id, directory.path,
                     error)


def _redact(directory: RunDirectory) -> None:
    plan = directory.plan()
    redacted = redact_plan(plan)
    if redacted != plan:
        durable.write_file(directory.plan_file, codec.dumps(redacted).encode(), mode=0o600)
