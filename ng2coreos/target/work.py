"""Scratch directories below the caller's work directory: a dry run may have promised no more."""

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


@contextmanager
def temporary(work: Path) -> Iterator[Path]:
    """A private directory below `work`, gone afterwards."""
    work.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ng2coreos-", dir=str(work)) as directory:
        yield Path(directory)
