import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from conversion.graph.layer_graph import INPUT, LayerGraph
from conversion.graph.quantize import quantize_graph
from conversion.simulate import integer_simulator
from conversion.simulate.simulation import Trace
from conversion.simulate.synapses import Synapses
from conversion.student.extract import extract_graph
from conversion.student.graph_predictor import GraphPredictor
from conversion.student.quantized_student import QuantizedStudent, straight_through
from conversion.student.student_run import padded_input, run_student
from snn_depth.data.sample import Batch, View
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.train import parse_recipe
from snn_depth.training.checkpoint import copy_weights, load_network, save_network
from snn_depth.training.run import run_recipe
from tests.conversion.calibrated_student import calibrated_student, counts
from tests.snn_depth.training.tiny_run import tiny_recipe

SMALL = {"channel_multipliers": (1, 2)}


@pytest.fixture(scope="module")
def student() -> SpikingDepthNet:
    return calibrated_student(**SMALL)


def quantized(student: SpikingDepthNet, num_weight_bits: int = 8) -> QuantizedStudent:
    network = QuantizedStudent(num_weight_bits, **SMALL)
    copy_weights(student, network)
    return network.eval()


def integer_graph(student: SpikingDepthNet, num_weight_bits: int = 8) -> LayerGraph:
    graph = extract_graph(student, 64, 128)
    return quantize_graph(graph, num_weight_bits=num_weight_bits, largest_input=16)


