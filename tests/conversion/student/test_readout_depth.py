from dataclasses import replace

import numpy as np
import pytest
import torch

from conversion.graph.quantize import quantize_graph
from conversion.student.extract import extract_graph
from conversion.student.readout_depth import depth_of_readout
from conversion.student.student_run import run_student
from snn_depth.models.graph import READOUT
from tests.conversion.calibrated_student import calibrated_student, counts


@pytest.mark.parametrize("num_steps", [1, 5])
def test_depth_is_the_students(num_steps: int) -> None:
    network = calibrated_student(channel_multipliers=(1, 1), min_depth_m=2.0, max_depth_m=50.0)
    x = counts(num_steps, 2, 25, 31)
    graph = extract_graph(network, 25, 31)
    membranes = run_student(network, x).membranes[READOUT]
    depth_m = depth_of_readout(network, graph[READOUT], "float", membranes, 25, 31)
    expected = network(x).depth_m.detach()
    assert expected.std() > 0.1
    torch.testing.assert_close(depth_m, expected, rtol=1e-4, atol=1e-4)
    # The same membranes in the chip's units; its decay is 819 / 4096 in place of 0.2.
    layer = quantize_graph(graph, largest_input=16)[READOUT]
    units = np.rint(membranes / layer.scale * 64).astype(np.int32)
    fixed_m = depth_of_readout(network, layer, "integer", units, 25, 31)
    torch.testing.assert_close(fixed_m, depth_m, rtol=1e-3, atol=1e-2)
    off = depth_of_readout(network, replace(layer, scale=2 * layer.scale), "integer", units, 25, 31)
    assert not torch.allclose(off, depth_m, rtol=1e-2)
