"""Fixtures for the scanners."""

from pathlib import Path

import pytest

from tests import recorded
from tests.fakes import FakeHost


@pytest.fixture
def el8(tmp_path: Path) -> FakeHost:
    """The recorded el8 host, its programs unchecked (a scanner uses some of them only)."""
    return recorded.host("el8-two-generations", tmp_path)


@pytest.fixture
def el8_files(tmp_path: Path) -> FakeHost:
    """The recorded el8 host's files; its programs are up to the test."""
    return recorded.host("el8-two-generations", tmp_path, script=False)
