import torch

from snn_depth.models.prediction import DepthPrediction


def test_part_keeps_some_samples_and_the_cells_that_cover_their_pixels() -> None:
    """Of 32 x 48 pixels on a grid of stride 8, 20 x 33 lie in 3 x 5 cells."""
    depth_m, uncertainty = torch.rand(5, 1, 32, 48), torch.rand(5, 1, 32, 48)
    features, rate = torch.rand(5, 7, 4, 6), torch.tensor(0.1)
    whole = DepthPrediction(
        depth_m,
        uncertainty,
        features={"enc": features},
        firing_rates={"enc": rate},
        state={"enc": torch.rand(5, 7, 4, 6)},
        depth_steps_m=depth_m[None],
        num_steps=8,
        num_synapses={"enc": 1000},
    )
    part = whole.part(slice(2, None), 20, 33)
    assert torch.equal(part.depth_m, depth_m[2:, :, :20, :33])
    assert torch.equal(part.uncertainty, uncertainty[2:, :, :20, :33])
    assert torch.equal(part.features["enc"], features[2:, :, :3, :5])
    assert part.firing_rates == {"enc": rate}
    assert (part.num_steps, part.num_synapses) == (8, {"enc": 1000})
    assert not part.state and part.depth_steps_m is None


def test_part_of_everything_is_everything() -> None:
    depth_m, features = torch.rand(2, 1, 16, 16), torch.rand(2, 3, 2, 2)
    part = DepthPrediction(depth_m, depth_m, {"dec": features}).part(slice(None), 16, 16)
    assert torch.equal(part.depth_m, depth_m)
    assert torch.equal(part.features["dec"], features)
