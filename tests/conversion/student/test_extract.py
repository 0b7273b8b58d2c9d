from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.graph.quantize import quantize_graph
from conversion.graph.timing import balance_with_delays
from conversion.simulate import integer_simulator
from conversion.simulate.float_simulator import simulate
from conversion.student.extract import extract_graph, projection_edge
from conversion.student.student_run import padded_input, run_student
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.models.graph import READOUT
from snn_depth.models.upsampled_conv import UpsampledConv2d
from tests.conversion.calibrated_student import calibrated_student, counts
from tests.snn_depth.models import two_inputs


@pytest.mark.parametrize("size", [(64, 128), (50, 70)])
def test_graph_fires_exactly_as_the_student(size: tuple[int, int]) -> None:
    network = calibrated_student(decay_v=0.4, v_threshold=0.9)
    x = counts(height=size[0], width=size[1])
    student = run_student(network, x)
    graph = extract_graph(network, *size)
    trace = simulate(graph, padded_input(network, x))
    assert list(trace.spikes) == [p.name for p in network.graph.populations]
    for name, spikes in student.spikes.items():
        assert 0.02 < spikes.mean() < 0.6, name
        assert np.count_nonzero(trace.spikes[name] != spikes) == 0, name
    difference = np.abs(trace.membranes[READOUT] - student.membranes[READOUT])
    assert difference.max() < 1e-9 < np.abs(student.membranes[READOUT]).mean()


def test_a_student_of_two_inputs() -> None:
    network, x = two_inputs.student(), two_inputs.counts()
    student = run_student(network, x)
    graph = extract_graph(network, 11, 14)
    assert dict(graph.inputs) == {"spikes": (1, 12, 14), "thermal": (2, 12, 14)}
    padded = {name: padded_input(network, counts) for name, counts in x.items()}
    trace = simulate(graph, padded)
    for name, spikes in student.spikes.items():
        assert 0.02 < spikes.mean() < 0.9, name
        assert np.array_equal(trace.spikes[name], spikes), name
    difference = np.abs(trace.membranes[READOUT] - student.membranes[READOUT])
    assert difference.max() < 1e-9 < np.abs(student.membranes[READOUT]).mean()
    largest_input = {name: int(counts.max()) for name, counts in x.items()}
    integers = quantize_graph(balance_with_delays(graph), largest_input=largest_input)
    found = integer_simulator.simulate(integers, padded)
    differing = found.spike_mismatches(trace)
    assert all(differing[n] < 0.2 * spikes.sum() for n, spikes in trace.spikes.items())
    with pytest.raises(ValueError, match=r"largest_input lacks inputs \['thermal'\]"):
        quantize_graph(graph, largest_input={"spikes": 9})


def test_running_leaves_the_student_as_it_was() -> None:
    network = calibrated_student(channel_multipliers=(1, 1))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    run_student(network, counts(num_steps=2, height=16, width=16))
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]) and tensor.dtype == before[name].dtype
    assert not network.lif._forward_hooks


def as_graph(edge: Edge, bias: np.ndarray, size: tuple[int, int]) -> LayerGraph:
    """A readout that forgets at once: it shows what the edge brings."""
    weight, groups = edge.weight, edge.groups
    channels = len(weight) if edge.kind == "conv_transpose" else weight.shape[1] * groups
    source = (channels, *size)
    layer = Layer("out", "readout", edge.output_shape(source), 1.0, bias=bias, edges=(edge,))
    return LayerGraph({"input": source}, (layer,))


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(4, 6, (3, 5), (2, 1), padding=(1, 2), dilation=(2, 1), groups=2),
        nn.Sequential(nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6, affine=False)),
        nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(4, 6, 5, padding=2, groups=2)),
        nn.Sequential(nn.Upsample(scale_factor=(3, 3)), nn.Conv2d(4, 6, 1), nn.BatchNorm2d(6)),
        nn.Sequential(UpsampledConv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6)),
    ],
)
def test_projections_of_every_accepted_form(module: nn.Module) -> None:
    torch.manual_seed(0)
    module = module.double()
    x = torch.randn(8, 4, 7, 9, dtype=torch.float64)
    module.train()(3 * x)  # statistics other than those of the start
    module.eval()
    edge, bias = projection_edge("p", "input", module)
    trace = simulate(as_graph(edge, bias, (7, 9)), x[None].numpy())
    expected = module(x).detach().numpy()
    np.testing.assert_allclose(trace.membranes["out"][0], expected, rtol=0, atol=1e-12)


