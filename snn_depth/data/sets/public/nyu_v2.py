"""NYU Depth v2 (Silberman, Hoiem, Kohli, Fergus, ECCV 2012)."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from snn_depth.data.sets.public.nyu_v2_mat import MAT_FILE, Split, labelled_frames
from snn_depth.data.sets.public.simulated_dataset import Parts, SimulatedDataset
from snn_depth.data.simulation.frames import PictureFrame, StoredFrame
from snn_depth.data.simulation.sequence import FrameSequence

Source = Literal["labelled", "folders"]
# Of the colour camera, from the data set's toolbox (camera_params.m); pixels of 480 x 640.
INTRINSICS = np.array([[518.85790, 0, 325.58245], [0, 519.46961, 253.73617], [0, 0, 1]])
_METRES_PER_UNIT = 1 / 1000
_FOLDER_OF_SPLIT = {"train": "sync", "test": "official_splits/test"}
# Isolated pictures are recorded by the hundred: an interrupted run loses no more.
_FRAMES_PER_RECORDING = 100


class NyuV2(SimulatedDataset):
    """NYU Depth v2 as published (one MATLAB file) or as depth networks use it (folders).

    `labelled`: 795 pictures to train on and 654 to test on, the official split. `folders`: the
    layout that BTS introduced, `sync/` with pictures for training and `official_splits/test/` with
    the 654, 16-bit PNG in millimetres, with or without list files (lines
    `SCENE/rgb_00045.jpg SCENE/sync_depth_00045.png 518.8579`). Neither is a video (the folders
    hold a choice of a hand-held camera's pictures): each gives a burst that stands still. Arrays,
    axes, splits and list format were checked against the published programs of BTS and others.
    BiCross' number of training samples fits `labelled`.

    Args:
        root: Folder of the data set.
        split: train or test.
        source: labelled or folders.
        split_file: List of pictures of `folders` to take, relative to `sync/` or
            `official_splits/test/` as `split` says; None takes all.
        filled_depth: Of `labelled`, take the depth whose gaps were filled in by the authors, not
            as measured.
        crop: Rows and columns of the pictures (480 x 640) that are used, from the middle of the
            bottom; None uses all. The outer pixels are white or black by rectification;
            evaluation with the crop `nyu` leaves them out.
        max_depth_m: Depth beyond this is marked as not measured.
        simulation: As `SimulatedDataset`.

    Raises:
        ValueError: If the layout, a file or a value is wrong.
        OSError: If a file does not exist, or the cache cannot be written.
    """

    title: ClassVar[str] = "NYU Depth v2"
    expected_tree: ClassVar[str] = """\
nyu_depth_v2_labeled.mat                    source: labelled
splits.mat
or
sync/                                       source: folders
  kitchen_0028b/rgb_00045.jpg ...
  kitchen_0028b/sync_depth_00045.png ...
official_splits/test/
  bathroom/rgb_00045.jpg ...
  bathroom/sync_depth_00045.png ..."""
    absent: ClassVar[str] = "there is neither the MATLAB file nor a folder"

    def __init__(
        self,
        root: str | Path,
        split: Split,
        source: Source = "labelled",
        split_file: str | Path | None = None,
        filled_depth: bool = False,
        crop: tuple[int, int] | None = None,
        max_depth_m: float = 10.0,
        **simulation: Any,
    ) -> None:
        root = Path(root)
        if split not in _FOLDER_OF_SPLIT:
            raise ValueError(f"split is {split!r}; accepted: train, test")
        self.require(root)
        if source == "folders":
            folder = root / _FOLDER_OF_SPLIT[split]
            list_file = None if split_file is None else Path(split_file)
            sequences = find_folders(folder, split, list_file)
        elif split_file is not None:
            raise ValueError(f"split_file is {split_file}; accepted: with source folders only")
        else:
            sequences = find_labelled(root, split, filled_depth)
        super().__init__(sequences, crop=crop, max_depth_m=max_depth_m, **simulation)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`."""
        folders = _FOLDER_OF_SPLIT.values()
        return (root / MAT_FILE).is_file() or any(
            next((root / folder).glob("*/rgb_*.jpg"), None) is not None for folder in folders
        )

    @classmethod
    def parts(cls, root: Path) -> Parts:
        """Both splits of what is there: the MATLAB file, the folders, or both."""
        cls.require(root)
        parts: dict[str, Any] = {}
        splits: tuple[Split, ...] = ("train", "test")
        for split in splits:
            folder = root / _FOLDER_OF_SPLIT[split]
            if (root / MAT_FILE).is_file():
                parts[f"labelled {split}"] = partial(find_labelled, root, split, False)
            if folder.is_dir() or not (root / MAT_FILE).is_file():
                parts[f"folders {split}"] = partial(find_folders, folder, split, None)
        return parts


def find_labelled(root: Path, split: Split, filled: bool) -> list[FrameSequence]:
    """The pictures of the labelled MATLAB file; arguments and errors as `labelled_frames`."""
    return _sequences(f"labelled_{split}", labelled_frames(root, split, filled))


def find_folders(folder: Path, split: Split, list_file: Path | None) -> list[FrameSequence]:
    """The pictures of the layout with folders, by scene.

    Args:
        folder: `sync/` or `official_splits/test/`.
        list_file: List of pictures to take; None takes all.

    Raises:
        ValueError: If the list is wrong or there is no picture.
        OSError: If a file or folder does not exist.
    """
    if list_file is None:
        pictures = sorted(folder.glob("*/rgb_*.jpg"))
    else:
        pictures = [folder / name for name in read_list(list_file)]
    if not pictures:
        raise ValueError(f"no picture */rgb_*.jpg in {folder}")
    by_scene: dict[str, list[StoredFrame]] = {}
    for rgb in pictures:
        depth = rgb.with_name(f"sync_depth_{rgb.stem.removeprefix('rgb_')}.png")
        for path in (rgb, depth):
            if not path.is_file():
                raise FileNotFoundError(f"file not found: {path}")
        frame = PictureFrame(f"{rgb.parent.name}/{rgb.name}", rgb, depth, _METRES_PER_UNIT)
        by_scene.setdefault(rgb.parent.name, []).append(frame)
    return [
        sequence
        for scene, frames in sorted(by_scene.items())
        for sequence in _sequences(f"{split}_{scene}", frames)
    ]


def read_list(path: Path) -> list[str]:
    """Pictures of a list file, relative to the folder of the split.

    Args:
        path: Lines `SCENE/rgb_00045.jpg SCENE/sync_depth_00045.png 518.8579`, with or without a
            slash before the scene.

    Raises:
        ValueError: If a line has another format.
        OSError: If the file cannot be read.
    """
    pictures = []
    for position, line in enumerate(path.read_text().splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        picture = Path(words[0].lstrip("/"))
        if len(picture.parts) < 2 or not picture.name.startswith("rgb_"):
            raise ValueError(
                f"{path}, line {position} is {line!r}; accepted: "
                "'SCENE/rgb_NUMBER.jpg SCENE/sync_depth_NUMBER.png FOCAL_LENGTH'"
            )
        pictures.append(str(picture))
    return pictures


def _sequences(name: str, frames: Sequence[StoredFrame]) -> list[FrameSequence]:
    return [
        FrameSequence(
            f"{name}_{start // _FRAMES_PER_RECORDING:02d}",
            frames[start : start + _FRAMES_PER_RECORDING],
            intrinsics=INTRINSICS,
        )
        for start in range(0, len(frames), _FRAMES_PER_RECORDING)
    ]
