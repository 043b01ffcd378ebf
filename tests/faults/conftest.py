"""Where the fault tests work, the figures that they leave behind, and how a seed is replayed."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Iterator

import pytest

from tests.faults.scene import Scene, scene_at

MEMORY = Path("/dev/shm")


@pytest.fixture
def memory() -> Iterator[Path]:
    """A directory in memory where there is one: thousands of files are made and removed here."""
    place = MEMORY if os.access(str(MEMORY), os.W_OK) else None
    path = tempfile.mkdtemp(prefix="ng2coreos-faults-", dir=place)
    try:
        yield Path(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def scene(memory: Path) -> Iterator[Scene]:
    """An NG host before its run."""
    yield from scene_at(memory)
