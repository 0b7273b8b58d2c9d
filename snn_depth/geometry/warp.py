"""Warping pictures from one camera to another by depth.

The picture of a source camera is looked up where the points that a target camera sees lie in it:
u' ~ K_source [R|t] (depth(u) K_target^-1 u). Pixel centres lie at integer coordinates; bilinear
sampling reads the same places whatever the resolution of the sampled map is.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Reprojection:
    """Where the points that a target camera sees lie in a source camera's picture.

    Attributes:
        grid: (B, H, W, 2), x then y, -1 and 1 at the source picture's borders (not at the centres
            of its outermost pixels: `align_corners=False`); finite everywhere.
        depth_m: Depth of the points in the source camera, (B, 1, H, W).
        in_view: bool (B, 1, H, W): the target's depth is known, the point lies in front of the
            source camera and inside of its picture.
    """

    grid: Tensor
    depth_m: Tensor
    in_view: Tensor

    def sample(self, source: Tensor) -> Tensor:
        """A map of the source camera seen from the target, (B, C, H, W).

        Values mean nothing where `in_view` is false.

        Args:
            source: Picture or features, (B, C, h, w); any resolution of the source's whole picture.
        """
        return F.grid_sample(
            source.to(self.grid), self.grid, padding_mode="border", align_corners=False
        )

    def is_seen(self, source_depth_m: Tensor, tolerance: float = 0.05) -> Tensor:
        """Which points the source camera sees itself: in view, and nothing is in front of them.

        Args:
            source_depth_m: Depth in the source camera, (B, 1, h, w); 0 or NaN where unknown, and
                points that fall there are not seen.
            tolerance: Largest relative difference to the depth of the point.

        Returns:
            bool (B, 1, H, W).
        """
        is_known = source_depth_m > 0
        # Inverse depth is what is linear across the picture of a plane.
        inverse = 1 / source_depth_m.where(is_known, torch.ones_like(source_depth_m))
        known_share = self.sample(is_known.to(self.grid))
        difference = (self.depth_m * self.sample(inverse) - 1).abs()
        return self.in_view & (known_share > 1 - 1e-4) & (difference < tolerance)


def reproject(
    depth_m: Tensor,
    target_intrinsics: Tensor,
    source_intrinsics: Tensor,
    source_from_target: Tensor,
    source_size: tuple[int, int],
) -> Reprojection:
    """Find the points of a target camera in a source camera; differentiable in depth and pose.

    Args:
        depth_m: Depth in the target camera, (B, 1, H, W); 0 or NaN where unknown.
        target_intrinsics: (B, 3, 3) in pixels of `depth_m`: scaled with it (`scale_intrinsics`) on
            a coarser grid.
        source_intrinsics: (B, 3, 3) in pixels of a picture of `source_size`.
        source_from_target: (B, 4, 4).
        source_size: Height and width of the source camera's picture.
    """
    height, width = depth_m.shape[-2:]
    # Half precision has too few digits for the pixels of a picture.
    with torch.autocast(depth_m.device.type, enabled=False):
        depth_m = depth_m if depth_m.dtype == torch.float64 else depth_m.float()
        target_intrinsics, source_intrinsics, source_from_target = (
            matrix.to(depth_m)
            for matrix in (target_intrinsics, source_intrinsics, source_from_target)
        )
        is_known = depth_m > 0
        depth_m = depth_m.where(is_known, torch.ones_like(depth_m))
        y, x = torch.meshgrid(
            torch.arange(height).to(depth_m), torch.arange(width).to(depth_m), indexing="ij"
        )
        pixels = torch.stack([x, y, torch.ones_like(x)]).flatten(1)
        points = torch.linalg.inv(target_intrinsics) @ pixels * depth_m.flatten(2)
        points = source_from_target[:, :3, :3] @ points + source_from_target[:, :3, 3:]
        z = points[:, 2:]
        is_in_front = z > 0
        # Elsewhere there is no picture of the point; 1 keeps values and gradients finite.
        image = source_intrinsics @ (points / z.where(is_in_front, torch.ones_like(z)))
        extent = image.new_tensor([source_size[1], source_size[0]])[:, None]
        grid = (2 * image[:, :2] + 1) / extent - 1
        is_inside = (grid.abs() <= 1).all(1, keepdim=True)
        in_view = is_known & (is_in_front & is_inside).unflatten(2, (height, width))
        return Reprojection(
            grid.unflatten(2, (height, width)).permute(0, 2, 3, 1),
            z.unflatten(2, (height, width)),
            in_view,
        )
