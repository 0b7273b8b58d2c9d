"""The part of a data set's pictures that the papers cut out before anything else."""

from numpy.typing import NDArray


def bottom_center_crop(picture: NDArray, size: tuple[int, int] | None) -> NDArray:
    """Cut out the middle of the lowest rows, which is where a road scene has its depth.

    With 352 x 1216 this is the "KB crop" of the KITTI depth benchmark.

    Args:
        picture: (H, W) or (H, W, C).
        size: Rows and columns to keep; None keeps all.

    Returns:
        View of the picture.

    Raises:
        ValueError: If the picture is smaller.
    """
    top, left = crop_corner((picture.shape[0], picture.shape[1]), size)
    height, width = size or picture.shape[:2]
    return picture[top : top + height, left : left + width]


def crop_corner(picture_size: tuple[int, int], size: tuple[int, int] | None) -> tuple[int, int]:
    """First row and column that `bottom_center_crop` keeps of a picture (height, width).

    Raises:
        ValueError: If the picture is smaller.
    """
    if size is None:
        return 0, 0
    top, spare_columns = picture_size[0] - size[0], picture_size[1] - size[1]
    if top < 0 or spare_columns < 0:
        raise ValueError(
            f"crop is {size[0]}x{size[1]}, larger than the pictures of "
            f"{picture_size[0]}x{picture_size[1]}; accepted: a smaller one, or none"
        )
    return top, spare_columns // 2
