"""Reading one picture, and the light that it shows."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".tif", ".tiff", ".webp"}
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


def linear_intensity(
    rgb: NDArray[np.uint8], gamma: float, size: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """Light that a monochrome sensor would integrate, float32 (height, width) in [0, 1].

    A spike camera is linear in the light, whereas pictures are stored gamma encoded. The code
    value is therefore decoded (value ** gamma) before anything is averaged: first over the
    colours, then over the area of a larger pixel.

    Args:
        rgb: (H, W, 3).
        gamma: 2.2 is close to sRGB. 1 takes the code value for the light, as most simulators in
            the literature do; spike rates are then too high in the shadows.
        size: Height and width of the sensor; None keeps the picture's.
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
