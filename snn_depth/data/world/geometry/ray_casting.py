"""Casting the rays of a pinhole camera at primitives, exactly and without a loop over them.

Only rays inside a primitive's projected bounding box can hit it. All such (primitive, ray) pairs
are listed in one flat batch and intersected at once; the nearest entry of each ray wins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from snn_depth.data.world.geometry.primitives import Primitives
from snn_depth.data.world.geometry.shapes import Shape, Vector, enter

# Nothing nearer to the camera plane is seen.
NEAR_PLANE_M = 0.05


@dataclass(frozen=True)
class PinholeCamera:
    """A camera without distortion; pixel centres have integer coordinates."""

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
    """What the rays of one camera met, row by row.

    Attributes:
        depth_m: Distance along the optical axis, (H*W,); inf where nothing was hit.
        primitive: Index of the primitive, (H*W,); -1 where nothing was hit.
    """

    depth_m: Tensor
    primitive: Tensor


def cast(primitives: Primitives, camera: PinholeCamera, pose: Tensor) -> Hits:
    """Find the nearest primitive along the ray of every pixel centre.

    Args:
        pose: Camera to world, float64 (4, 4); the camera looks along +z, y points down.
    """
    entries = list(_entries(primitives, camera, pose))
    depth_m = _nearest(entries, camera, primitives)
    primitive = torch.full_like(depth_m, -1, dtype=torch.int64)
    for t, pixel, line, owner in entries:
        nearest = torch.nonzero((t == depth_m.index_select(0, pixel)) & (t < torch.inf))[:, 0]
        # Among equals the highest index, so that the result does not depend on the order of work.
        primitive.scatter_reduce_(0, pixel[nearest], owner[line[nearest]], "amax")
    return Hits(depth_m, primitive)


def cast_depth(primitives: Primitives, camera: PinholeCamera, pose: Tensor) -> Tensor:
    """Depth of what `cast` finds, float32 (H, W); inf where nothing is hit."""
    depth_m = _nearest(_entries(primitives, camera, pose), camera, primitives)
    return depth_m.reshape(camera.height, camera.width)


class _Entries(NamedTuple):
    """Rays paired with primitives that they may enter; the first three of shape (N,)."""

    t: Tensor
    pixel: Tensor
    line: Tensor
    primitive_of_line: Tensor


def _nearest(entries: Iterable[_Entries], camera: PinholeCamera, primitives: Primitives) -> Tensor:
    size = camera.height * camera.width
    depth_m = torch.full((size,), torch.inf, device=primitives.center.device)
    for found in entries:
        depth_m.scatter_reduce_(0, found.pixel, found.t, "amin")
    return depth_m


def _entries(primitives: Primitives, camera: PinholeCamera, pose: Tensor) -> Iterator[_Entries]:
    """Intersect every primitive with the rays in its bounds, one shape after the other."""
    device = primitives.center.device
    pose = pose.to(device)
    # The camera's position and the pixel grid in each primitive's own space.
    to_local = primitives.local_from_world
    origin = (to_local @ (pose[:3, 3] - primitives.center)[..., None])[..., 0].float()
    grid = (to_local @ (pose[:3, :3] @ torch.linalg.inv(camera.intrinsics).to(device))).float()
    bounds = _screen_bounds(primitives, camera, pose)
    for shape in Shape:
        index = torch.nonzero(primitives.shape == shape)[:, 0]
        lines = _lines(index, bounds[index])
        if len(lines.primitive) == 0:
            continue
        line, offset = _enumerate(lines.length)
        # A line's first ray, in its primitive's space, and the step from one ray to the next.
        owner_grid = grid[lines.primitive]
        corner = torch.stack([lines.column, lines.row, torch.ones_like(lines.row)], dim=-1).float()
        first, step = (owner_grid * corner[:, None]).sum(-1).T, owner_grid[..., 0].T
        start, taper = origin[lines.primitive].T, primitives.taper[lines.primitive].T
        along = offset.float()
        # index_select is several times faster than indexing with brackets.
        t = enter(
            shape,
            _vector(start[i].index_select(0, line) for i in range(3)),
            _vector(
                torch.addcmul(first[i].index_select(0, line), along, step[i].index_select(0, line))
                for i in range(3)
            ),
            (taper[0].index_select(0, line), taper[1].index_select(0, line)),
        )
        pixel = (lines.row * camera.width + lines.column).index_select(0, line) + offset
        yield _Entries(t, pixel, line, lines.primitive)


def _vector(components: Iterable[Tensor]) -> Vector:
    x, y, z = components
    return x, y, z


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


class _Lines(NamedTuple):
    """Horizontal runs of pixels, each in the bounds of a primitive; all of shape (L,)."""

    primitive: Tensor
    row: Tensor
    column: Tensor
    length: Tensor


def _lines(index: Tensor, bounds: Tensor) -> _Lines:
    """The rows of pixels in the bounds of each primitive."""
    column, last_column, row, last_row = bounds.unbind(1)
    length = (last_column - column + 1).clamp(min=0)
    owner, offset = _enumerate((last_row - row + 1).clamp(min=0) * (length > 0))
    return _Lines(index[owner], row[owner] + offset, column[owner], length[owner])


def _enumerate(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For counts [2, 0, 3]: owners [0, 0, 2, 2, 2] and ranks [0, 1, 0, 1, 2]."""
    end = counts.cumsum(0)
    total = int(end[-1]) if len(end) else 0
    owner = torch.repeat_interleave(counts, output_size=total)
    rank = torch.arange(total, device=counts.device)
    return owner, rank - (end - counts).index_select(0, owner)