@pytest.mark.parametrize("num_weight_bits", [4, 8])
def test_weights_are_those_of_the_conversion(
    student: SpikingDepthNet, num_weight_bits: int
) -> None:
    network = quantized(student, num_weight_bits)
    graph = integer_graph(student, num_weight_bits)
    for population in network.graph.all_populations:
        found, expected = network.quantized_layer(population), graph[population.name]
        assert found.scale == expected.scale
        assert (found.v_threshold, found.decay_v) == (expected.v_threshold, expected.decay_v)
        assert np.array_equal(found.bias_CHW, expected.bias_CHW)
        assert found.bias_exp == expected.bias_exp
        for new, old in zip(found.edges, expected.edges, strict=True):
            assert new.source == old.source
            assert np.array_equal(new.scaled_weight * found.scale, old.scaled_weight * found.scale)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_currents_are_those_of_the_chip(student: SpikingDepthNet, dtype: torch.dtype) -> None:
    """Every population alone, against the integer simulator's synapses."""
    network, graph = quantized(student).to(dtype), integer_graph(student)
    torch.manual_seed(1)
    strides = network.graph.strides
    signals = {
        name: torch.randint(0, 17 if name == INPUT else 2, (2, 3, c, 64 // s, 128 // s)).to(dtype)
        for name, c in network.graph.num_channels.items()
        if (s := strides[name])
    }
    for population in network.graph.all_populations:
        layer = graph[population.name]
        found = network._current(population, signals)
        for t in range(2):
            units = sum(
                Synapses(edge, layer.shape, np.float64)(signals[edge.source][t].numpy())
                for edge in layer.edges
            )
            bias = np.ldexp(layer.bias_CHW.astype(float), layer.bias_exp - 6)
            expected = torch.from_numpy((units + bias) * layer.scale)
            tolerance = 1e-14 if dtype == torch.float64 else 1e-6
            torch.testing.assert_close(
                found[t].detach().double(), expected, rtol=tolerance, atol=10 * tolerance
            )


def mismatches(a: Trace, b: Trace) -> dict[str, float]:
    """Spikes that differ, per spike."""
    return {
        name: wrong / max(int(b.spikes[name].sum()), 1)
        for name, wrong in a.spike_mismatches(b).items()
    }


def test_one_step_is_the_integer_networks_to_the_spike(student: SpikingDepthNet) -> None:
    """From rest no membrane decays, so that nothing is rounded that the student does not round."""
    x = counts(num_steps=1)
    found = run_student(quantized(student), x)
    expected = integer_simulator.simulate(integer_graph(student), padded_input(student, x))
    assert set(mismatches(found, expected).values()) == {0.0}
    assert min(expected.firing_rates().values()) > 0.01
    plain = mismatches(run_student(student, x), expected)
    assert min(plain.values()) > 0, "rounding weights changes something"


def test_depth_is_the_integer_networks_up_to_the_rounding_of_states(
    student: SpikingDepthNet,
) -> None:
    x = counts()
    network, graph = quantized(student), integer_graph(student)
    expected = integer_simulator.simulate(graph, padded_input(student, x))
    rounding = mismatches(run_student(network, x), expected)
    weights = mismatches(run_student(student, x), expected)
    assert all(rounding[name] < 0.1 * weights[name] for name in weights), (rounding, weights)
    with torch.no_grad():
        depth_m, plain_m = network(x).depth_m, student(x).depth_m
    integer_m = GraphPredictor(graph, student.depth_range)(Batch({"spikes": View(x)})).depth_m
    assert (depth_m - integer_m).abs().mean() < 0.2 * (plain_m - integer_m).abs().mean()


def test_gradient_passes_the_rounding_unchanged(student: SpikingDepthNet) -> None:
    """Against the plain operations on effective weights: rounded, and then linear in the float."""
    network = quantized(student).double()
    decoder = next(p for p in network.graph.populations if p.name == "dec0")
    torch.manual_seed(1)
    signals = {
        "enc1b": torch.rand(1, 2, 32, 4, 6).double(),
        "stem": torch.rand(1, 2, 16, 8, 12).double(),
    }
    out_grad = torch.rand(1, 2, 16, 8, 12).double()
    network._current(decoder, signals).backward(out_grad)
    for source in signals:
        convolution, norm = network.projections[f"{source}_to_dec0"]
        weight = convolution.weight.detach().clone().requires_grad_()
        gamma = norm.weight.detach().clone().requires_grad_()
        beta = norm.bias.detach().clone().requires_grad_()
        # Linear in its weights, so the gradient does not depend on what they are rounded to.
        x = signals[source][0]
        if source == "enc1b":
            x = F.interpolate(x, scale_factor=2.0)
        y = F.conv2d(x, weight, padding=convolution.padding)
        y = F.batch_norm(y, norm.running_mean, norm.running_var, gamma, beta, eps=norm.eps)
        y.backward(out_grad[0])
        for parameter, expected in ((convolution.weight, weight), (norm.bias, beta)):
            assert parameter.grad is not None and expected.grad is not None
            assert expected.grad.abs().max() > 0.1
            torch.testing.assert_close(parameter.grad, expected.grad, rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(norm.weight.grad, gamma.grad, rtol=1e-10, atol=1e-10)


def test_straight_through_by_hand() -> None:
    source = torch.tensor([0.1, 1e8], requires_grad=True)
    value = straight_through(np.array([3.0, 0.7]), source)
    assert torch.equal(value, torch.tensor([3.0, 0.7]))
    (value * torch.tensor([2.0, -1.0])).sum().backward()
    assert source.grad is not None and source.grad.tolist() == [2.0, -1.0]


@pytest.mark.parametrize("call_train", [False, True])
def test_statistics_stay(student: SpikingDepthNet, call_train: bool) -> None:
    """Also when nobody calls `train()`: the training engine leaves modules as they are made."""
    network = QuantizedStudent(**SMALL)
    copy_weights(student, network)
    if call_train:
        network.eval().train()
    assert network.training and not any(m.training for m in network.projections.modules())
    before = {name: b.clone() for name, b in network.named_buffers()}
    network(counts(num_steps=2)).depth_m.mean().backward()
    assert all(torch.equal(b, before[name]) for name, b in network.named_buffers())
    assert all(p.grad is not None for p in network.parameters())


def change_data(weight: Tensor) -> None:
    weight.data = weight.data * 1.5


def change_unseen(weight: Tensor) -> None:
    with torch.inference_mode():
        weight.mul_(1.5)


def change_step(weight: Tensor) -> None:
    weight.grad = torch.ones_like(weight)
    torch.optim.SGD([weight], lr=0.3).step()


@pytest.mark.parametrize("change", [change_data, change_unseen, change_step])
def test_rounds_again_when_weights_change(student: SpikingDepthNet, change) -> None:  # type: ignore[no-untyped-def]
    network = quantized(student)
    stem = network.graph.populations[0]
    before = network.quantized_layer(stem)
    assert network.quantized_layer(stem) is before
    change(network.projections["input_to_stem"][0].weight)
    after = network.quantized_layer(stem)
    copy = SpikingDepthNet(**SMALL)
    copy_weights(network, copy)
    expected = integer_graph(copy.eval())["stem"]
    assert after.scale == expected.scale != before.scale
    assert np.array_equal(after.edges[0].weight, expected.edges[0].weight)


def test_synchronised_normalisation_is_the_same(student: SpikingDepthNet) -> None:
    network = quantized(student)
    x = counts(num_steps=2)
    expected = network(x).depth_m
    parallel = nn.SyncBatchNorm.convert_sync_batchnorm(network)
    assert any(isinstance(m, nn.SyncBatchNorm) for m in parallel.modules())
    assert torch.equal(parallel.train()(x).depth_m, expected)


def test_is_stored_as_the_float_student(student: SpikingDepthNet, tmp_path: Path) -> None:
    network = quantized(student, 5)
    save_network(tmp_path / "n.safetensors", network, DataSpec())
    loaded = load_network(tmp_path / "n.safetensors").network
    assert type(loaded) is SpikingDepthNet
    assert loaded.init_args == student.init_args
    for found, expected in zip(
        integer_graph(loaded, 5).layers, integer_graph(student, 5).layers, strict=True
    ):
        for new, old in zip(found.edges, expected.edges, strict=True):
            assert np.array_equal(new.scaled_weight, old.scaled_weight)


def test_bad_input(student: SpikingDepthNet) -> None:
    with pytest.raises(ValueError, match="num_weight_bits is 9; accepted: 4 to 8"):
        QuantizedStudent(9)
    with pytest.raises(ValueError, match="counts of up to 17; accepted: up to largest_input = 16"):
        quantized(student)(counts() + 1)
    network = quantized(student)
    nn.init.constant_(network.projections["stem_to_enc1a"][1].bias, 1e4)
    with pytest.raises(ValueError, match="layer 'enc1a': its bias lets"):
        network(counts())


def test_recipe_names_it_by_its_class_path(tmp_path: Path) -> None:
    configs = Path(__file__).parents[3] / "configs"
    config = (configs / "quantize.yaml").read_text().replace("base/", f"{configs}/base/")
    recipe_file = tmp_path / "recipe.yaml"
    recipe_file.write_text(config.replace("num_weight_bits: 8", "num_weight_bits: 5"))
    network = parse_recipe(["--config", str(recipe_file)])[0].first_stage.network()
    assert isinstance(network, QuantizedStudent)
    assert (network.num_weight_bits, network.init_args["width"]) == (5, 16)


@pytest.mark.slow
def test_a_stage_is_scored_as_it_computes_also_when_resumed(
    student: SpikingDepthNet, tmp_path: Path
) -> None:
    """A teacher, and a student whose neurons fire, distilled on four-bit weights."""
    checkpoint = tmp_path / "student.safetensors"
    save_network(checkpoint, student, DataSpec())
    recipe = tiny_recipe(tmp_path, num_epochs=1)
    teacher, _, cfkd = recipe.stages.values()
    stage = replace(
        cfkd,
        name="quantized",
        network=lambda: QuantizedStudent(4, **SMALL),
        init_from=str(checkpoint),
    )
    recipe = replace(recipe, stages={"rgb_teacher": teacher, "quantized": stage})
    run_recipe(recipe, "tiny", resume=False)
    first = json.loads((tmp_path / "results.json").read_text())["rows"]
    run_recipe(recipe, "tiny", resume=True)
    assert json.loads((tmp_path / "results.json").read_text())["rows"] == first
    stored = load_network(tmp_path / "seed_0/quantized/network.safetensors").network
    assert type(stored) is SpikingDepthNet
    (abs_rel,) = (
        row["metrics"]["abs_rel"]
        for row in first
        if row["method"] == "quantized" and row["alignment"] == "none"
    )

    @torch.no_grad()
    def score(network: nn.Module) -> float:
        data = recipe.data["test"]()
        errors = []
        for i in range(len(data)):  # type: ignore[arg-type]
            depth_m = network(data[i]["spikes"].image.unsqueeze(1).float()).depth_m[0]
            errors.append(
                ((depth_m - data[i]["spikes"].depth_m).abs() / data[i]["spikes"].depth_m).mean()
            )
        return float(torch.stack(errors).mean())

    assert abs_rel == pytest.approx(score(quantized(stored, 4)), rel=1e-4)
    assert abs_rel != pytest.approx(score(stored), rel=1e-3)
