"""What is frozen stays as it is, bit for bit, also in the hands of the training engine."""

import copy
import pickle

import lightning
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from snn_depth.data.sample import Batch, View
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.freezing import freeze
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.base import Objective
from snn_depth.training.module import DepthTraining
from snn_depth.training.recipe import OptimizerSettings


class Attached(Objective):
    """A trained convolution that sends currents into the network, which it holds frozen too."""

    def __init__(self, other: nn.Module) -> None:
        super().__init__()
        self.other = other
        self.branch = nn.Sequential(nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.BatchNorm2d(16))

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        """Depth should be 5 m."""
        spikes = network.read(batch)
        currents = {"stem": self.branch(spikes.mean(0))[None]}
        depths_m = [n(spikes, currents=currents).depth_m for n in (network, self.other)]
        return {"depth": sum((d.log() - 1.6).square().mean() for d in depths_m)}


def network(seed: int) -> SpikingDepthNet:
    torch.manual_seed(seed)
    return SpikingDepthNet(channel_multipliers=(1, 2))


def fit(trained: SpikingDepthNet, objective: Objective) -> None:
    """Three steps of the training engine."""
    spikes = torch.poisson(torch.full((6, 2, 1, 16, 16), 3.0))
    loader = DataLoader(
        list(spikes),  # type: ignore[arg-type]
        batch_size=2,
        collate_fn=lambda samples: Batch({"spikes": View(torch.stack(samples, dim=1))}),
    )
    module = DepthTraining(trained, objective, OptimizerSettings(learning_rate=0.1), 3)
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    module.train()  # as the engine does, and whoever continues a training by hand
    trainer.fit(module, loader)
    assert trainer.global_step == 3


def state_of(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def changed(module: nn.Module, before: dict[str, Tensor]) -> set[str]:
    return {n for n, tensor in module.state_dict().items() if not torch.equal(tensor, before[n])}


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_training_changes_only_what_is_not_frozen() -> None:
    base, objective = freeze(network(1)), Attached(freeze(network(2)))
    before, other_before = state_of(base), state_of(objective.other)
    branch_before = state_of(objective.branch)
    fit(base, objective)
    assert not changed(base, before)
    assert not changed(objective.other, other_before)
    assert changed(objective.branch, branch_before) == set(branch_before)
    assert not any(module.training for module in (*base.modules(), *objective.other.modules()))
    assert objective.branch[1].training


@pytest.mark.filterwarnings("ignore:.*does not have many workers")
def test_without_gradients_alone_statistics_would_change() -> None:
    """What `freeze` is there for: evaluation mode and no gradients do not outlive `train()`."""
    base = network(1).requires_grad_(False).eval()
    before = state_of(base)
    fit(base, Attached(freeze(network(2))))
    names = changed(base, before)
    assert names and all("running" in name or "num_batches" in name for name in names)


def test_copies_are_frozen_and_their_own() -> None:
    base = freeze(network(1))
    twin = copy.deepcopy(base).train()
    assert isinstance(twin, SpikingDepthNet) and twin is not base
    assert not any(module.training for module in twin.modules())
    assert nn.Sequential(twin).train()[0] is twin and not twin.training
    with torch.no_grad():
        twin.projections["input_to_stem"][0].weight.add_(1)
    weight = base.projections["input_to_stem"][0].weight
    assert not torch.equal(weight, twin.projections["input_to_stem"][0].weight)


def test_gradients_pass_through() -> None:
    current = torch.zeros(1, 1, 16, 8, 8, requires_grad=True)
    prediction = freeze(network(1))(torch.ones(2, 1, 1, 16, 16), currents={"stem": current})
    prediction.depth_m.sum().backward()
    assert current.grad is not None and current.grad.any()


def test_a_frozen_network_can_be_pickled() -> None:
    network = freeze(nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1)))
    for other in (pickle.loads(pickle.dumps(network)), copy.deepcopy(network)):
        assert not other.train().training
        assert not other[1].training
        assert other.train() is not network
