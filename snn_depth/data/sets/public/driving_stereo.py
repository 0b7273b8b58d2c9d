"""DrivingStereo and its weather subset (Yang et al., CVPR 2019)."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from snn_depth.data.sets.public.projection_file import read_projection
from snn_depth.data.sets.public.simulated_dataset import Parts, SimulatedDataset
from snn_depth.data.simulation.frames import PictureFrame
from snn_depth.data.simulation.sequence import FrameSequence

logger = logging.getLogger(__name__)
Split = Literal["all", "train", "test"]
WEATHERS = ("sunny", "cloudy", "foggy", "rainy")
_METRES_PER_UNIT = 1 / 256
_LEFT_CAMERA = "P_rect_101"
_PICTURE_FOLDERS = ("train-left-image", "test-left-image", "left-image-half-size")
_DEPTH_FOLDERS = ("train-depth-map", "test-depth-map", "depth-map-half-size")
_CALIBRATION_FOLDERS = ("half-image-calib", "*/half-image-calib", "*/*/half-image-calib")


class DrivingStereo(SimulatedDataset):
    """Left pictures of DrivingStereo in half size (about 400 x 881) with depth from lidar.

    Pictures and depth maps (16-bit PNG, metres x 256) have the same names, `SEQUENCE_TIME`, and
    are found by them at any depth below the folders of their archives, since these are unpacked
    in several ways. The names' times tell which pictures are near enough in time (up to 0.25 s)
    to tell how the light moves. Folder names, file names and the calibration's keys were checked
    against several published loaders; the frame rate is not documented.

    Args:
        root: Folder of the data set.
        sequences: Sequences to take, such as 2018-08-01-11-13-14; None takes all that there are.
        crop: Rows and columns of the pictures that are used, from the middle of the bottom; None
            uses all.
        simulation: As `SimulatedDataset`. The lidar is too sparse to interpolate by depth.

    Raises:
        ValueError: If the layout, a file or a value is wrong.
        OSError: If a file does not exist, or the cache cannot be written.
    """

    title: ClassVar[str] = "DrivingStereo"
    expected_tree: ClassVar[str] = """\
train-left-image/                           or left-image-half-size/
  2018-07-09-16-11-56/2018-07-09-16-11-56_2018-07-09-16-11-56-502.jpg ...
train-depth-map/                            or depth-map-half-size/
  2018-07-09-16-11-56/2018-07-09-16-11-56_2018-07-09-16-11-56-502.png ...
test-left-image/left-image-half-size/       the same for the test sequences
test-depth-map/depth-map-half-size/
half-image-calib/                           or calib/half-image-calib/, test-calib/...
  2018-07-09-16-11-56.txt"""
    absent: ClassVar[str] = "there is no picture"

    def __init__(
        self,
        root: str | Path,
        sequences: Sequence[str] | None = None,
        crop: tuple[int, int] | None = (384, 864),
        **simulation: Any,
    ) -> None:
        parts = self.parts(Path(root))
        for name in sequences or ():
            if name not in parts:
                accepted = ", ".join(parts)
                raise ValueError(f"there is no sequence {name!r} in {root}; accepted: {accepted}")
        found = [parts[name]()[0] for name in sequences or parts]
        super().__init__(found, crop=crop, **simulation)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`."""
        return any((root / name).is_dir() for name in _PICTURE_FOLDERS)

    @classmethod
    def parts(cls, root: Path) -> Parts:
        """The sequences whose pictures are there."""
        pictures = _by_name((root / name for name in _PICTURE_FOLDERS), ".jpg")
        depth_maps = _by_name((root / name for name in _DEPTH_FOLDERS), ".png")
        by_sequence: dict[str, list[Path]] = {}
        for name in sorted(pictures):
            by_sequence.setdefault(name.split("_")[0], []).append(pictures[name])
        if not by_sequence:
            raise cls.layout_error(root, cls.absent)
        return {
            name: partial(find_sequence, root, name, found, depth_maps)
            for name, found in by_sequence.items()
        }


