"""Reading and resizing depth maps."""

from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.simulation.pictures import read_image

DEPTH_SUFFIXES = {".png", ".pgm", ".tif", ".tiff", ".npy"}


def parse_depth_scale(text: str) -> float:
    """Metres per stored unit from a number or a fraction, such as 0.001 or 1/256.

    Raises:
        ValueError: If it is neither, or not positive.
    """
    try:
        scale = float(Fraction(text))
    except (ValueError, ZeroDivisionError):
        scale = 0.0
    if scale <= 0:
        raise ValueError(f"depth_scale must be a positive number such as 1/256, not {text!r}")
    return scale


def read_depth_m(path: Path, metres_per_unit: float | None) -> NDArray[np.float32]:
    """Read one depth map, float32 (H, W) in metres, 0 where nothing was measured.

    Files store that as 0 or, where they hold integers, as 65535 (7-Scenes; the sky of Virtual
    KITTI).

    Args:
        path: Integer image or `.npy`.
        metres_per_unit: Scale of the stored values. None takes floating-point values for metres.

    Raises:
        ValueError: If the file cannot be read, is not one channel, holds negative or non-finite
            values, or has integers and no scale.
    """
    if path.suffix.lower() == ".npy":
        try:
            stored = np.load(path, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ValueError(f"cannot read depth {path}: {error}") from None
    else:
        stored = np.asarray(read_image(path))
    if stored.ndim != 2:
        raise ValueError(f"depth {path} has shape {stored.shape}; expected one channel (H, W)")
    if metres_per_unit is None:
        if stored.dtype.kind != "f":
            raise ValueError(
                f"depth {path} holds integers; give the metres per unit "
                f"(KITTI 1/256, 7-Scenes 1/1000, TUM 1/5000)"
            )
        metres_per_unit = 1.0
    if bad := int(np.count_nonzero(~np.isfinite(stored) | (stored < 0))):
        raise ValueError(
            f"depth {path} has {bad} negative, infinite or NaN values; write 0 where nothing "
            f"was measured"
        )
    depth_m = (stored * np.float64(metres_per_unit)).astype(np.float32)
    if stored.dtype.kind != "f":
        # Pillow widens some 16-bit files to 32 bits, so the type does not tell.
        depth_m[stored == 65535] = 0
    return depth_m


def resize_depth(depth_m: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize a depth map without ever averaging across an edge.

    Each new pixel takes the measurement at its centre. Where there is none (lidar measures a few
    per cent of the pixels), it takes the smallest one in its area: a return from behind may have
    passed beside the surface that the camera sees.

    Args:
        depth_m: (H, W), 0 = no measurement.
        size: New height and width.
    """
    (old_height, old_width), (height, width) = depth_m.shape, size
    centre_rows = ((np.arange(height) + 0.5) * old_height / height).astype(np.intp)
    centre_columns = ((np.arange(width) + 0.5) * old_width / width).astype(np.intp)
    centre = depth_m[np.ix_(centre_rows, centre_columns)]

    rows, columns = np.nonzero(depth_m)
    nearest = np.full(size, np.inf, np.float32)
    # A measurement lies at its pixel's centre and belongs to the new pixel that covers it.
    new_rows = ((rows + 0.5) * height / old_height).astype(np.intp)
    new_columns = ((columns + 0.5) * width / old_width).astype(np.intp)
    np.minimum.at(nearest, (new_rows, new_columns), depth_m[rows, columns])
    return np.where(centre > 0, centre, np.where(np.isfinite(nearest), nearest, 0))
