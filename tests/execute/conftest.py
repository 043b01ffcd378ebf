"""Fixtures for the runner and the commands."""

import os
from pathlib import Path
from typing import Iterator

import pytest

from tests.execute.world import World


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A host with fake steps."""
    yield World(tmp_path).install(monkeypatch)


@pytest.fixture
def no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """No real fsync, for tests that make hundreds of runs: here only the order matters."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)