class DrivingStereoWeather(SimulatedDataset):
    """The weather subset of DrivingStereo: 500 pictures each of four weathers, in half size.

    The pictures are chosen from a drive and no video: each gives a burst that stands still. The
    paper trains on 80 % and tests on 20 % of each weather without saying which; here the first
    80 % of the time are for training, so that no two neighbours are in both.

    Args:
        root: Folder of the four weathers.
        weathers: Weathers to take: sunny, cloudy, foggy, rainy.
        split: all, train (the first 80 % of each weather) or test (the rest).
        crop: Rows and columns of the pictures (about 400 x 881) that are used, from the middle of
            the bottom; None uses all.
        simulation: As `SimulatedDataset`. Intrinsics are taken from the data set's calibration
            files (`half-image-calib/`) if all that are needed lie in `root`; the subset has none.

    Raises:
        ValueError: If the layout, a file or a value is wrong.
        OSError: If a file does not exist, or the cache cannot be written.
    """

    title: ClassVar[str] = "DrivingStereo weather"
    expected_tree: ClassVar[str] = """\
sunny/                                      also cloudy, foggy, rainy
  left-image-half-size/2018-10-19-09-30-39_2018-10-19-09-31-36-438.jpg ...
  depth-map-half-size/2018-10-19-09-30-39_2018-10-19-09-31-36-438.png ...
half-image-calib/                           optional, of the main data set
  2018-10-19-09-30-39.txt"""
    absent: ClassVar[str] = "there is no weather"

    def __init__(
        self,
        root: str | Path,
        weathers: Sequence[str] = WEATHERS,
        split: Split = "all",
        crop: tuple[int, int] | None = (384, 864),
        **simulation: Any,
    ) -> None:
        self.require(Path(root))
        sequences = [
            sequence for name in weathers for sequence in find_weather(Path(root), name, split)
        ]
        if without := [s.name for s in sequences if s.intrinsics is None]:
            # Samples of one batch have the same parts.
            logger.warning("%s: no calibration for %s; intrinsics are left out", root, without[0])
            sequences = [replace(sequence, intrinsics=None) for sequence in sequences]
        super().__init__(sequences, crop=crop, **simulation)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`."""
        return any(
            next((root / name).glob(f"{deeper}left-image-half-size"), None) is not None
            for name in WEATHERS
            for deeper in ("", "*/")
        )

    @classmethod
    def parts(cls, root: Path) -> Parts:
        """The four weathers."""
        cls.require(root)
        return {name: partial(find_weather, root, name, "all") for name in WEATHERS}


def find_sequence(
    root: Path, name: str, pictures: Sequence[Path], depth_maps: Mapping[str, Path]
) -> list[FrameSequence]:
    """One sequence of the main data set.

    Args:
        pictures: Its pictures in order.
        depth_maps: Depth maps by name, among others its own.

    Raises:
        ValueError: If a file's name or content is wrong.
        OSError: If a file does not exist.
    """
    calibration = _calibration_file(root, name)
    if calibration is None:
        raise FileNotFoundError(f"calibration not found: {root}/half-image-calib/{name}.txt")
    frames = [replace(frame, time_s=time_s(frame.name)) for frame in _frames(pictures, depth_maps)]
    return [FrameSequence(name, frames, intrinsics=read_projection(calibration, _LEFT_CAMERA))]


def find_weather(root: Path, weather: str, split: Split) -> list[FrameSequence]:
    """The pictures of one weather, one sequence for each drive they are from.

    Raises:
        ValueError: If an argument or a file is wrong.
        OSError: If a file or folder does not exist.
    """
    if weather not in WEATHERS:
        raise ValueError(f"weather is {weather!r}; accepted: {', '.join(WEATHERS)}")
    if split not in ("all", "train", "test"):
        raise ValueError(f"split is {split!r}; accepted: all, train, test")
    pictures = _by_name((root / weather).glob("**/left-image-half-size"), ".jpg")
    depth_maps = _by_name((root / weather).glob("**/depth-map-half-size"), ".png")
    if not pictures:
        raise FileNotFoundError(f"no picture in {root / weather / 'left-image-half-size'}")
    names = sorted(pictures)
    num_train = round(0.8 * len(names))
    chosen = {"all": names, "train": names[:num_train], "test": names[num_train:]}[split]
    sequences = []
    for drive in sorted({name.split("_")[0] for name in chosen}):
        frames = _frames([pictures[n] for n in chosen if n.startswith(drive)], depth_maps)
        calibration = _calibration_file(root, drive)
        intrinsics = None if calibration is None else read_projection(calibration, _LEFT_CAMERA)
        name = f"{weather}_{drive}"
        sequences.append(FrameSequence(name, frames, intrinsics=intrinsics))
    return sequences


def time_s(name: str) -> float:
    """Time of a picture by its name, such as 2018-07-09-16-11-56_2018-07-09-16-11-56-502.

    Raises:
        ValueError: If the name has another form.
    """
    seconds, _, milliseconds = name.split(".")[0].partition("_")[2].rpartition("-")
    try:
        whole = datetime.strptime(seconds + "+0000", "%Y-%m-%d-%H-%M-%S%z").timestamp()
        return whole + int(milliseconds) / 1000
    except ValueError:
        raise ValueError(
            f"picture {name!r} does not tell its time; accepted: SEQUENCE_YYYY-MM-DD-hh-mm-ss-mmm"
        ) from None


def _by_name(folders: Iterable[Path], suffix: str) -> dict[str, Path]:
    return {path.stem: path for folder in folders for path in folder.rglob(f"*{suffix}")}


def _frames(pictures: Sequence[Path], depth_maps: Mapping[str, Path]) -> list[PictureFrame]:
    for path in pictures:
        if path.stem not in depth_maps:
            raise FileNotFoundError(f"depth map not found: {path.stem}.png, that of {path}")
    return [
        PictureFrame(path.name, path, depth_maps[path.stem], _METRES_PER_UNIT) for path in pictures
    ]


def _calibration_file(root: Path, sequence: str) -> Path | None:
    found = (path for name in _CALIBRATION_FOLDERS for path in root.glob(f"{name}/{sequence}.txt"))
    return next(found, None)
