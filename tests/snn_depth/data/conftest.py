"""A short video, made on the spot."""

import numpy as np
import pytest
from PIL import Image

from snn_depth.data.simulation.frames import PictureFrame
from snn_depth.data.simulation.sequence import FrameSequence
from tests.snn_depth.data.sets.public.trees import save_rgb


@pytest.fixture
def sequence(tmp_path):
    """Four pictures, 0.1 s apart, of a pattern that moves to the left; the last has no depth."""
    frames = []
    for k, time_s in enumerate([0.0, 0.1, 0.2, 0.3]):
        save_rgb(tmp_path / f"{k}.png", seed=0, shift=6 * k)
        Image.fromarray(np.full((24, 40), 1000 * (k + 1), np.uint16)).save(
            tmp_path / f"{k}.depth.png"
        )
        depth = tmp_path / f"{k}.depth.png" if k < 3 else None
        frames.append(PictureFrame(f"{k}.png", tmp_path / f"{k}.png", depth, 1e-3, time_s))
    intrinsics = np.array([[30.0, 0, 19.5], [0, 30, 11.5], [0, 0, 1]])
    return FrameSequence("drive", frames, [0, 1, 2], intrinsics=intrinsics)