class ScaledConv2d(nn.Conv2d):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


def conv(**arguments: object) -> nn.Conv2d:
    return nn.Conv2d(4, 6, 3, **{"padding": 1, **arguments})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), conv()),
            r"'p\.0' is bilinear upsampling.*mode='nearest'",
        ),
        (
            nn.Sequential(nn.UpsamplingBilinear2d(scale_factor=2), conv()),
            r"'p\.0' is bilinear upsampling",
        ),
        (nn.Sequential(nn.Upsample(size=(8, 8)), conv()), r"'p\.0' upsamples by None \(size \(8"),
        (nn.Sequential(nn.Upsample(scale_factor=1.5), conv()), r"upsamples by 1\.5.*one integer"),
        (nn.Sequential(nn.Upsample(scale_factor=2)), r"'p' ends before its convolution"),
        (
            nn.Sequential(nn.Upsample(scale_factor=2), conv(stride=2)),
            r"'p\.1' behind upsampling.*stride 1",
        ),
        (nn.Sequential(conv(), nn.ReLU()), r"'p\.1' is a ReLU; use a population of its own"),
        (nn.Sequential(conv(), nn.GroupNorm(2, 6)), r"'p\.1' is a GroupNorm; use BatchNorm2d"),
        (nn.Sequential(nn.MaxPool2d(2), conv()), r"'p\.0' is a MaxPool2d; use a Conv2d with"),
        (nn.ConvTranspose2d(4, 6, 2, 2), r"'p' is a ConvTranspose2d; use UpsampledConv2d"),
        (nn.Linear(4, 4), r"'p' is a Linear; expected Conv2d"),
        (ScaledConv2d(4, 6, 3), r"'p' is a ScaledConv2d; expected Conv2d"),
        (conv(padding_mode="reflect"), r"'p' pads with 'reflect'; use padding_mode='zeros'"),
        (conv(padding="same"), r"'p' has padding 'same'"),
        (
            nn.Sequential(conv(), nn.BatchNorm2d(6, track_running_stats=False)),
            r"'p\.1' normalises by the statistics of each batch; use track_running_stats=True",
        ),
        (nn.Sequential(conv(), nn.BatchNorm2d(6).train()), r"'p\.1' is in training mode"),
    ],
)
def test_other_projections_are_refused(module: nn.Module, message: str) -> None:
    training = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    if "training mode" not in message:
        for part in training:
            part.eval()
    with pytest.raises(ValueError, match=message):
        projection_edge("p", "input", module)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AnnDepthNet().eval(), "AnnDepthNet; only a SpikingDepthNet"),
        (lambda: SpikingDepthNet("rgb").eval(), "reads 'rgb'.*input_key='spikes'"),
        (lambda: SpikingDepthNet().train(), "training mode; call network.eval"),
    ],
)
def test_other_networks_are_refused(make: Callable[[], nn.Module], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        extract_graph(make(), 64, 64)


def test_a_foreign_part_is_refused_by_its_full_name() -> None:
    network = SpikingDepthNet(channel_multipliers=(1, 1)).eval()
    network.projections["stem_to_enc1a"][0] = nn.AvgPool2d(2)
    with pytest.raises(ValueError, match=r"'projections\.stem_to_enc1a\.0' is a AvgPool2d; use a"):
        extract_graph(network, 16, 16)
