"""Casting the rays of a pinhole camera at primitives, exactly and without a loop over them.

Only rays inside a primitive's projected bounding box can hit it. All such (primitive, ray) pairs
are listed in one flat batch and intersected at once; the nearest entry of each ray wins.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import torch
from torch import Tensor

from snn_depth.data.world.primitives import Primitives
from snn_depth.data.world.shapes import Shape, enter

# Nothing nearer to the camera plane is seen.
NEAR_PLANE_M = 0.05


@dataclass(frozen=True)
class PinholeCamera:
    """A camera without distortion; pixel centres have integer coordinates.

    Attributes:
        height: Rows.
        width: Columns.
        focal_length_px: Focal length in pixels, both axes.
        center_x: Column of the principal point.
        center_y: Row of the principal point.
    """

    height: int
    width: int
    focal_length_px: float
    center_x: float
    center_y: float

    @classmethod
    def centered(cls, height: int, width: int, focal_length_px: float) -> "PinholeCamera":
        """A camera whose axis meets the middle of the picture."""
        return cls(height, width, focal_length_px, (width - 1) / 2, (height - 1) / 2)

    def supersampled(self, factor: int) -> "PinholeCamera":
        """The same view with every pixel cut into factor x factor."""
        return PinholeCamera(
            self.height * factor,
            self.width * factor,
            self.focal_length_px * factor,
            self.center_x * factor + (factor - 1) / 2,
            self.center_y * factor + (factor - 1) / 2,
        )

    @cached_property
    def intrinsics(self) -> Tensor:
        """Float64 (3, 3)."""
        f = self.focal_length_px
        rows = [[f, 0, self.center_x], [0, f, self.center_y], [0, 0, 1]]
        return torch.tensor(rows, dtype=torch.float64)

    def directions(self, device: torch.device | str = "cpu") -> Tensor:
        """Direction of each pixel's ray in the camera's axes with z = 1, shape (H*W, 3)."""
        x = (torch.arange(self.width, device=device) - self.center_x) / self.focal_length_px
        y = (torch.arange(self.height, device=device) - self.center_y) / self.focal_length_px
        y, x = torch.meshgrid(y.float(), x.float(), indexing="ij")
        return torch.stack([x.flatten(), y.flatten(), torch.ones_like(x).flatten()], dim=-1)


@dataclass(frozen=True)
class Hits:
    """What the rays of one camera met.

    Attributes:
        depth_m: Distance along the optical axis, shape (H*W,); inf where nothing was hit.
        primitive: Index of the primitive, shape (H*W,); 0 where nothing was hit.
    """

    depth_m: Tensor
    primitive: Tensor


def cast(primitives: Primitives, camera: PinholeCamera, pose: Tensor) -> Hits:
    """Find the nearest primitive along every ray of a camera.

    Args:
        primitives: The scene.
        camera: Intrinsics; one ray per pixel centre.
        pose: Camera to world, float64 (4, 4); the camera looks along +z, y points down.

    Returns:
        Depth along the optical axis and primitive of every pixel, row by row.
    """
    device = primitives.center.device
    pose = pose.to(device)
    num_pixels = camera.height * camera.width
    depth_m = torch.full((num_pixels,), torch.inf, device=device)
    primitive = torch.zeros(num_pixels, dtype=torch.int64, device=device)
    # The camera's position and the pixel grid in each primitive's own space.
    to_local = primitives.local_from_world
    inverse_intrinsics = torch.linalg.inv(camera.intrinsics).to(device)
    origin = (to_local @ (pose[:3, 3] - primitives.center)[..., None])[..., 0].float()
    grid = (to_local @ (pose[:3, :3] @ inverse_intrinsics)).float()
    bounds = _screen_bounds(primitives, camera, pose)
    found = []
    for shape in Shape:
        index = torch.nonzero(primitives.shape == shape)[:, 0]
        pair_primitive, column, row = _pairs(index, bounds[index])
        u, v = column.float(), row.float()
        columns = grid.flatten(1).T.contiguous()
        direction = [
            columns[3 * axis][pair_primitive] * u
            + columns[3 * axis + 1][pair_primitive] * v
            + columns[3 * axis + 2][pair_primitive]
            for axis in range(3)
        ]
        start = [origin[:, axis].contiguous()[pair_primitive] for axis in range(3)]
        taper = primitives.taper[:, 0][pair_primitive], primitives.taper[:, 1][pair_primitive]
        t = enter(shape, tuple(start), tuple(direction), taper)
        hit = torch.nonzero(t < torch.inf)[:, 0]
        found.append((t[hit], row[hit] * camera.width + column[hit], pair_primitive[hit]))
    t, pixel, owner = (torch.cat(parts) for parts in zip(*found, strict=True))
    depth_m.scatter_reduce_(0, pixel, t, "amin")
    nearest = torch.nonzero(t == depth_m[pixel])[:, 0]
    # Among equals the highest index, so that the result does not depend on the order of work.
    primitive.scatter_reduce_(0, pixel[nearest], owner[nearest], "amax")
    return Hits(depth_m, primitive)


def _screen_bounds(primitives: Primitives, camera: PinholeCamera, pose: Tensor) -> Tensor:
    """Columns and rows that each primitive may cover: (P, 4) as first, last column and row."""
    device = pose.device
    signs = list(product((-1.0, 1.0), repeat=3))
    corners = torch.tensor(signs, dtype=torch.float64, device=device)
    edges = [(i, j) for i in range(8) for j in range(i) if bin(i ^ j).count("1") == 1]
    world = corners @ primitives.world_from_local.mT + primitives.center[:, None]
    points = ((world - pose[:3, 3]) @ pose[:3, :3]).float()
    # Edges that cross the near plane end there; their crossing points replace what is behind.
    a, b = points[:, [i for i, _ in edges]], points[:, [j for _, j in edges]]
    fraction = (NEAR_PLANE_M - a[..., 2:]) / (b[..., 2:] - a[..., 2:])
    crosses = (a[..., 2] - NEAR_PLANE_M) * (b[..., 2] - NEAR_PLANE_M) < 0
    points = torch.cat([points, a + fraction * (b - a)], dim=1)
    visible = torch.cat([points[:, :8, 2] >= NEAR_PLANE_M, crosses], dim=1)
    scaled = camera.focal_length_px * points[..., :2] / points[..., 2:]
    center = torch.tensor([camera.center_x, camera.center_y], device=device)
    image = scaled + center
    first = torch.where(visible[..., None], image, torch.inf).amin(1)
    last = torch.where(visible[..., None], image, -torch.inf).amax(1)
    size = torch.tensor([camera.width, camera.height], device=device)
    first = first.ceil().clamp(min=0).minimum(size)
    last = last.floor().clamp(min=-1).minimum(size - 1)
    return torch.stack([first, last], dim=-1).flatten(1).long()


def _pairs(index: Tensor, bounds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Every pixel in the bounds of every primitive, as flat (primitive, column, row)."""
    column, last_column, row, last_row = bounds.unbind(1)
    width = (last_column - column + 1).clamp(min=0)
    height = (last_row - row + 1).clamp(min=0)
    # First into lines of pixels, then each line into its pixels.
    lines, offset = _enumerate(height * (width > 0))
    row = row[lines] + offset
    pixels, offset = _enumerate(width[lines])
    owner = lines[pixels]
    return index[owner], column[owner] + offset, row[pixels]


def _enumerate(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For counts [2, 0, 3]: owners [0, 0, 2, 2, 2] and ranks [0, 1, 0, 1, 2]."""
    owner = torch.repeat_interleave(torch.arange(len(counts), device=counts.device), counts)
    start = counts.cumsum(0) - counts
    return owner, torch.arange(len(owner), device=counts.device) - start[owner]
