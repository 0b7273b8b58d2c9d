"""Virtual KITTI 2 (Cabon, Murray, Humenberger, arXiv 2001.10773)."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from snn_depth.data.sets.public.simulated_dataset import Parts, SimulatedDataset
from snn_depth.data.simulation.frames import PictureFrame
from snn_depth.data.simulation.sequence import FrameSequence
from snn_depth.files.listing import list_files

SCENES = ("Scene01", "Scene02", "Scene06", "Scene18", "Scene20")
FRAME_RATE_HZ = 10.0
_METRES_PER_UNIT = 0.01  # centimetres; 65535 (655.35 m) is the sky


class VirtualKitti2(SimulatedDataset):
    """Virtual KITTI 2.0.3: five scenes of KITTI rendered in ten variations.

    Both ways of unpacking its archives are read: all into one folder, or each into its own
    (`vkitti_2.0.3_rgb`, `vkitti_2.0.3_depth`, `vkitti_2.0.3_textgt`). Layout, header lines and
    the two ways were checked against several published loaders. The scenes have 447, 233, 270,
    339 and 837 frames per variation. BiCross trains on one variation of Scene01, 02, 06 and 20
    and tests on Scene18.

    Args:
        root: Folder of the data set.
        scenes: Scenes to take.
        variations: Variations of them: clone, fog, morning, overcast, rain, sunset, 15-deg-left,
            15-deg-right, 30-deg-left, 30-deg-right.
        cameras: Camera_0 (left), Camera_1 (right).
        crop: Rows and columns of the pictures (375 x 1242) that are used, from the middle of the
            bottom; None uses all.
        simulation: As `SimulatedDataset`. Depth and poses are exact, so that interpolation by
            depth is possible; it takes moving cars for standing.

    Raises:
        ValueError: If the layout, a file or a value is wrong.
        OSError: If a file does not exist, or the cache cannot be written.
    """

    title: ClassVar[str] = "Virtual KITTI 2"
    expected_tree: ClassVar[str] = """\
Scene01/                      also Scene02, Scene06, Scene18, Scene20
  clone/                      also fog, morning, overcast, rain, sunset, 15-deg-left, ...
    intrinsic.txt
    extrinsic.txt
    frames/
      rgb/Camera_0/rgb_00000.jpg ...
      depth/Camera_0/depth_00000.png ...
(or the same below vkitti_2.0.3_rgb/, vkitti_2.0.3_depth/ and vkitti_2.0.3_textgt/)"""
    absent: ClassVar[str] = "there is no scene"

    def __init__(
        self,
        root: str | Path,
        scenes: Sequence[str] = SCENES,
        variations: Sequence[str] = ("clone",),
        cameras: Sequence[str] = ("Camera_0",),
        crop: tuple[int, int] | None = (352, 1216),
        **simulation: Any,
    ) -> None:
        self.require(Path(root))
        sequences = find_scenes(Path(root), scenes, variations, cameras)
        super().__init__(sequences, crop=crop, **simulation)

    @classmethod
    def recognises(cls, root: Path) -> bool:
        """See `DatasetLayout.recognises`."""
        return any(_folder(root, "rgb", scene, "").is_dir() for scene in SCENES)

    @classmethod
    def parts(cls, root: Path) -> Parts:
        """All scenes, in the variations and from the cameras that are there."""
        cls.require(root)
        parts = {}
        for scene in SCENES:
            found = sorted(_folder(root, "rgb", scene, "").glob("*/frames/rgb/Camera_*"))
            names = [(path.parts[-4], path.name) for path in found] or [("clone", "Camera_0")]
            for variation, camera in names:
                name = f"{scene}/{variation}/{camera}"
                parts[name] = partial(find_scenes, root, [scene], [variation], [camera])
        return parts


def find_scenes(
    root: Path, scenes: Sequence[str], variations: Sequence[str], cameras: Sequence[str]
) -> list[FrameSequence]:
    """Sequences of all scenes in all variations from all cameras; errors as `find_sequence`."""
    return [
        find_sequence(root, scene, variation, camera)
        for scene in scenes
        for variation in variations
        for camera in cameras
    ]


def find_sequence(root: Path, scene: str, variation: str, camera: str) -> FrameSequence:
    """The pictures of one scene.

    Raises:
        ValueError: If a file has another content than expected.
        OSError: If a file or folder does not exist.
    """
    rgb_folder = _folder(root, "rgb", scene, variation) / "frames" / "rgb" / camera
    depth_folder = _folder(root, "depth", scene, variation) / "frames" / "depth" / camera
    text_folder = _folder(root, "textgt", scene, variation)
    name = f"{scene}_{variation}_{camera}"
    pictures = {int(path.stem[4:]): path for path in list_files(rgb_folder, "rgb_*", {".jpg"})}
    depth_maps = [depth_folder / f"depth_{rgb.stem[4:]}.png" for rgb in pictures.values()]
    if missing := [path for path in depth_maps if not path.is_file()]:
        raise FileNotFoundError(f"depth map not found: {missing[0]}")
    fx, fy, cx, cy = _rows(text_folder / "intrinsic.txt", 4, camera, list(pictures))[0]
    world_to_camera = _rows(text_folder / "extrinsic.txt", 16, camera, list(pictures))
    poses = np.linalg.inv(world_to_camera.reshape(-1, 4, 4))
    return FrameSequence(
        name,
        [
            PictureFrame(
                f"{name}/{rgb.name}", rgb, depth, _METRES_PER_UNIT, number / FRAME_RATE_HZ, pose
            )
            for (number, rgb), depth, pose in zip(pictures.items(), depth_maps, poses, strict=True)
        ],
        intrinsics=np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]]),
    )


def _folder(root: Path, archive: str, scene: str, variation: str) -> Path:
    """Where an archive's part of a scene lies, or should lie."""
    separate = root / f"vkitti_2.0.3_{archive}" / scene / variation
    return separate if separate.is_dir() else root / scene / variation


def _rows(path: Path, num_values: int, camera: str, numbers: Sequence[int]) -> NDArray[np.float64]:
    """Values (K, num_values) of the wanted frames, from lines `frame cameraID values...`."""
    try:
        table = np.loadtxt(path, skiprows=1, ndmin=2)
    except ValueError as error:
        raise ValueError(f"{path} is not a table of numbers: {error}") from None
    if table.shape[1] != 2 + num_values:
        raise ValueError(
            f"{path} has {table.shape[1]} columns; "
            f"accepted: frame, cameraID and {num_values} values"
        )
    of_camera = table[table[:, 1] == int(camera.removeprefix("Camera_"))]
    by_frame = {int(row[0]): row[2:] for row in of_camera}
    if missing := [number for number in numbers if number not in by_frame]:
        raise ValueError(f"{path} has no line for frame {missing[0]} of {camera}")
    return np.stack([by_frame[number] for number in numbers])
