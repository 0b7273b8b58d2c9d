"""How the fields of a view are stacked, mirrored, cropped and resized: each says it once."""

from collections.abc import Sequence
from typing import NamedTuple, overload

import torch
from torch import Tensor

from snn_depth.geometry.intrinsics import crop_intrinsics, mirror_intrinsics, scale_intrinsics
from snn_depth.geometry.poses import mirror_transform
from snn_depth.geometry.resampling import resample_area

Size = tuple[int, int]


class Window(NamedTuple):
    """Part of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int


class Field:
    """What a view holds, of one sample or stacked, and what every operation does to it.

    Read from a view it gives the tensor, or raises where the view does not have it. This one, a
    number, has nothing to do with pixels.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, view: None, owner: type) -> "Field": ...

    @overload
    def __get__(self, view: object, owner: type) -> Tensor: ...

    def __get__(self, view: object | None, owner: type) -> "Field | Tensor":
        return self if view is None else view.part(self.name)  # type: ignore[attr-defined]

    def stack(self, tensors: Sequence[Tensor]) -> Tensor:
        """Those of several samples as one."""
        return torch.stack(list(tensors))

    def mirror(self, x: Tensor, size: Size) -> Tensor:
        """Seen in a left-right mirror of the scene, whose picture has this size."""
        return x

    def crop(self, x: Tensor, size: Size, window: Window) -> Tensor:
        """Of the part of the picture inside the window."""
        return x

    def resize(self, x: Tensor, size: Size, new_size: Size) -> Tensor:
        """Of the picture in another size."""
        return x


class Transform(Field):
    """Between the rig, its cameras, its moments."""

    def mirror(self, x: Tensor, size: Size) -> Tensor:
        """M R M and M t with M = diag(-1, 1, 1)."""
        return mirror_transform(x)


class Intrinsics(Field):
    """They follow the pixels, whose centres lie at whole numbers."""

    def mirror(self, x: Tensor, size: Size) -> Tensor:
        """The principal point moves to the other side."""
        return mirror_intrinsics(x, size[1])

    def crop(self, x: Tensor, size: Size, window: Window) -> Tensor:
        """Seen from the window's corner."""
        return crop_intrinsics(x, (window.top, window.left))

    def resize(self, x: Tensor, size: Size, new_size: Size) -> Tensor:
        """In new pixels."""
        return scale_intrinsics(x, size, new_size)


class Pixels(Field):
    """A value in every pixel."""

    def mirror(self, x: Tensor, size: Size) -> Tensor:
        """Columns in reverse order."""
        return x.flip(-1)

    def crop(self, x: Tensor, size: Size, window: Window) -> Tensor:
        """The pixels inside the window."""
        top, left, height, width = window
        return x[..., top : top + height, left : left + width].contiguous()


class Image(Pixels):
    """Spike counts or a picture."""

    def stack(self, tensors: Sequence[Tensor]) -> Tensor:
        """Time first, then the batch; float32, of a picture in bytes 0..1."""
        batch_axis = tensors[0].ndim - 3
        stacked = torch.stack(list(tensors), dim=batch_axis)
        if batch_axis == 0 and stacked.dtype == torch.uint8:
            return stacked.float() / 255.0
        return stacked.float()

    def resize(self, x: Tensor, size: Size, new_size: Size) -> Tensor:
        """Means over the area of each new pixel."""
        return resample_area(x, new_size)


class Depth(Pixels):
    """Metres."""

    def resize(self, x: Tensor, size: Size, new_size: Size) -> Tensor:
        """The depth at each new pixel's centre: never a mean across an edge."""
        rows, columns = (
            ((torch.arange(new, device=x.device) + 0.5) * old / new).long()
            for old, new in zip(size, new_size, strict=True)
        )
        return x[..., rows, :][..., columns]
