"""Reading a video file, and finding the videos and folders of pictures at a path."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.pictures import IMAGE_SUFFIXES
from snn_depth.files.listing import numeric_order

VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"}


@dataclass(frozen=True)
class VideoFile:
    """The frames of a video file, uint8 (H, W, 3); the length is what the container declares.

    Raises:
        ValueError: If it cannot be decoded.
        FileNotFoundError: If it does not exist.
    """

    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_file():
            raise FileNotFoundError(f"video not found: {self.path}")
        with self._opened() as capture:
            if not capture.isOpened():
                raise ValueError(f"cannot decode video {self.path}")

    @contextmanager
    def _opened(self) -> Iterator[cv2.VideoCapture]:
        capture = cv2.VideoCapture(str(self.path))
        try:
            yield capture
        finally:
            capture.release()

    @property
    def frame_rate_hz(self) -> float | None:
        """Frames per second as the container declares them."""
        with self._opened() as capture:
            return float(capture.get(cv2.CAP_PROP_FPS)) or None

    def __len__(self) -> int:
        with self._opened() as capture:
            # Some containers declare a negative number.
            return max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        with self._opened() as capture:
            while True:
                more, bgr = capture.read()
                if not more:
                    return
                yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def is_video(path: Path) -> bool:
    """Whether a path has the suffix of a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def find_sequences(path: Path, pattern: str = "*") -> list[Path]:
    """The videos and folders of pictures at a path.

    Args:
        path: A video file, a folder of images, or a folder with several of either.
        pattern: Glob pattern of the images relative to a sequence's folder.

    Returns:
        Their paths in order: `path` itself if it is one sequence.

    Raises:
        FileNotFoundError: If `path` does not exist.
        ValueError: If it holds no pictures.
    """
    if not path.exists():
        raise FileNotFoundError(f"no such file or folder: {path}")
    if path.is_file():
        if not is_video(path):
            accepted = " ".join(sorted(VIDEO_SUFFIXES))
            raise ValueError(f"{path} is neither a folder nor a video ({accepted})")
        return [path]
    if _has_images(path, pattern):
        return [path]
    sequences = [
        child
        for child in sorted(path.iterdir(), key=numeric_order)
        if is_video(child) or _has_images(child, pattern)
    ]
    if not sequences:
        raise ValueError(f"no pictures match {pattern!r} in {path} or in its sub-folders")
    return sequences


def _has_images(folder: Path, pattern: str) -> bool:
    return any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.glob(pattern))
