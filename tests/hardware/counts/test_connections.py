from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from conversion.graph.layer_graph import Edge
from conversion.simulate.synapses import Synapses
from hardware.counts.connections import connect
from tests.hardware.brute_force import random_edge, synapses_of


@pytest.mark.parametrize("seed", range(45))
def test_connections_are_those_found_one_by_one(seed: int) -> None:
    edge, source_shape, target_shape = random_edge(seed)
    connections = connect(edge, source_shape, target_shape)
    synapses = synapses_of(edge, source_shape, target_shape)
    assert connections.num_synapses == len(synapses) > 0
    fan_out = np.zeros(source_shape, np.int64)
    for source, _ in synapses:
        fan_out[source] += 1
    assert np.array_equal(connections.fan_out_CHW, fan_out)
    in_C, in_H, in_W = connections.axes
    for (c, y, x), (channel, top, left) in synapses:
        assert in_C[channel, c] and in_H[top, y] and in_W[left, x]


@pytest.mark.parametrize("seed", range(12))
def test_brute_force_is_what_the_simulator_computes(seed: int) -> None:
    """The reference itself, against the arithmetic that decides what a synapse does."""
    edge, source_shape, target_shape = random_edge(seed)
    synapses = Synapses(edge, target_shape, np.float64)
    driven = Counter(source for source, _ in synapses_of(edge, source_shape, target_shape))
    for source in list(np.ndindex(*source_shape))[::7]:
        spike = np.zeros((1, *source_shape))
        spike[0, *source] = 1
        assert synapses(spike).sum() == driven[source]


def test_border_neurons_drive_fewer_synapses() -> None:
    edge = Edge("a", "conv", np.ones((2, 1, 3, 3)), padding=(1, 1))
    fan_out = connect(edge, (1, 3, 3), (2, 3, 3)).fan_out_CHW[0]
    assert fan_out.tolist() == [[8, 12, 8], [12, 18, 12], [8, 12, 8]]


def test_upsampled_projection_by_hand() -> None:
    """A folded x2 upsampling: 4x4 taps, stride 2, cropped by 1; a corner loses a row and column."""
    edge = Edge("a", "conv_transpose", np.ones((1, 1, 4, 4)), stride=(2, 2), padding=(1, 1))
    connections = connect(edge, (1, 2, 2), (1, 4, 4))
    assert connections.fan_out_CHW[0].tolist() == [[9, 9], [9, 9]]
    assert connections.num_synapses == 36
    assert (connections.source_shape, connections.target_shape) == ((1, 2, 2), (1, 4, 4))


def test_unknown_kind_is_an_error_not_zero() -> None:
    edge = replace(random_edge(0)[0], kind="pool")
    with pytest.raises(ValueError, match="'pool'; can be counted: conv"):
        connect(edge, (1, 4, 4), (1, 4, 4))
