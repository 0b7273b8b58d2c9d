"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def test_data_dir() -> Path:
    """Folder of real recordings; tests that need it skip where it is missing."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SNN_DEPTH_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real recordings not found at {folder}; set SNN_DEPTH_TEST_DATA")
    return folder
