import numpy as np
import pytest

from snn_depth.geometry.crops import (
    evaluation_crop_mask,
)


def bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


@pytest.mark.parametrize("height, width", [(375, 1242), (370, 1224), (352, 1216), (64, 128)])
def test_garg_crop_rounds_like_the_benchmark(height: int, width: int) -> None:
    mask = evaluation_crop_mask("garg", height, width).numpy()
    expected = np.array(
        [0.40810811 * height, 0.99189189 * height, 0.03594771 * width, 0.96405229 * width]
    ).astype(np.int32)
    assert bounds(mask) == tuple(expected)
    top, bottom, left, right = expected
    assert mask.sum() == (bottom - top) * (right - left)


def test_nyu_crop_is_exact_at_its_own_size() -> None:
    assert bounds(evaluation_crop_mask("nyu", 480, 640).numpy()) == (45, 471, 41, 601)


def test_none_keeps_everything() -> None:
    assert evaluation_crop_mask("none", 3, 5).all()


def test_unknown_crop_names_the_choices() -> None:
    with pytest.raises(ValueError, match="'gargg'; choose one of none, garg, eigen, nyu"):
        evaluation_crop_mask("gargg", 3, 5)  # type: ignore[arg-type]
