"""The pictures of a folder or a video, with the depth and poses beside them, as frames."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from snn_depth.data.simulation.depth_maps import DEPTH_SUFFIXES, parse_depth_scale
from snn_depth.data.simulation.frames import PictureFrame, Pose, Rgb
from snn_depth.data.simulation.pictures import IMAGE_SUFFIXES
from snn_depth.data.simulation.sequence import FrameSequence
from snn_depth.data.simulation.video import VideoFile, is_video
from snn_depth.files.listing import list_files
from snn_depth.geometry.intrinsics import read_intrinsics
from snn_depth.geometry.poses import read_poses


@dataclass(frozen=True, eq=False)
class PictureFrames:
    """Pictures in order, with what belongs to them; those of a video are decoded on the way.

    Attributes:
        path: The folder or the video.
        depths: One depth map per picture.
        metres_per_unit: Scale of the depth maps (see `read_depth_m`).
        poses: One per picture.

    Raises:
        ValueError: If the number of depth maps or poses is not that of the pictures.
    """

    path: Path
    pictures: Sequence[Path] | VideoFile
    depths: Sequence[Path] | None = None
    metres_per_unit: float | None = None
    poses: Sequence[Pose] | None = None

    def __post_init__(self) -> None:
        for name, part in (("depth maps", self.depths), ("poses", self.poses)):
            if part is not None and len(part) != len(self):
                raise ValueError(
                    f"{len(part)} {name} for {len(self)} pictures in {self.path}; there must be "
                    f"one for each picture"
                )

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[PictureFrame]:
        depths = repeat(None) if self.depths is None else self.depths
        poses = repeat(None) if self.poses is None else self.poses
        # A video may have more or fewer frames than it declares.
        pictures: Iterable[Path | Rgb] = self.pictures
        for number, (rgb, depth, pose) in enumerate(zip(pictures, depths, poses, strict=False)):
            name = str(rgb) if isinstance(rgb, Path) else f"frame {number}"
            yield PictureFrame(name, rgb, depth, self.metres_per_unit, pose=pose)

    @property
    def declared_rate_hz(self) -> float | None:
        """Frames per second, as a video declares them; a folder does not tell."""
        return self.pictures.frame_rate_hz if isinstance(self.pictures, VideoFile) else None

    @property
    def files(self) -> list[Path]:
        """Files of the pictures and depth maps."""
        pictures = [self.path] if isinstance(self.pictures, VideoFile) else self.pictures
        return [*pictures, *(self.depths or ())]

    def sequence(self, frame_rate_hz: float, intrinsics: str | None = None) -> FrameSequence:
        """The frames as a sequence of a constant rate.

        Args:
            intrinsics: As `read_intrinsics` takes them, in pixels of the pictures.

        Raises:
            ValueError: If the rate is not positive, or the intrinsics are damaged.
            OSError: If the intrinsics' file cannot be read.
        """
        matrix = None if intrinsics is None else read_intrinsics(intrinsics)
        description = {
            "num_pictures": len(self),
            "frame_rate_hz": frame_rate_hz,
            "num_depth_maps": len(self.depths or ()),
            "metres_per_unit": self.metres_per_unit,
            "num_poses": len(self.poses or ()),
            "intrinsics": None if matrix is None else matrix.tolist(),
        }
        return FrameSequence(
            self.path.name,
            self,
            frame_rate_hz=frame_rate_hz,
            intrinsics=matrix,
            description=description,
        )


def open_pictures(
    path: Path,
    pattern: str = "*",
    *,
    depth: Path | None = None,
    depth_pattern: str = "*",
    depth_scale: str | None = None,
    poses: Path | None = None,
) -> PictureFrames:
    """A folder of images or a video file, whichever `path` is.

    Args:
        pattern: Glob pattern of the images relative to the folder.
        depth: Folder with one depth map per picture, in the same order.
        depth_scale: Metres per stored unit, as `parse_depth_scale` takes it.
        poses: Camera-to-world poses, as `read_poses` takes them.

    Raises:
        ValueError: If something is damaged, or a number of parts is not that of the pictures.
        OSError: If something does not exist.
    """
    return PictureFrames(
        path,
        VideoFile(path) if is_video(path) else list_files(path, pattern, IMAGE_SUFFIXES),
        None if depth is None else list_files(depth, depth_pattern, DEPTH_SUFFIXES),
        None if depth_scale is None else parse_depth_scale(depth_scale),
        None if poses is None else list(read_poses(poses)),
    )
