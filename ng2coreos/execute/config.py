"""The Ignition config of a bundle, for who wants to look at it or to install with it."""

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Optional, Union

from ng2coreos import ignition
from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.execute.bundle import Bundle, build_config
from ng2coreos.execute.store import read_plan
from ng2coreos.model.ignition import Spec


def write(host: Host, bundle: Path, out: Union[Path, BinaryIO],
          spec: Optional[Spec] = None) -> ignition.Document:
    """Write the validated config of `bundle` to `out`, a file (0600) or a stream; its notes.

    Nothing is written unless it is valid.
    """
    plan = read_plan(bundle / "plan.json")
    document = build_config(plan, Bundle(bundle), spec)
    if isinstance(out, Path):
        _to_file(host, document, out)
        return document
    with tempfile.TemporaryDirectory(prefix="ng2coreos-") as name:  # 0700: it holds secrets
        path = Path(name) / "config.ign"
        _to_file(host, document, path)
        with open(path, "rb") as stream:
            shutil.copyfileobj(stream, out)
    out.flush()
    return document


def _to_file(host: Host, document: ignition.Document, path: Path) -> None:
    try:
        durable.write_parts(path, document, mode=0o600,
                            check=lambda new: ignition.validate(new, host))
    except OSError as error:
        raise BadInput(f"The config cannot be written to {path}: {error.strerror}.",
                       hint="Name a file in a directory that exists and has room.") from None
