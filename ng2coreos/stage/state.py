"""The state file on NG's boot partition, which both systems read: how far the move has come."""

from pathlib import Path
from typing import Optional

from ng2coreos.core import durable
from ng2coreos.core.errors import BadInput
from ng2coreos.core.reading import STATE_BYTES, read_regular
from ng2coreos.model import codec
from ng2coreos.model.state import BootState

PRIVATE = "coreos"  # the directory on the partition that is the new system's /boot
NAME = "ng2coreos.state"


def path(partition: Path) -> Path:
    """Where the state file of `partition` is (NG: /boot, CoreOS: /sysroot/boot)."""
    return partition / PRIVATE / NAME


def read(partition: Path) -> Optional[BootState]:
    """The state, or None where there is none; BadInput if the file is damaged."""
    try:
        text = read_regular(path(partition), STATE_BYTES).decode("utf-8", "surrogateescape")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise BadInput(f"{path(partition)} cannot be read: {error.strerror}.",
                       hint="Look at that file and its disk.") from None
    return codec.loads(BootState, text, str(path(partition)))


def write(partition: Path, state: BootState) -> None:
    """Replace the state; when this returns it survives a power cut.

    Readable by root alone: lines of the journal may be in it.
    """
    durable.write_file(path(partition), codec.dumps(state).encode("ascii"), mode=0o600)
    durable.settle(partition)
