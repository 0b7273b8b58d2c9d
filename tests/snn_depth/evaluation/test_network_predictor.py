from dataclasses import replace
from pathlib import Path

import pytest
import torch

from snn_depth.data.sample import Batch, View
from snn_depth.data.spec import DataSpec
from snn_depth.evaluation.baselines import playback_as_rgb, playback_of
from snn_depth.evaluation.network_predictor import NetworkPredictor, run_network
from snn_depth.evaluation.scoring import truth_of
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.prediction import DepthPrediction
from snn_depth.training.checkpoint import load_network

TRAINED_FOR = DataSpec(height=64, width=128, focal_length_px=64.0)


def intrinsics(*focal_lengths_px: tuple[float, float]) -> torch.Tensor:
    return torch.stack([torch.diag(torch.tensor([fx, fy, 1.0])) for fx, fy in focal_lengths_px])


def counts(num_samples: int, height: int, width: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 5, (4, num_samples, 1, height, width), generator=generator).float()


def test_runs_a_network_and_is_exact_for_the_training_camera() -> None:
    torch.manual_seed(0)
    network = AnnDepthNet(channel_multipliers=(1, 1)).eval()
    x = torch.randint(0, 16, (8, 1, 1, 64, 128)).float()
    same = run_network(network, x, TRAINED_FOR.canonical_camera(64, 128, (64.0, 64.0)))
    assert torch.equal(same.depth_m, network(x).depth_m.detach())
    other_camera = TRAINED_FOR.canonical_camera(100, 90, None)
    other = run_network(network, torch.ones(8, 1, 1, 100, 90), other_camera)
    assert other.depth_m.shape == other.uncertainty.shape == (1, 1, 100, 90)
    assert not other.depth_m.requires_grad


def test_every_sample_of_a_batch_has_its_own_camera(tiny_checkpoint: Path) -> None:
    loaded = load_network(tiny_checkpoint)  # trained with 40 px at 32 x 48
    predictor = NetworkPredictor(loaded.network, loaded.data)
    matrices = intrinsics((40.0, 40.0), (60.0, 60.0), (60.0, 60.0), (40.0, 50.0))
    x = counts(4, 32, 48)
    batch = Batch({"spikes": View(x, intrinsics=matrices)})
    got = predictor(batch)
    alone = [
        predictor(Batch({"spikes": View(x[:, i : i + 1], intrinsics=matrices[i : i + 1])}))
        for i in range(4)
    ]
    torch.testing.assert_close(got.depth_m, torch.cat([one.depth_m for one in alone]))
    torch.testing.assert_close(got.uncertainty, torch.cat([one.uncertainty for one in alone]))
    for name, rate in got.firing_rates.items():
        mean = torch.stack([one.firing_rates[name] for one in alone]).mean()
        torch.testing.assert_close(rate, mean)
    shrunk = torch.nn.functional.interpolate(x[:, 0], (21, 32), mode="area")
    assert predictor.camera(32, 48, matrices[1]).network_size == tuple(shrunk.shape[-2:])
    assert not torch.allclose(alone[1].depth_m, as_is(predictor)(batch).depth_m[1:2], rtol=1e-3)


def as_is(predictor: NetworkPredictor) -> NetworkPredictor:
    return replace(predictor, as_is=True)


def test_pictures_as_they_are(tiny_checkpoint: Path) -> None:
    loaded = load_network(tiny_checkpoint)
    predictor = as_is(NetworkPredictor(loaded.network, loaded.data))
    x = counts(2, 20, 30)
    with torch.no_grad():
        expected: DepthPrediction = loaded.network(x)
    matrices = intrinsics((80.0, 80.0), (9.0, 9.0))
    got = predictor(Batch({"spikes": View(x, intrinsics=matrices)}))
    assert torch.equal(got.depth_m, expected.depth_m)
    assert got.firing_rates == expected.firing_rates


def test_playback_for_an_rgb_network(tiny_teacher: Path) -> None:
    loaded = load_network(tiny_teacher)
    x = counts(2, 32, 48)
    got = NetworkPredictor(loaded.network, loaded.data, playback_of)(Batch({"spikes": View(x)}))
    with torch.no_grad():
        assert torch.equal(got.depth_m, loaded.network(playback_as_rgb(x)).depth_m)
    with pytest.raises(ValueError, match="'rgb' is needed, but the data has only"):
        NetworkPredictor(loaded.network, loaded.data)(Batch({"spikes": View(x)}))


def test_the_truth_is_of_the_view_that_the_network_reads() -> None:
    near, far = (torch.full((2, 1, 64, 128), depth_m) for depth_m in (10.0, 20.0))
    spikes, rgb = View(counts(2, 64, 128), depth_m=near), View(torch.rand(2, 3, 64, 128))
    network = AnnDepthNet("rgb", channel_multipliers=(1, 1))
    predictor = NetworkPredictor(network, TRAINED_FOR)
    both = Batch({"spikes": spikes, "rgb": rgb.replace(depth_m=far)})
    assert truth_of(predictor, both).depth_m.unique() == 20
    assert truth_of(network, both).depth_m.unique() == 10, "not known what it reads"
    assert truth_of(predictor, Batch({"spikes": spikes, "rgb": rgb})).depth_m.unique() == 10
    with pytest.raises(ValueError, match="no depth to score against"):
        truth_of(predictor, Batch({"rgb": rgb}))
