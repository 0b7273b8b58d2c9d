"""PKU-Spike-Stereo, the real spike recordings with depth that BiCross calls Respike."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.sample import Sample
from snn_depth.data.sets.public.public_dataset import LayoutReport
from snn_depth.data.sets.public.spike_depth import SampleFiles, SpikeDepthDataset, read_npy_depth_m
from snn_depth.data.streams.vidar import frame_bytes

_HEIGHT, _WIDTH = 250, 400
_ENVIRONMENTS = ("indoor", "outdoor")
# The 43 scenes of each environment are numbered; SpikeCV's own loader trains on the first 80 %.
_FIRST_TEST_SCENE = 34


class PkuSpikeStereo(SpikeDepthDataset):
    """Two real spike cameras (400 x 250, 20 kHz) beside a ZED depth camera.

    43 indoor and 43 outdoor scenes; 887 samples of 400 spike frames have a depth map, which is
    stored upside down (rotated by 180 degrees) and turned upright here. Focal lengths are not
    published. Source: Wang et al., "Learning Stereo Depth Estimation with Bio-Inspired Spike
    Cameras", ICME 2022; layout as in SpikeCV, facts checked on a published depth map.

    Where to get it: the data sets of SpikeCV (https://openi.pcl.ac.cn/Cordium/SpikeCV/datasets).
    Its licence is not stated there; ask its authors.

    Args:
        root: Folder with `indoor` and `outdoor`.
        split: `train` has the scenes below 0034, `test` the others, as SpikeCV divides them.
        environment: indoor, outdoor or both.
        camera: left or right; depth belongs to the left.
        with_depth: Take the samples that have depth. False takes all of them, without depth: to
            adapt to.
        size: Height and width; None keeps 250 x 400. See `SpikeDepthDataset` for the resampling.
        num_frames: Spike frames per sample, out of the middle of its 400.
        num_bins: Time bins per sample.
        keep_in_memory: Keep decoded samples (65 kB each at 64 x 128, 0.8 MB at full size).

    Raises:
        ValueError: When the folder is laid out otherwise or has no such sample.
        FileNotFoundError: When a sample's file is missing.
    """

    title = "PKU-Spike-Stereo"
    expected_tree = """\
indoor/                   or outdoor/, or both
  left/                   and right/, where wanted
    0000/                 scene, to 0042
      0002/               sample
        0002.dat          400 frames of 250 x 400, in the camera's packing (Vidar)
        0002_gt.npy       depth in metres, float32 (250, 400), rotated by 180 degrees
                          (only where it was measured)"""
    sensor_size = (_HEIGHT, _WIDTH)

    def __init__(
        self,
        root: str | Path,
        split: Literal["train", "test", "all"] = "all",
        environment: Literal["indoor", "outdoor", "both"] = "both",
        camera: Literal["left", "right"] = "left",
        with_depth: bool = True,
        size: tuple[int, int] | None = (64, 128),
        num_frames: int = 128,
        num_bins: int = 8,
        keep_in_memory: bool = True,
    ) -> None:
        if split not in ("train", "test", "all"):
            raise ValueError(f"split is {split!r}; accepted: train, test, all")
        folder = Path(root)
        wanted = _ENVIRONMENTS if environment == "both" else (environment,)
        found = [name for name in wanted if (folder / name / camera).is_dir()]
        if not found:
            places = " or ".join(f"{name}/{camera}" for name in wanted)
            raise self.layout_error(folder, f"there is no folder {places}")
        samples = [
            files if with_depth else SampleFiles(files.spikes)
            for name in found
            for scene, files in _find(folder / name / camera)
            if split in ("all", _split_of(scene)) and (files.depth is not None or not with_depth)
        ]
        super().__init__(
            folder,
            samples,
            size=size,
            num_frames=num_frames,
            num_bins=num_bins,
            sample_rate_hz=20_000.0,
            keep_in_memory=keep_in_memory,
        )

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`: whether it has `indoor/left` or the like."""
        return any(_camera_folders(root))

    @classmethod
    def check_layout(cls, root: Path) -> LayoutReport:
        """See `DatasetLayout.check_layout`; also opens the depth maps and sizes up the spikes."""
        num_samples: dict[str, int] = {}
        problems = [
            f"{folder}: no scene" for folder in _camera_folders(root) if not any(_find(folder))
        ]
        for folder in _camera_folders(root):
            place = f"{folder.parent.name} {folder.name}"
            for scene, files in _find(folder):
                found = cls._problems(files)
                problems += found
                if not found:
                    kind = "with depth" if files.depth is not None else "without depth"
                    key = f"{place}, {_split_of(scene)}, {kind}"
                    num_samples[key] = num_samples.get(key, 0) + 1
        if not any(_camera_folders(root)):
            problems.append(f"{root}: no folder indoor/left or outdoor/left")
        return LayoutReport(num_samples, problems)

    @classmethod
    def preview(cls, root: Path) -> Sample:
        """See `DatasetLayout.preview`."""
        folders = list(_camera_folders(root))
        return cls.preview_of({str(f): [files for _, files in _find(f)] for f in folders})

    @classmethod
    def read_depth_m(cls, path: Path) -> NDArray[np.float32]:
        """See `SpikeDepthDataset.read_depth_m`; the stored map stands on its head."""
        return np.ascontiguousarray(read_npy_depth_m(path)[::-1, ::-1])

    @classmethod
    def _problems(cls, files: SampleFiles) -> list[str]:
        problems = [f"{file} is missing" for file in files.missing()]
        num_bytes = frame_bytes(_HEIGHT, _WIDTH)
        if files.spikes.is_file():
            size = files.spikes.stat().st_size
            if not size or size % num_bytes:
                problems.append(
                    f"{files.spikes} has {size} bytes; accepted: multiples of {num_bytes}"
                )
        if files.depth is not None and files.depth.is_file():
            try:
                shape = read_npy_depth_m(files.depth).shape
            except (ValueError, OSError) as error:
                problems.append(str(error))
            else:
                if shape != (_HEIGHT, _WIDTH):
                    problems.append(f"{files.depth} has shape {shape}; accepted: (250, 400)")
        return problems


def _camera_folders(root: Path) -> Iterator[Path]:
    for environment in _ENVIRONMENTS:
        for camera in ("left", "right"):
            if (root / environment / camera).is_dir():
                yield root / environment / camera


def _find(camera_folder: Path) -> Iterator[tuple[int, SampleFiles]]:
    """Scene number and files of each sample in one camera's folder."""
    for scene in _numbered(camera_folder):
        for folder in _numbered(scene):
            depth = folder / f"{folder.name}_gt.npy"
            spikes = folder / f"{folder.name}.dat"
            yield int(scene.name), SampleFiles(spikes, depth if depth.exists() else None)


def _numbered(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.isdigit() and path.is_dir())


def _split_of(scene: int) -> str:
    return "train" if scene < _FIRST_TEST_SCENE else "test"
