"""KITTI raw data with annotated depth (Geiger et al. 2013; Uhrig et al., arXiv 1708.06500)."""

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from snn_depth.data.sets.public.kitti_split import read_split
from snn_depth.data.sets.public.projection_file import read_projection
from snn_depth.data.sets.public.simulated_dataset import Parts, SimulatedDataset
from snn_depth.data.simulation.frames import PictureFrame
from snn_depth.data.simulation.sequence import FrameSequence
from snn_depth.files.listing import list_files

logger = logging.getLogger(__name__)
FRAME_RATE_HZ = 10.0
_METRES_PER_UNIT = 1 / 256


class KittiRaw(SimulatedDataset):
    """KITTI's synchronised, rectified drives with the annotated depth of its depth benchmark.

    Samples are the pictures that have an annotated depth map: 16-bit PNG, metres x 256, 0 where
    nothing was measured. The first and last five pictures of a drive have none; they still tell
    how the light moves. The trees `train/` and `val/` may lie in `root`, in
    `root/data_depth_annotated`, or in `depth_root`, and their drives also one level higher, as
    several depth networks want them. Layout and both formats of lists were checked against the
    published loaders of Monodepth2 and BTS.

    Args:
        root: Folder with the dates.
        drives: Drives to take, such as 2011_09_26_drive_0035_sync; None takes all that there are.
            BiCross' partial KITTI trains on 2011_09_26 0035, 0046, 0064 and 2011_09_30 0020 and
            tests on 2011_09_26 0039: 1890 and 385 samples.
        split_file: List of pictures instead of drives (see `read_split`), e.g. the Eigen split's.
            Listed pictures without annotated depth are left out, as usual.
        depth_root: Folder of the annotated depth, where it is not in `root`.
        crop: Rows and columns of the pictures (about 375 x 1242) that are used, from the middle
            of the bottom; None uses all.
        simulation: As `SimulatedDataset`. The lidar is too sparse to interpolate by depth.

    Raises:
        ValueError: If the layout, a file or a value is wrong.
        OSError: If a file does not exist, or the cache cannot be written.
    """

    title: ClassVar[str] = "KITTI raw"
    expected_tree: ClassVar[str] = """\
2011_09_26/                                 also 2011_09_28, 2011_09_29, 2011_09_30, 2011_10_03
  calib_cam_to_cam.txt
  2011_09_26_drive_0001_sync/
    image_02/data/0000000000.png ...        or .jpg
train/                                      also val/; or both below data_depth_annotated/
  2011_09_26_drive_0001_sync/
    proj_depth/groundtruth/image_02/0000000005.png ..."""
    absent: ClassVar[str] = "there is no drive"

    def __init__(
        self,
        root: str | Path,
        drives: Sequence[str] | None = None,
        split_file: str | Path | None = None,
        depth_root: str | Path | None = None,
        crop: tuple[int, int] | None = (352, 1216),
        **simulation: Any,
    ) -> None:
        root, depth = Path(root), Path(depth_root or root)
        if drives is not None and split_file is not None:
            raise ValueError("drives and split_file are both given; accepted: one of them")
        self.require(root)
        if split_file is not None:
            sequences = find_listed(root, depth, Path(split_file))
        else:
            sequences = find_whole(root, depth, drives or find_drives(root))
        super().__init__(sequences, crop=crop, **simulation)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`."""
        return bool(find_drives(root))

    @classmethod
    def parts(cls, root: Path) -> Parts:
        """The drives whose pictures are there."""
        cls.require(root)
        return {drive: partial(find_whole, root, root, [drive]) for drive in find_drives(root)}


def find_drives(root: Path) -> list[str]:
    """Names of the drives below `root`."""
    return sorted(path.name for path in root.glob("????_??_??/????_??_??_drive_????_sync"))


def find_whole(root: Path, depth_root: Path, drives: Sequence[str]) -> list[FrameSequence]:
    """Whole drives, from the left camera; arguments and errors as `find_drive`."""
    return [find_drive(root, depth_root, drive) for drive in drives]


def find_drive(
    root: Path,
    depth_root: Path,
    drive: str,
    camera: str = "image_02",
    numbers: Iterable[int] | None = None,
) -> FrameSequence:
    """The pictures of one drive.

    Args:
        root: Folder with the dates.
        camera: image_02 (left) or image_03 (right).
        numbers: Pictures to take as samples; None takes all that have depth.

    Raises:
        ValueError: If a file has another content than expected, or no picture has depth.
        OSError: If a file or folder does not exist.
    """
    folder = root / drive[:10] / drive / camera / "data"
    depth_maps = find_depth_maps(depth_root, drive, camera)
    pictures = list_files(folder, "*", {".png", ".jpg"})
    number_of = [int(path.stem) for path in pictures]
    wanted = set(depth_maps if numbers is None else numbers)
    if missing := sorted(wanted - set(number_of)):
        raise FileNotFoundError(f"picture not found: {folder / f'{missing[0]:010d}.png'} (or .jpg)")
    calibration = root / drive[:10] / "calib_cam_to_cam.txt"
    return FrameSequence(
        name=f"{drive}_{camera}",
        frames=[
            PictureFrame(
                f"{drive}/{camera}/{path.name}",
                path,
                depth_maps.get(number),
                _METRES_PER_UNIT,
                number / FRAME_RATE_HZ,
            )
            for path, number in zip(pictures, number_of, strict=True)
        ],
        key_frames=[k for k, n in enumerate(number_of) if n in wanted and n in depth_maps],
        intrinsics=read_projection(calibration, f"P_rect_{camera[-2:]}"),
    )


def find_depth_maps(depth_root: Path, drive: str, camera: str) -> dict[int, Path]:
    """Annotated depth maps of a drive, by the number of their picture.

    Raises:
        OSError: If there is none.
    """
    inside = Path(drive, "proj_depth", "groundtruth", camera)
    for base in (depth_root, depth_root / "data_depth_annotated"):
        for folder in (base / "train" / inside, base / "val" / inside, base / inside):
            if folder.is_dir():
                return {int(path.stem): path for path in list_files(folder, "*", {".png"})}
    raise FileNotFoundError(
        f"annotated depth not found: {depth_root / 'train' / inside}, nor below val/"
    )


def find_listed(root: Path, depth_root: Path, split_file: Path) -> list[FrameSequence]:
    """The pictures of a list (see `read_split`), by drive.

    Raises:
        ValueError: If the list or a file is wrong, or no listed picture has depth.
        OSError: If a file or folder does not exist.
    """
    listed: dict[tuple[str, str], set[int]] = {}
    for drive, camera, number in read_split(split_file):
        listed.setdefault((drive, camera), set()).add(number)
    sequences = []
    for (drive, camera), numbers in sorted(listed.items()):
        if with_depth := numbers & find_depth_maps(depth_root, drive, camera).keys():
            sequences.append(find_drive(root, depth_root, drive, camera, with_depth))
    num_listed = sum(map(len, listed.values()))
    num_found = sum(sequence.num_key_frames for sequence in sequences)
    if not num_found:
        raise ValueError(f"{split_file}: none of its pictures has annotated depth in {depth_root}")
    if num_found < num_listed:
        logger.warning(
            "%s: %d of %d pictures have no annotated depth and are left out",
            split_file,
            num_listed - num_found,
            num_listed,
        )
    return sequences
