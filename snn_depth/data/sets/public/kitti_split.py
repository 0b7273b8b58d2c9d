"""Lists of KITTI pictures, such as those of the Eigen split."""

import re
from pathlib import Path
from typing import NamedTuple

_PATH = re.compile(r"(\d{4}_\d\d_\d\d_drive_\d{4}_sync)/image_(02|03)/data/(\d+)\.(?:png|jpg)")
_INDEX = re.compile(r"(\d{4}_\d\d_\d\d_drive_\d{4}_sync)\s+(\d+)(?:\s+([lr]))?$")
_CAMERA_OF_SIDE = {None: "image_02", "l": "image_02", "r": "image_03"}


class ListedPicture(NamedTuple):
    """One line of a list.

    Attributes:
        drive: E.g. 2011_09_26_drive_0002_sync.
        camera: image_02 (left) or image_03 (right).
        number: Number of the picture in its drive.
    """

    drive: str
    camera: str
    number: int


def read_split(path: Path) -> list[ListedPicture]:
    """Read a list in one of the formats in use.

    Lines name a picture's path first (`2011_09_26/2011_09_26_drive_0002_sync/image_02/data/
    0000000069.png`, then a depth map and a focal length as BTS has it, or the right picture as
    Eigen's own lists), or a drive, a number and a side (`2011_09_26/2011_09_26_drive_0002_sync 69
    l`, Monodepth2). Only the picture counts: where its depth map lies is known.

    Raises:
        ValueError: If a line has another format, or there is none.
        OSError: If the file cannot be read.
    """
    pictures = []
    for position, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        if by_path := _PATH.search(line):
            drive, camera, number = by_path.groups()
            pictures.append(ListedPicture(drive, f"image_{camera}", int(number)))
        elif by_index := _INDEX.search(line.strip()):
            drive, number, side = by_index.groups()
            pictures.append(ListedPicture(drive, _CAMERA_OF_SIDE[side], int(number)))
        else:
            raise ValueError(
                f"{path}, line {position} is {line!r}; accepted: "
                "'DATE/DRIVE/image_02/data/NUMBER.png ...' or 'DATE/DRIVE NUMBER l'"
            )
    if not pictures:
        raise ValueError(f"{path} names no picture")
    return pictures
