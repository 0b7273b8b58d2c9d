"""Fixtures shared by all tests."""

import os
import warnings
from pathlib import Path

import pytest

from conversion.lava_environment import VARIABLE
from conversion.lava_environment import lava_python as find_lava_python


@pytest.fixture(scope="session")
def test_data_dir() -> Path:
    """Folder of real recordings; tests that need it skip where it is missing."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SNN_DEPTH_TEST_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real recordings not found at {folder}; set SNN_DEPTH_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def lava_python() -> Path:
    """A Python with Lava, made on first use; where it cannot be had, tests skip and say so."""
    try:
        return find_lava_python()
    except OSError as error:
        warnings.warn(f"LAVA IS NOT TESTED: {error}", stacklevel=1)
        pytest.skip(f"no Lava: {error}")


@pytest.fixture
def with_lava(lava_python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs Lava finds the Python of the session, without looking for it again."""
    monkeypatch.setenv(VARIABLE, str(lava_python))
