from collections import Counter

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from conversion.student.extract import extract_graph
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.graph import (
    INPUT,
    READOUT,
    InputPort,
    NetworkGraph,
    Population,
    Projection,
)
from snn_depth.models.synapse_count import num_axis_pairs, num_synapses


@settings(max_examples=60, deadline=None)
@given(
    kernel_size=st.sampled_from([1, 3, 5, 7, 11]),
    stride=st.sampled_from([1, 2, 4, 8]),
    windows=st.integers(1, 6),
)
def test_pairs_of_a_convolution_equal_a_double_loop(
    kernel_size: int, stride: int, windows: int
) -> None:
    pairs = 0
    for target in range(windows):
        for source in range(windows * stride):
            pairs += abs(source - target * stride) <= kernel_size // 2
    projection = Projection(INPUT, kernel_size, stride)
    assert num_axis_pairs(projection, windows * stride) == pairs


@settings(max_examples=40, deadline=None)
@given(kernel_size=st.sampled_from([1, 3, 5]), size=st.integers(1, 9))
def test_pairs_behind_upsampling_are_connected_through_it(kernel_size: int, size: int) -> None:
    """A source and a target are a pair where the source's copies reach the target."""
    pairs = 0
    for target in range(2 * size):
        window = range(target - kernel_size // 2, target + kernel_size // 2 + 1)
        pairs += len({copy // 2 for copy in window if 0 <= copy < 2 * size})
    assert num_axis_pairs(Projection(INPUT, kernel_size, upsample=2), size) == pairs


def test_by_hand() -> None:
    # 4 x 4 pixels, 3 x 3 kernels: rows of 2, 3, 3, 2 taps, so 10 pairs along each axis.
    graph = NetworkGraph(
        (InputPort(INPUT, 1),),
        (Population("a", 5, (Projection(INPUT),)), Population("b", 7, (Projection("a"),))),
        Population(READOUT, 2, (Projection("b"), Projection("a", kernel_size=1))),
    )
    expected = {INPUT: 5 * 100, "a": 5 * 7 * 100 + 5 * 2 * 16, "b": 7 * 2 * 100}
    assert num_synapses(graph, 4, 4) == expected


@pytest.mark.parametrize(("height", "width"), [(16, 16), (32, 48)])
def test_equals_the_edges_of_the_conversion(height: int, width: int) -> None:
    """Ones through kernels of ones: every target then receives as much as it has synapses."""
    network = SpikingDepthNet(channel_multipliers=(1, 2, 2)).eval()
    layers = extract_graph(network, height, width)
    expected: Counter[str] = Counter()
    for layer in layers.layers:
        for edge in layer.edges:
            convolve = F.conv2d if edge.kind == "conv" else F.conv_transpose2d
            arrived = convolve(
                torch.ones(1, *layers.shapes[edge.source], dtype=torch.float64),
                torch.ones(edge.weight.shape, dtype=torch.float64),
                stride=edge.stride,
                padding=edge.padding,
            )
            assert arrived.shape[1:] == layer.shape
            expected[edge.source] += int(arrived.sum())
    assert {edge.kind for layer in layers.layers for edge in layer.edges} == {
        "conv",
        "conv_transpose",
    }
    assert num_synapses(network.graph, height, width) == expected
