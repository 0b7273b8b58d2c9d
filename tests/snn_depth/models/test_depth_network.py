import pytest
import torch
from torch import Tensor

from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork, SpikingDepthNet
from snn_depth.models.graph import INPUT, READOUT
from snn_depth.models.synapse_count import num_synapses
from snn_depth.neurons.functional import li_step, lif_step
from snn_depth.neurons.surrogate import ATan
from tests.snn_depth.models.two_inputs import TwoInputTwin, counts, student


def spikes(num_steps: int = 3, batch: int = 2, height: int = 32, width: int = 48) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    mean = torch.full((num_steps, batch, 1, height, width), 4.0)
    return torch.poisson(mean, generator)


def unfold_by_hand(
    network: SpikingDepthNet,
    x: Tensor | dict[str, Tensor],
    currents: dict[str, Tensor] | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Plain reference: one step after the other, one population after the other."""
    graph = network.graph
    inputs = x if isinstance(x, dict) else {INPUT: x}
    num_steps = len(next(iter(inputs.values())))
    v: dict[str, Tensor] = {}
    sums: dict[str, Tensor] = {}
    for t in range(num_steps):
        out = {name: each[t] for name, each in inputs.items()}
        for population in graph.all_populations:
            current = torch.zeros(())
            for p in population.projections:
                layer = network.projections[network.projection_name(p.source, population.name)]
                current = current + layer(out[p.source])
            if currents and population.name in currents:
                sent = currents[population.name]
                current = current + sent[t if len(sent) > 1 else 0]
            old = v.get(population.name, torch.zeros_like(current))
            if population.name == READOUT:
                v[READOUT] = li_step(current, old, decay_v=network.integrator.decay_v)
                continue
            pre = (1 - network.lif.decay_v) * old + current
            sums[population.name] = sums.get(population.name, 0) + pre
            out[population.name], v[population.name] = lif_step(
                current,
                old,
                decay_v=network.lif.decay_v,
                v_threshold=network.lif.v_threshold,
                surrogate=ATan(),
            )
    means = {name: total / num_steps for name, total in sums.items()}
    return v[READOUT], means


def test_student_equals_step_by_step_reference() -> None:
    torch.manual_seed(1)
    network = SpikingDepthNet().double().eval()
    x = spikes().double()
    prediction = network(x, taps=("stem", "dec1"))
    v_readout, means = unfold_by_hand(network, x)
    torch.testing.assert_close(prediction.state[READOUT], v_readout)
    for tap in ("stem", "dec1"):
        torch.testing.assert_close(prediction.features[tap], means[tap])


def test_two_inputs_equal_the_reference() -> None:
    network = student()
    x = counts()
    even = {name: torch.nn.functional.pad(each, (0, 0, 0, 1)) for name, each in x.items()}
    prediction = network(x, taps=("a", "c"))
    assert prediction.depth_m.shape == (2, 1, 11, 14)
    v_readout, means = unfold_by_hand(network, even)
    torch.testing.assert_close(prediction.state[READOUT], v_readout)
    torch.testing.assert_close(prediction.features["c"], means["c"])
    assert prediction.firing_rates["c"] > 0
    assert list(network.projections)[:2] == ["spikes_to_a", "thermal_to_a"]
    assert TwoInputTwin().double()(x).depth_m.shape == (2, 1, 11, 14)


def test_inputs_are_asked_for_by_name() -> None:
    network = student()
    x = counts()
    with pytest.raises(ValueError, match=r"'spikes', 'thermal'.*found one without a name"):
        network(x["spikes"])
    with pytest.raises(ValueError, match=r"found inputs \['spikes'\]; accepted"):
        network({"spikes": x["spikes"]})
    with pytest.raises(ValueError, match=r"'thermal' input has shape .*expected .T, B, 2, H, W"):
        network({"spikes": x["spikes"], "thermal": x["spikes"]})
    with pytest.raises(ValueError, match="inputs differ in"):
        network({"spikes": x["spikes"], "thermal": x["thermal"][:2]})
    named = SpikingDepthNet().eval()
    with torch.no_grad():
        assert torch.equal(named({INPUT: spikes()}).depth_m, named(spikes()).depth_m)


def some_currents(num_steps: int) -> dict[str, Tensor]:
    """Into the stem per step, into a decoder stage per frame, and into the readout."""
    generator = torch.Generator().manual_seed(7)
    shapes = {"stem": (num_steps, 2, 16, 16, 24), "dec1": (1, 2, 32, 8, 12)}
    shapes[READOUT] = (1, 2, 2, 16, 24)
    return {
        name: torch.randn(shape, generator=generator).double().requires_grad_()
        for name, shape in shapes.items()
    }


def test_currents_of_another_branch_are_added() -> None:
    torch.manual_seed(1)
    network = SpikingDepthNet().double().eval()
    x, sent = spikes().double(), some_currents(3)
    prediction = network(x, currents=sent, taps=("dec1",))
    v_readout, means = unfold_by_hand(network, x, sent)
    torch.testing.assert_close(prediction.state[READOUT], v_readout)
    torch.testing.assert_close(prediction.features["dec1"], means["dec1"])
    assert not torch.equal(prediction.depth_m, network(x).depth_m)
    grads = torch.autograd.grad(prediction.state[READOUT].square().sum(), list(sent.values()))
    expected = torch.autograd.grad(v_readout.square().sum(), list(sent.values()))
    for ours, theirs in zip(grads, expected, strict=True):
        assert ours.abs().sum() > 0
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", [SpikingDepthNet, AnnDepthNet])
def test_zero_currents_change_no_bit(kind: type[DepthNetwork]) -> None:
    network = kind().eval()
    x = spikes()
    plain = network(x, taps=("stem", "dec1"))
    zeros = {n: torch.zeros_like(c).float() for n, c in some_currents(1).items()}
    with_zeros = network(x, currents=zeros, taps=("stem", "dec1"))
    assert torch.equal(with_zeros.depth_m, plain.depth_m)
    assert torch.equal(with_zeros.uncertainty, plain.uncertainty)
    for name, feature in plain.features.items():
        assert torch.equal(with_zeros.features[name], feature)
    assert torch.equal(network(x, currents={}).depth_m, plain.depth_m)


def test_currents_do_not_change_the_precision() -> None:
    network = SpikingDepthNet().eval()
    zeros = {"stem": torch.zeros(1, 2, 16, 16, 24)}
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        plain, with_zeros = network(spikes()), network(spikes(), currents=zeros)
    assert torch.equal(with_zeros.depth_m, plain.depth_m)


def test_without_currents_nothing_more_is_computed() -> None:
    """The operations are those of the projections, the neurons and the decoding, as ever."""
    network = SpikingDepthNet(channel_multipliers=(1, 2)).eval()
    adds: list[int] = []
    for currents in (None, {"stem": torch.zeros(1, 2, 16, 16, 24)}):
        with torch.no_grad(), torch.profiler.profile() as profile:
            network(spikes(), currents=currents)
        adds.append(sum(e.count for e in profile.key_averages() if e.key == "aten::add"))
    assert adds[1] == adds[0] + 1


def test_currents_that_fit_nowhere() -> None:
    network = SpikingDepthNet()
    with pytest.raises(ValueError, match=r"unknown currents into \['nowhere'\]; accepted.*stem"):
        network(spikes(), currents={"nowhere": torch.zeros(1)})
    for shape in ((2, 2, 16, 16, 24), (2, 16, 16, 24), (1, 1, 16, 16, 24), (1, 2, 16, 32, 48)):
        with pytest.raises(ValueError, match=r"current into 'stem' has shape .*accepted: \(3, 2"):
            network(spikes(), currents={"stem": torch.zeros(shape)})


def test_fresh_state_every_call_and_explicit_state_continues() -> None:
    network = SpikingDepthNet().double().eval()
    x = spikes(num_steps=4).double()
    whole = network(x)
    torch.testing.assert_close(network(x).depth_m, whole.depth_m, rtol=0, atol=0)
    first = network(x[:2])
    second = network(x[2:], first.state)
    for name, v in whole.state.items():
        torch.testing.assert_close(second.state[name], v)
    torch.testing.assert_close(second.depth_m, whole.depth_m)


def test_depth_after_every_step_ends_with_the_depth() -> None:
    network = SpikingDepthNet().eval()
    prediction = network(spikes(), all_steps=True)
    assert prediction.depth_steps_m is not None
    assert prediction.depth_steps_m.shape == (3, 2, 1, 32, 48)
    torch.testing.assert_close(prediction.depth_steps_m[-1], prediction.depth_m)
    early = network(spikes()[:2])
    torch.testing.assert_close(prediction.depth_steps_m[1], early.depth_m)


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (5, 100)])
def test_any_size_is_padded_and_cropped(size: tuple[int, int]) -> None:
    prediction = SpikingDepthNet().eval()(spikes(1, 1, *size))
    assert prediction.depth_m.shape == (1, 1, *size)
    assert prediction.uncertainty.shape == (1, 1, *size)
    assert prediction.depth_m.min() >= 1 and prediction.depth_m.max() <= 80


def test_twin_has_the_same_graph_and_reads_the_summed_input() -> None:
    student, twin = SpikingDepthNet(), AnnDepthNet().eval()
    assert twin.graph == student.graph
    assert {k: v.shape for k, v in twin.state_dict().items()} == {
        k: v.shape for k, v in student.state_dict().items()
    }
    x = spikes()
    summed = twin(x.sum(0, keepdim=True))
    torch.testing.assert_close(twin(x).depth_m, summed.depth_m)


def test_activations_of_the_twin_can_be_observed_in_order() -> None:
    network = AnnDepthNet(channel_multipliers=(1, 2)).eval()
    seen: list[tuple[Tensor, Tensor]] = []
    for module in network.activations.values():
        module.register_forward_hook(lambda _, inputs, output: seen.append((inputs[0], output)))
    prediction = network(spikes(), taps=tuple(network.activations))
    assert list(network.activations) == [p.name for p in network.graph.populations]
    for (current, activation), feature in zip(seen, prediction.features.values(), strict=True):
        assert torch.equal(activation, current.relu())
        assert torch.equal(activation, feature[None])


def test_prediction_knows_its_steps_and_synapses() -> None:
    """At the padded size, which is what runs."""
    network = SpikingDepthNet(channel_multipliers=(1, 2))
    prediction = network(spikes(3, 1, 30, 41))
    assert prediction.num_steps == 3
    assert prediction.num_synapses == num_synapses(network.graph, 32, 44)
    assert prediction.num_synapses.keys() >= prediction.firing_rates.keys()
    assert AnnDepthNet(channel_multipliers=(1, 2))(spikes(3, 1, 16, 16)).num_steps == 1


def test_rgb_network() -> None:
    prediction = AnnDepthNet("rgb", width=32).eval()(torch.rand(2, 3, 32, 32), taps=("enc3b",))
    assert prediction.features["enc3b"].shape == (2, 256, 2, 2)


@pytest.mark.parametrize(
    ("network", "x"),
    [
        (SpikingDepthNet(), torch.zeros(2, 1, 16, 16)),
        (SpikingDepthNet(), torch.zeros(2, 1, 3, 16, 16)),
        (AnnDepthNet("rgb"), torch.zeros(2, 1, 16, 16)),
    ],
)
def test_wrong_shapes_are_named(network: DepthNetwork, x: Tensor) -> None:
    with pytest.raises(ValueError, match="expected"):
        network(x)


def test_unknown_tap_and_input() -> None:
    with pytest.raises(ValueError, match=r"unknown taps \['nowhere'\]"):
        SpikingDepthNet()(spikes(1, 1, 16, 16), taps=("nowhere",))
    with pytest.raises(ValueError, match="input_key is 'events'"):
        SpikingDepthNet("events")


def test_gradient_reaches_every_weight() -> None:
    network = SpikingDepthNet()
    prediction = network(spikes())
    (prediction.depth_m.log().mean() + prediction.uncertainty.mean()).backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not silent


@pytest.mark.parametrize("backend", ["spikingjelly", "snntorch", "norse"])
def test_backends_give_the_same_network(backend: str) -> None:
    torch.manual_seed(0)
    native = SpikingDepthNet(surrogate="SuperSpike", channel_multipliers=(1, 2)).double()
    torch.manual_seed(0)
    other = SpikingDepthNet(
        surrogate="SuperSpike", backend=backend, channel_multipliers=(1, 2)
    ).double()
    x = spikes().double()
    ours, theirs = native(x), other(x)
    assert ours.firing_rates.keys() == theirs.firing_rates.keys()
    torch.testing.assert_close(theirs.depth_m, ours.depth_m)
    for network, prediction in ((native, ours), (other, theirs)):
        prediction.depth_m.log().mean().backward()
        assert network.projections["input_to_stem"][0].weight.grad.abs().sum() > 0


def test_firing_rates_are_the_share_of_spikes() -> None:
    prediction = SpikingDepthNet()(spikes())
    assert set(prediction.firing_rates) == {p.name for p in SpikingDepthNet().graph.populations}
    assert all(0 < rate < 0.5 for rate in prediction.firing_rates.values())
