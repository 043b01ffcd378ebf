"""Fixtures for every test."""

from pathlib import Path
from typing import Iterator

import pytest

from tests.fakes import FakeHost


@pytest.fixture
def fake_host(tmp_path: Path) -> Iterator[FakeHost]:
    """A host with an empty root, which runs scripted commands only; see tests/fakes.py."""
    root = tmp_path / "root"
    root.mkdir()
    host = FakeHost(root)
    yield host
    host.check()
