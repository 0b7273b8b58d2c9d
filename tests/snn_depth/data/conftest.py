"""A short video, made on the spot."""

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation.shots import FileShot, ShotSequence
from tests.snn_depth.data.sets.public.trees import save_rgb


@pytest.fixture
def sequence(tmp_path):
    """Four pictures, 0.1 s apart, of a pattern that moves to the left; the last has no depth."""
    shots = []
    for k in range(4):
        save_rgb(tmp_path / f"{k}.png", seed=0, shift=6 * k)
        Image.fromarray(np.full((24, 40), 1000 * (k + 1), np.uint16)).save(
            tmp_path / f"{k}.depth.png"
        )
        depth = tmp_path / f"{k}.depth.png" if k < 3 else None
        shots.append(FileShot(f"{k}.png", tmp_path / f"{k}.png", depth, 1e-3))
    intrinsics = np.array([[30.0, 0, 19.5], [0, 30, 11.5], [0, 0, 1]])
    return ShotSequence("drive", shots, [0, 1, 2], [0.0, 0.1, 0.2, 0.3], intrinsics)
