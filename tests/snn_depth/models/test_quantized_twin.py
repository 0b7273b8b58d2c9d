from copy import deepcopy
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
import torch.nn.functional as F
from torch import Tensor

from conversion.simulate.synapses import Synapses
from conversion.student.extract import projection_edge
from snn_depth.data.sample import Batch, View
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.graph import INPUT, READOUT
from snn_depth.models.quantized_twin import QuantizedAnnDepthNet
from snn_depth.objectives import SupervisedDepth
from snn_depth.training.checkpoint import copy_weights, load_network, save_network

SMALL = {"channel_multipliers": (1, 2)}


def spikes(seed: int = 0, batch: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.poisson(torch.full((2, batch, 1, 16, 24), 4.0), generator)


def float_twin() -> AnnDepthNet:
    """Random weights whose statistics are those of some data."""
    torch.manual_seed(0)
    network = AnnDepthNet(**SMALL)
    for name, parameter in network.named_parameters():
        if name.endswith("1.weight"):  # batch normalisation, negative factors too
            torch.nn.init.normal_(parameter, 0.8, 0.5)
        if name.endswith("1.bias"):
            torch.nn.init.normal_(parameter, 0.1, 0.3)
    with torch.no_grad():
        for seed in range(5):
            network(spikes(seed))
    return network.eval()


def quantized_twin(activation_bits: int = 3, weight_bits: int = 4) -> QuantizedAnnDepthNet:
    network = QuantizedAnnDepthNet(activation_bits, weight_bits, **SMALL)
    copy_weights(float_twin(), network)
    with torch.no_grad():
        network.train()(spikes(9))
    return network.eval()


def sent(network: AnnDepthNet, x: Tensor) -> dict[str, Tensor]:
    """What every population sends, seen by hooks."""
    seen: dict[str, Tensor] = {}

    def note(name: str, _module: object, _inputs: object, output: Tensor) -> None:
        seen[name] = output.detach()

    handles = [
        module.register_forward_hook(partial(note, name))
        for name, module in network.activations.items()
    ]
    with torch.no_grad():
        network(x)
    for handle in handles:
        handle.remove()
    return seen


def whole_numbers(weight: Tensor, max_level: int) -> tuple[Tensor, Tensor]:
    """Levels and scale of every output channel, from the float weights."""
    scale = torch.stack([channel.abs().max() for channel in weight]) / max_level
    levels = torch.stack([(w / s).round() for w, s in zip(weight, scale, strict=True)])
    assert levels.abs().max() == max_level
    return levels, scale


@pytest.mark.parametrize(("activation_bits", "weight_bits"), [(1, 8), (3, 4), (8, 2)])
def test_equals_integer_arithmetic(activation_bits: int, weight_bits: int) -> None:
    """Whole numbers convolved with whole numbers, scaled once per projection."""
    network = quantized_twin(activation_bits, weight_bits).double()
    x = spikes(1).double()
    seen = sent(network, x)
    levels: dict[str, Tensor] = {INPUT: x.sum(0)}
    steps: dict[str, Tensor | float] = {INPUT: 1.0}
    readout = torch.zeros(())
    for population in network.graph.all_populations:
        total = torch.zeros(())
        for p in population.projections:
            convolution, *norms = network.projections[f"{p.source}_to_{population.name}"]
            kernel, scale = whole_numbers(
                convolution.parametrizations.weight.original, 2 ** (weight_bits - 1) - 1
            )
            source = F.interpolate(levels[p.source], scale_factor=float(p.upsample))
            sums = F.conv2d(source, kernel, stride=p.stride, padding=p.kernel_size // 2)
            assert torch.equal(sums, sums.round()), "accumulators are whole"
            current = sums * (steps[p.source] * scale).view(-1, 1, 1)
            for norm in norms:
                current = norm(current)
            if convolution.bias is not None:
                current = current + convolution.bias.view(-1, 1, 1)
            total = total + current
        if population.name == READOUT:
            readout = total
            continue
        module = network.activations[population.name]
        steps[population.name] = module.step
        top = 2**activation_bits - 1
        levels[population.name] = (total / module.step).round().clamp(0, top).detach()
        found = module.levels(seen[population.name])
        assert torch.equal(found[0].double(), levels[population.name]), population.name
        assert found.min() >= 0 and 0 < found.max() <= top
    full = F.interpolate(readout, scale_factor=2.0, mode="bilinear", align_corners=False)
    expected_m = network.depth_range.decode(full[:, :1])
    torch.testing.assert_close(network(x).depth_m, expected_m)


def test_its_synapses_can_be_counted() -> None:
    """The conversion's edges are those of the quantised weights, normalisation folded."""
    network = quantized_twin().double()
    inputs: dict[str, Tensor] = {}
    outputs: dict[str, Tensor] = {}

    def note(name: str, _module: object, arguments: tuple[Tensor], output: Tensor) -> None:
        inputs[name], outputs[name] = arguments[0].detach(), output.detach()

    for name, layer in network.projections.items():
        layer.register_forward_hook(partial(note, name))
    network(spikes().double())
    for name, layer in network.projections.items():
        edge, bias = projection_edge(name, "source", layer)
        synapses = Synapses(edge, tuple(outputs[name].shape[1:]), np.float64)
        found = synapses(inputs[name].numpy()) + bias.reshape(-1, 1, 1)
        np.testing.assert_allclose(found, outputs[name].numpy(), rtol=1e-9, atol=1e-9)


def test_hooks_see_whole_levels_of_every_population_in_order() -> None:
    network = quantized_twin()
    seen = sent(network, spikes())
    assert list(seen) == [p.name for p in network.graph.populations]
    for name, activation in seen.items():
        module = network.activations[name]
        levels = module.levels(activation)
        assert torch.equal(levels * module.step, activation)
        assert 0 <= levels.min() and levels.max() <= 7


def test_many_bits_are_nearly_the_float_twin() -> None:
    twin, x = float_twin(), spikes(3)
    with torch.no_grad():
        exact_m = twin(x).depth_m
        errors = [
            float((quantized_twin(bits, 8)(x).depth_m / exact_m - 1).abs().mean())
            for bits in (1, 4, 8)
        ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.02


def test_round_trip_keeps_bits_and_steps(tmp_path: Path) -> None:
    network = quantized_twin(3, 5)
    save_network(tmp_path / "n.safetensors", network, DataSpec())
    loaded = load_network(tmp_path / "n.safetensors").network
    assert isinstance(loaded, QuantizedAnnDepthNet)
    assert (loaded.activation_bits, loaded.weight_bits) == (3, 5)
    assert loaded.init_args == network.init_args
    assert torch.equal(loaded(spikes()).depth_m, network(spikes()).depth_m)


def test_a_copy_is_the_same_network_on_its_own() -> None:
    """As a moving average or a frozen teacher has it."""
    network = quantized_twin()
    before_m = network(spikes()).depth_m
    copy = deepcopy(network)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(0.5)
    assert torch.equal(copy(spikes()).depth_m, before_m)
    assert not torch.equal(network(spikes()).depth_m, before_m)


def test_starts_from_a_float_twin_and_fits_its_steps() -> None:
    twin, network = float_twin(), QuantizedAnnDepthNet(2, **SMALL)
    copy_weights(twin, network)
    assert_same_weights(twin, network)
    with pytest.raises(ValueError, match="no step yet"):
        network.eval()(spikes())
    network.train()(spikes())
    assert all(module.step > 0 for module in network.activations.values())


def test_steps_are_taken_over_by_as_many_bits_only() -> None:
    source = quantized_twin(4)
    for bits, step in ((4, source.activations["stem"].step), (2, torch.tensor(0.0))):
        network = QuantizedAnnDepthNet(bits, 3, **SMALL)
        copy_weights(source, network)
        assert torch.equal(network.activations["stem"].step, step)
    with pytest.raises(ValueError, match=r"left over \['activations.dec0.log_step'"):
        copy_weights(source, AnnDepthNet(**SMALL))
    with pytest.raises(ValueError, match="left over"):
        copy_weights(AnnDepthNet(channel_multipliers=(1, 2, 4)), network)


def test_gradient_reaches_every_parameter_also_the_steps() -> None:
    """What several processes train together must all get one."""
    network = quantized_twin().train()
    prediction = network(spikes())
    (prediction.depth_m.log().mean() + prediction.uncertainty.mean()).backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert not silent
    assert not prediction.firing_rates


def test_reduced_precision_keeps_levels_whole() -> None:
    network = quantized_twin().train()
    with torch.autocast("cpu", torch.bfloat16):
        seen = sent(network, spikes())
    for name, activation in seen.items():
        module = network.activations[name]
        assert activation.dtype == torch.float32
        assert torch.equal(module.levels(activation) * module.step, activation)


@pytest.mark.parametrize("bits", [1, 4])
def test_learns_a_depth_that_follows_brightness(bits: int) -> None:
    generator = torch.Generator().manual_seed(0)
    light = torch.rand(4, 1, 2, 3, generator=generator).repeat_interleave(8, 2)
    light = light.repeat_interleave(8, 3)
    spikes = torch.poisson(8 * light.expand(2, -1, -1, -1, -1), generator)
    batch = Batch({"spikes": View(spikes, depth_m=20 - 18 * light)})
    torch.manual_seed(0)
    network, objective = QuantizedAnnDepthNet(bits, **SMALL), SupervisedDepth()
    network.train()(batch["spikes"].image)
    steps = [module.step.item() for module in network.activations.values()]
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        loss = objective(network, batch)["depth"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    learned = [module.step.item() for module in network.activations.values()]
    assert all(0.5 * old < new < 2 * old for new, old in zip(learned, steps, strict=True))
    assert learned != steps


def test_bad_bits_and_inputs() -> None:
    with pytest.raises(ValueError, match="activation_bits is 9; accepted: 1 to 8"):
        QuantizedAnnDepthNet(9)
    with pytest.raises(ValueError, match="weight_bits is 1; accepted: 2 to 8, with the sign"):
        QuantizedAnnDepthNet(4, 1)
    with pytest.raises(ValueError, match="expected"):
        QuantizedAnnDepthNet(**SMALL)(torch.zeros(2, 1, 3, 16, 16))
    assert "3-bit activations, 8-bit weights" in QuantizedAnnDepthNet(3).summary(64, 128)


def assert_same_weights(twin: AnnDepthNet, network: QuantizedAnnDepthNet) -> None:
    """All weights and statistics, the convolutions' before they are rounded."""
    state = network.state_dict()
    for name, value in twin.state_dict().items():
        behind = name.replace("0.weight", "0.parametrizations.weight.original")
        assert torch.equal(state[behind], value), name
    assert len(state) == len(twin.state_dict()) + len(network.activations)


def test_initial_weights_are_the_float_twin_s() -> None:
    """A stage's start depends on its seed, not on the kind of network."""
    networks = []
    for kind in (AnnDepthNet, QuantizedAnnDepthNet):
        torch.manual_seed(3)
        networks.append(kind(**SMALL))
    assert_same_weights(*networks)


def run_rank(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2)
    torch.manual_seed(0)
    network = torch.nn.parallel.DistributedDataParallel(QuantizedAnnDepthNet(2, **SMALL))
    optimizer = torch.optim.AdamW(network.parameters(), 1e-2)
    for step in range(3):  # in the second one an unused parameter would be noticed
        optimizer.zero_grad()
        prediction = network(spikes(seed=10 * step + rank))
        (prediction.depth_m.mean() + prediction.uncertainty.mean()).backward()
        optimizer.step()
    torch.save(network.module.state_dict(), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


@pytest.mark.slow
def test_two_processes_with_other_data_have_the_same_steps(tmp_path: Path) -> None:
    mp.spawn(run_rank, args=(str(tmp_path),), nprocs=2)
    ours, theirs = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    steps = [name for name in ours if name.endswith("log_step")]
    assert len(steps) == 4
    assert all(torch.equal(ours[name], theirs[name]) for name in steps)
