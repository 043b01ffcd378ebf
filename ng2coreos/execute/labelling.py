"""The labels of a run: by the policy in its deployment; what cannot be set is left for CoreOS."""

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Iterator, Optional

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.execute.run import Run
from ng2coreos.model.plan import RELABEL, Volume
from ng2coreos.stage import sysroot
from ng2coreos.stage.labels import Labels
from ng2coreos.stage.relabel import Relabel

_CHUNK_BYTES = 1 << 20


def deployment(run: Run) -> Path:
    """The run's deployment, below its root volume."""
    root = run.sysroot()
    found = sysroot.read_deployed(root, run.plan.decisions.boot.stateroot, run.boot / "coreos",
                                  run.plan.target.commit)
    return root / found.deployment


@contextmanager
def relabel(run: Run, volume: Volume) -> Iterator[Optional[Relabel]]:
    """How `volume` is labelled; None where the image has no policy.

    Paths whose label NG's kernel refuses are listed in the deployment, in RELABEL, when it ends.
    """
    wanted = run.plan.decisions.labelling
    if wanted is None:
        yield None
        return
    system = Host(str(deployment(run)))
    contexts = system.follow(f"/usr/etc/selinux/{wanted.policy}/contexts")
    if not contexts.is_dir():
        raise BadInput(f"The image lacks the contexts of its SELinux policy {wanted.policy}.",
                       hint="Is the image damaged?")
    with TemporaryDirectory(prefix="labels-", dir=str(run.directory.path)) as scratch:
        left = Path(scratch) / "left"
        labels = Labels(contexts, Path(scratch), wanted.contexts, wanted.equivalences)
        with Relabel(labels, volume.mount, left) as found:
            yield found
        kept = system.path(f"{RELABEL}/{volume.name}")
        if left.exists():
            durable.make_directory(kept.parent, mode=0o700)
            with open(str(left), "rb") as stream:
                durable.write_parts(kept, iter(lambda: stream.read(_CHUNK_BYTES), b""), mode=0o600)
        else:
            durable.remove(kept)
