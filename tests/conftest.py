"""Fixtures shared by all tests."""

import os
import signal
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from conversion.lava.environment import VARIABLE
from conversion.lava.environment import lava_python as find_lava_python
from snn_depth.data.streams.recording_writer import RecordingWriter


def pytest_configure(config: pytest.Config) -> None:
    """One thread per worker: tests run tiny networks, over which threads only wait for each other.

    What the tests start inherits it.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """What the tests start can be interrupted, also when they are a shell's background job.

    A shell lets its background jobs ignore SIGINT, and their children inherit that.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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


@pytest.fixture(scope="session")
def make_recording() -> Callable[..., Path]:
    """Writes a recording with key frames every 20 frames; depth grows towards the top."""

    def make(
        path: Path,
        *,
        height: int = 32,
        width: int = 48,
        num_key_frames: int = 3,
        focal_length_px: float | None = 40.0,
        sample_rate_hz: float = 20_000.0,
        with_rgb: bool = True,
        with_depth: bool = True,
    ) -> Path:
        rng = np.random.default_rng(0)
        intrinsics = None
        if focal_length_px is not None:
            intrinsics = np.array([[focal_length_px, 0, 24], [0, focal_length_px, 16], [0, 0, 1]])
        depth_m = np.repeat(np.geomspace(60, 2, height)[:, None], width, axis=1)
        with RecordingWriter(path, height, width, sample_rate_hz, intrinsics=intrinsics) as writer:
            writer.append_spikes(rng.random((20 * num_key_frames, height, width)) < 0.3)
            for k in range(num_key_frames):
                writer.append_key_frame(
                    spike_index=20 * k + 10,
                    timestamp_s=k * 1e-3,
                    rgb=rng.integers(0, 256, (height, width, 3), np.uint8) if with_rgb else None,
                    depth_m=depth_m.astype(np.float32) * (1 + k) if with_depth else None,
                )
        return path

    return make
