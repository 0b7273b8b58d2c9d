import pytest
import torch

from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.models.synapse_count import num_synapses
from snn_depth.objectives import (
    CrossModalityDistillation,
    Objective,
    SelfCorrectingTeacherStudent,
    SupervisedDepth,
)


def test_terms_equal_the_formulas(batch: Batch) -> None:
    network = SpikingDepthNet()
    objective = SupervisedDepth(uncertainty_weight=0.5)
    terms = objective(network, batch)
    prediction = network(network.read(batch))
    mask = batch["spikes"].valid_mask
    d, target = prediction.depth_m[mask].double(), batch["spikes"].depth_m[mask].double()
    g = (d + 0.1).log() - (target + 0.1).log()
    expected = (g.var(correction=0) + 0.15 * g.mean() ** 2).sqrt()
    assert terms["depth"].item() == pytest.approx(expected.item(), rel=1e-4)
    error = ((d - target).abs() / target).clamp(0, 1)
    expected = 0.5 * (prediction.uncertainty[mask].double() - error).abs().mean()
    assert terms["uncertainty"].item() == pytest.approx(expected.item(), rel=1e-4)
    assert set(terms) == {"depth", "uncertainty"}


def test_optional_terms_appear_with_a_weight(batch: Batch) -> None:
    objective = SupervisedDepth(
        gradient_weight=0.1, firing_rate_weight=1.0, min_firing_rate=0.5, max_firing_rate=0.9
    )
    terms = objective(SpikingDepthNet(), batch)
    assert terms["gradient"] > 0
    assert terms["firing_rate"] > 0  # a fresh network fires less than half the time
    terms["firing_rate"].backward()


def test_synops_are_those_of_all_steps_per_synapse(batch: Batch) -> None:
    torch.manual_seed(0)
    network = SpikingDepthNet(channel_multipliers=(1, 2)).eval()
    term = SupervisedDepth(synops_weight=0.5)(network, batch)["synops"]
    rates = network(network.read(batch)).firing_rates
    neurons = network.graph.num_neurons(32, 32)
    synapses = num_synapses(network.graph, 32, 32)
    operations, available = 0.0, 0
    for name, rate in rates.items():
        spikes_per_sample = rate.item() * neurons[name] * 2  # 2 time steps
        operations += spikes_per_sample * synapses[name] / neurons[name]
        available += synapses[name]
    assert operations > 0
    assert term.item() == pytest.approx(0.5 * operations / available, rel=1e-5)


def test_synops_weight_makes_a_network_fire_less(batch: Batch) -> None:
    rates = {}
    for weight in (None, 1.0):
        torch.manual_seed(0)
        network = SpikingDepthNet(channel_multipliers=(1, 2))
        objective = SupervisedDepth(synops_weight=weight)
        optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
        for _ in range(10):
            terms = objective(network, batch)
            assert ("synops" in terms) == (weight is not None)
            optimizer.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            optimizer.step()
        rates[weight] = sum(r.item() for r in network(network.read(batch)).firing_rates.values())
    assert rates[1.0] < 0.7 * rates[None]


def test_synops_reach_objectives_that_supervise_too(batch: Batch, pair: Batch) -> None:
    network = SpikingDepthNet(channel_multipliers=(1, 2))
    objectives: list[tuple[Objective, Batch]] = [
        (
            CrossModalityDistillation("none", 0.0, supervised=SupervisedDepth(synops_weight=1)),
            batch,
        ),
        (
            SelfCorrectingTeacherStudent(
                adversarial_weight=0, supervised=SupervisedDepth(synops_weight=1)
            ),
            pair,
        ),
    ]
    for objective, data in objectives:
        objective.setup(network, lambda name: network)
        assert objective(network, data)["synops"] > 0


def test_synops_need_a_network_that_spikes(batch: Batch) -> None:
    objective = SupervisedDepth(synops_weight=0.1)
    with pytest.raises(ValueError, match="synops_weight is set, but the network does not spike"):
        objective(AnnDepthNet(channel_multipliers=(1, 2)), batch)
    assert "synops" not in SupervisedDepth(synops_weight=0)(AnnDepthNet(), batch)
    with pytest.raises(ValueError, match=r"synops_weight is -0\.1; accepted: 0 or more"):
        SupervisedDepth(synops_weight=-0.1)


def test_crop_removes_pixels(batch: Batch) -> None:
    mask = SupervisedDepth(crop="garg").valid_mask(batch["spikes"])
    rows = mask.any(dim=(0, 1, 3)).nonzero().flatten()
    assert rows.min() == int(0.40810811 * 32) and rows.max() == int(0.99189189 * 32) - 1


def test_learns_a_constant_depth(batch: Batch) -> None:
    torch.manual_seed(0)
    measured = batch["spikes"].valid_mask
    batch = batch.replace("spikes", depth_m=torch.where(measured, 5.0, 0.0))
    network, objective = SpikingDepthNet(), SupervisedDepth()
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(15):
        loss = objective(network, batch)["depth"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_network_and_data_must_match(batch: Batch) -> None:
    batch = Batch({"spikes": batch["spikes"]})
    with pytest.raises(ValueError, match="'rgb' is needed, but the data has only"):
        SupervisedDepth()(AnnDepthNet("rgb"), batch)
