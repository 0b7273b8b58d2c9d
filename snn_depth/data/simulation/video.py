"""Reading pictures in order: a folder of images or a video file."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from snn_depth.files.listing import list_files, numeric_order

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tif", ".tiff", ".webp"}
VIDEO_SUFFIXES = {".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg"}
# Rec. 709 luminance; it belongs to linear light, which is what the sensor integrates.
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def read_image(path: Path) -> Image.Image:
    """Open and fully decode one image, so that a truncated file is noticed.

    Raises:
        ValueError: If the file is not an image or is damaged.
        FileNotFoundError: If it does not exist.
    """
    try:
        image = Image.open(path)
        image.load()
    except FileNotFoundError:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"cannot read image {path}: {error}") from None
    return image


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read a picture as 8-bit RGB (H, W, 3).

    Raises:
        ValueError: If it cannot be read, or has more than 8 bits per channel.
    """
    image = read_image(path)
    if image.mode.startswith(("I", "F")):
        raise ValueError(f"{path} has more than 8 bits per channel; pictures must have 8")
    return np.asarray(image.convert("RGB"))


@dataclass(frozen=True)
class ImageFolder:
    """The pictures of a folder, in numeric order of their names.

    Attributes:
        path: The folder.
        pattern: Glob pattern relative to the folder.
    """

    path: Path
    pattern: str = "*"

    @property
    def files(self) -> list[Path]:
        """The image files."""
        return list_files(self.path, self.pattern, IMAGE_SUFFIXES)

    @property
    def num_frames(self) -> int:
        """Number of pictures."""
        return len(self.files)

    @property
    def frame_rate_hz(self) -> float | None:
        """None: a folder does not tell."""
        return None

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        first: NDArray[np.uint8] | None = None
        for file in self.files:
            rgb = read_rgb(file)
            if first is None:
                first = rgb
            if rgb.shape != first.shape:
                raise ValueError(
                    f"{file} is {rgb.shape[0]}x{rgb.shape[1]} but the pictures before it are "
                    f"{first.shape[0]}x{first.shape[1]}"
                )
            yield rgb


@dataclass(frozen=True)
class VideoFile:
    """The frames of a video file.

    Attributes:
        path: The file.
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
    def num_frames(self) -> int:
        """Number of frames as the container declares it (some declare it wrongly)."""
        with self._opened() as capture:
            return int(capture.get(cv2.CAP_PROP_FRAME_COUNT))

    @property
    def frame_rate_hz(self) -> float | None:
        """Frames per second as the container declares them."""
        with self._opened() as capture:
            return float(capture.get(cv2.CAP_PROP_FPS)) or None

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        with self._opened() as capture:
            while True:
                more, bgr = capture.read()
                if not more:
                    return
                yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def open_pictures(path: Path, pattern: str = "*") -> ImageFolder | VideoFile:
    """A folder of images or a video file, whichever `path` is."""
    return VideoFile(path) if path.suffix.lower() in VIDEO_SUFFIXES else ImageFolder(path, pattern)


def find_sequences(path: Path, pattern: str = "*") -> list[Path]:
    """The picture sequences at a path.

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
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            accepted = " ".join(sorted(VIDEO_SUFFIXES))
            raise ValueError(f"{path} is neither a folder nor a video ({accepted})")
        return [path]
    if _has_images(path, pattern):
        return [path]
    sequences = [
        child
        for child in sorted(path.iterdir(), key=numeric_order)
        if child.suffix.lower() in VIDEO_SUFFIXES or _has_images(child, pattern)
    ]
    if not sequences:
        raise ValueError(f"no pictures match {pattern!r} in {path} or in its sub-folders")
    return sequences


def _has_images(folder: Path, pattern: str) -> bool:
    return any(path.suffix.lower() in IMAGE_SUFFIXES for path in folder.glob(pattern))


def linear_intensity(
    rgb: NDArray[np.uint8], gamma: float, size: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """Light intensity that a monochrome sensor would integrate.

    A spike camera integrates light, to which it is linear, whereas pictures are stored gamma
    encoded. The code value is therefore decoded (value ** gamma) before anything is averaged:
    first over the colours, then over the area of a larger pixel. `gamma` 1 takes the code value
    for the intensity, as most simulators in the literature do; spike rates are then too high in
    the shadows.

    Args:
        rgb: uint8 (H, W, 3).
        gamma: Exponent; 2.2 is close to sRGB.
        size: Height and width of the sensor; None keeps the picture's.

    Returns:
        Float32 (height, width) in [0, 1].
    """
    decode = (np.arange(256) / 255) ** gamma
    intensity = decode.astype(np.float32)[rgb] @ _LUMINANCE
    if size is not None:
        intensity = resize_area(intensity, size)
    # Sums of rounded weights may exceed 1 by one unit in the last place.
    return np.minimum(intensity, 1)


def resize_area(image: NDArray, size: tuple[int, int]) -> NDArray:
    """Resize by averaging over each new pixel's area (bilinear where it grows)."""
    height, width = size
    smaller = height <= image.shape[0] and width <= image.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=interpolation)
