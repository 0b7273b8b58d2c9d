import copy

import pytest
import torch
from torch import Tensor, nn

from snn_depth.data.sample import Batch, Target, View
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.normalization import batch_norms
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives.adaptive_normalization import AdaptiveNormalization


def no_load(name: str) -> DepthPredictor:
    raise AssertionError(f"{name} is not needed")


def target_batches(num_batches: int) -> list[Batch]:
    generator = torch.Generator().manual_seed(1)
    rates = torch.full((2, 4, 1, 32, 32), 2.0)
    source = {"spikes": View(torch.zeros(2, 4, 1, 32, 32))}  # must play no part
    batches = []
    for k in range(num_batches):
        weak = Batch({"spikes": View(torch.poisson((1 + k) * rates, generator))})
        batches.append(Batch(source, target=Target(weak, weak, torch.zeros(4, dtype=torch.bool))))
    return batches


def adapted(batches: list[Batch]) -> tuple[AnnDepthNet, AnnDepthNet]:
    """The network before and after."""
    torch.manual_seed(0)
    before = AnnDepthNet(channel_multipliers=(1, 2)).train()
    before(torch.poisson(torch.full((2, 4, 1, 32, 32), 9.0)))  # statistics of something else
    network, objective = copy.deepcopy(before), AdaptiveNormalization()
    objective.setup(network, no_load)
    for batch in batches:
        assert objective(network, batch) == {}
        objective.after_optimizer_step(network)
    return before, network


def test_weights_stay_bit_for_bit_and_none_is_trained() -> None:
    before, network = adapted(target_batches(2))
    parameters = dict(before.named_parameters())
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter, parameters[name]), name
        assert not parameter.requires_grad
    statistics = {k for k in network.state_dict() if "running" in k}
    changed = {
        k for k in statistics if not torch.equal(network.get_buffer(k), before.get_buffer(k))
    }
    assert changed == statistics, "all of them are the target's now"


def test_statistics_are_the_mean_over_batches() -> None:
    """Of the mean and the unbiased variance of what goes into each normalisation."""
    batches = target_batches(3)
    _, network = adapted(batches)
    seen: dict[nn.Module, list[Tensor]] = {norm: [] for norm in batch_norms(network)}
    for norm in seen:
        norm.register_forward_pre_hook(lambda m, args: seen[m].append(args[0].double()))
    recorded = {norm: (norm.running_mean.clone(), norm.running_var.clone()) for norm in seen}
    for batch in batches:
        network(batch.target.weak["spikes"].image)
    for norm, inputs in seen.items():
        assert len(inputs) == 3
        means = torch.stack([x.mean(dim=(0, 2, 3)) for x in inputs])
        variances = torch.stack([x.transpose(0, 1).flatten(1).var(dim=1) for x in inputs])
        torch.testing.assert_close(recorded[norm][0].double(), means.mean(0), rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(recorded[norm][1].double(), variances.mean(0), rtol=1e-5, atol=0)


def test_needs_a_target_and_a_normalisation() -> None:
    objective = AdaptiveNormalization()
    assert objective.needs_target
    network = AnnDepthNet(channel_multipliers=(1, 2))
    with pytest.raises(ValueError, match="adapts to a target; name its data in `target_data`"):
        objective(network, Batch({"spikes": View(torch.zeros(2, 1, 1, 32, 32))}))
    network.projections = nn.ModuleDict()
    with pytest.raises(ValueError, match="needs a network with batch normalisation"):
        objective.setup(network, no_load)
