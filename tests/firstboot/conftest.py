"""Fixtures of the first boot's tests."""

import os
from pathlib import Path

import pytest

from ng2coreos.core import durable


@pytest.fixture(autouse=True)
def no_freeze(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file system of the machine that runs the tests is frozen."""
    def settle(path: Path) -> None:
        assert path.exists()

    monkeypatch.setattr(durable, "settle", settle)
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # thousands of writes, none of them for good
