import math

import pytest
import torch

from snn_depth.models.depth_decoding import DepthRange, decode_uncertainty


def test_decodes_hand_computed_values() -> None:
    depth_range = DepthRange(1.0, 100.0)
    # Logit 0 is the geometric mean; far negative logits approach the farthest depth.
    depth_m = depth_range.decode(torch.tensor([0.0, -100.0, 1000.0]))
    torch.testing.assert_close(depth_m, torch.tensor([10.0, 100.0, 1.0]))
    scale = (0.1 - 0.01) / math.log(2)
    expected = 1 / (scale * math.log1p(math.e) + 0.01)
    assert depth_range.decode(torch.tensor(1.0)).item() == pytest.approx(expected, rel=1e-5)


def test_uncertainty_is_a_share() -> None:
    torch.testing.assert_close(
        decode_uncertainty(torch.tensor([0.0, 100.0])), torch.tensor([0.5, 1.0])
    )


@pytest.mark.parametrize(("low", "high"), [(0.0, 80.0), (5.0, 5.0), (-1.0, 3.0)])
def test_refuses_empty_ranges(low: float, high: float) -> None:
    with pytest.raises(ValueError, match=rf"depth range {low}\.\.{high} m"):
        DepthRange(low, high)
