"""How the fields of a view are stacked, mirrored, cropped and resized: each says it once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, overload

import torch
from torch import Tensor

from snn_depth.geometry.resampling import resample_area

Size = tuple[int, int]


class Window(NamedTuple):
    """Part of a picture, in pixels."""

    top: int
    left: int
    height: int
    width: int


def unchanged(x: Tensor, *_: object) -> Tensor:
    """What an operation on pictures does to a field that has nothing to do with pixels."""
    return x


class Field:
    """One field of a view, for one sample or stacked: what every operation does to it.

    Read from a view it gives the tensor, or raises where the view does not have it.

    Attributes:
        stack: Tensors of several samples as one.
        mirror: Left-right mirror of the scene, given the size of the picture.
        crop: Given that size and the window that stays.
        resize: Given that size and the new one.
    """

    def __init__(
        self,
        mirror: Callable[[Tensor, Size], Tensor] = unchanged,
        crop: Callable[[Tensor, Size, Window], Tensor] = unchanged,
        resize: Callable[[Tensor, Size, Size], Tensor] = unchanged,
        stack: Callable[[Sequence[Tensor]], Tensor] = torch.stack,  # type: ignore[assignment]
    ) -> None:
        self.mirror, self.crop, self.resize, self.stack = mirror, crop, resize, stack

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, view: None, owner: type) -> "Field": ...

    @overload
    def __get__(self, view: object, owner: type) -> Tensor: ...

    def __get__(self, view: object | None, owner: type) -> "Field | Tensor":
        return self if view is None else view.part(self.name)  # type: ignore[attr-defined]


def flip(x: Tensor, size: Size) -> Tensor:
    """Columns in reverse order."""
    return x.flip(-1)


def cut(x: Tensor, size: Size, window: Window) -> Tensor:
    """The pixels inside the window."""
    top, left, height, width = window
    return x[..., top : top + height, left : left + width].contiguous()


def stack_images(images: Sequence[Tensor]) -> Tensor:
    """Time first, then the batch; whole numbers of a picture (0..255) become 0..1."""
    batch_axis = images[0].ndim - 3
    stacked = torch.stack(list(images), dim=batch_axis)
    if batch_axis == 0 and stacked.dtype == torch.uint8:
        return stacked.float() / 255.0
    return stacked.float()


def resize_image(x: Tensor, size: Size, new_size: Size) -> Tensor:
    """Means over the area of each new pixel."""
    return resample_area(x, new_size)


def resize_depth(x: Tensor, size: Size, new_size: Size) -> Tensor:
    """The depth at each new pixel's centre: never a mean across an edge."""
    rows, columns = (
        ((torch.arange(new) + 0.5) * old / new).long().to(x.device)
        for old, new in zip(size, new_size, strict=True)
    )
    return x[..., rows, :][..., columns]


def mirror_intrinsics(x: Tensor, size: Size) -> Tensor:
    """The principal point moves along; pixel centres lie at whole numbers."""
    x = x.clone()
    x[..., 0, 2] = size[1] - 1 - x[..., 0, 2]
    return x


def crop_intrinsics(x: Tensor, size: Size, window: Window) -> Tensor:
    """Seen from the window's corner."""
    x = x.clone()
    x[..., 0, 2] -= window.left
    x[..., 1, 2] -= window.top
    return x


def resize_intrinsics(x: Tensor, size: Size, new_size: Size) -> Tensor:
    """As `snn_depth.geometry.calibration.scale_intrinsics`."""
    y_scale, x_scale = new_size[0] / size[0], new_size[1] / size[1]
    scaling = x.new_tensor(
        [[x_scale, 0, 0.5 * x_scale - 0.5], [0, y_scale, 0.5 * y_scale - 0.5], [0, 0, 1]]
    )
    return scaling @ x


def mirror_transform(x: Tensor, size: Size) -> Tensor:
    """M R M and M t with M = diag(-1, 1, 1): the same motion seen in a mirror."""
    signs = x.new_tensor([-1, 1, 1, 1])
    return x * signs * signs[:, None]
