"""The Ignition config of a bundle, for who wants to look at it or to install with it."""

import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Callable, Optional, Union

from ng2coreos import ignition
from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput
from ng2coreos.core.host import Host
from ng2coreos.execute.bundle import Bundle, build_config
from ng2coreos.execute.reinstall import collect
from ng2coreos.execute.store import read_plan
from ng2coreos.ignition import reinstall
from ng2coreos.model.ignition import Spec


def write(host: Host, directory: Path, out: Union[Path, BinaryIO], *,
          spec: Optional[Spec] = None, for_reinstall: bool = False) -> ignition.Document:
    """Write the validated config of the bundle in `directory` to `out`, a file (0600) or a stream.

    That of the move, or the one `for_reinstall`, which also reads `host`.  Nothing is written
    unless it is valid.  The result tells what the config does not hold.
    """
    plan = read_plan(directory / "plan.json")
    bundle = Bundle(directory)
    document = (
        reinstall.build(plan, bundle.content, bundle.password, collect(host, plan), spec=spec)
        if for_reinstall else build_config(plan, bundle, spec))
    def check(new: Path) -> None:
        ignition.validate(new, host, reinstall=for_reinstall, replaced=document.replaced)
    if isinstance(out, Path):
        _to_file(check, document, out)
        return document
    with tempfile.TemporaryDirectory(prefix="ng2coreos-") as name:  # 0700: it holds secrets
        path = Path(name) / "config.ign"
        _to_file(check, document, path)
        with open(path, "rb") as stream:
            shutil.copyfileobj(stream, out)
    out.flush()
    return document


def _to_file(check: Callable[[Path], None], document: ignition.Document, path: Path) -> None:
    try:
        durable.write_parts(path, document, mode=0o600, check=check)
    except OSError as error:
        raise BadInput(f"The config cannot be written to {path}: {error.strerror}.",
                       hint="Name a file in a directory that exists and has room.") from None
