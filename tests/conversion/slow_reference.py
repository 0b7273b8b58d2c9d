"""Synapses one by one and neurons one by one: what the simulators must equal."""

from itertools import product

import numpy as np

from conversion.graph.layer_graph import Edge

LIMIT = 2**23


def slow_current(edge: Edge, x_CHW: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Every synapse on its own."""
    out = np.zeros(shape, edge.weight.dtype)
    transposed = edge.kind == "conv_transpose"
    num_out = shape[0] // edge.groups
    num_in = x_CHW.shape[0] // edge.groups
    rows, columns = x_CHW.shape[1:] if transposed else shape[1:]
    kernel = [range(side) for side in edge.weight.shape[2:]]
    for group, o, c, y, x, i, j in product(
        range(edge.groups), range(num_out), range(num_in), range(rows), range(columns), *kernel
    ):
        # (y, x) walks over the coarser grid, (far_y, far_x) is the tap's pixel on the finer one
        far_y = y * edge.stride[0] - edge.padding[0] + i * edge.dilation[0]
        far_x = x * edge.stride[1] - edge.padding[1] + j * edge.dilation[1]
        height, width = shape[1:] if transposed else x_CHW.shape[1:]
        if not (0 <= far_y < height and 0 <= far_x < width):
            continue
        out_channel, in_channel = group * num_out + o, group * num_in + c
        if transposed:
            out[out_channel, far_y, far_x] += (
                edge.weight[in_channel, o, i, j] * x_CHW[in_channel, y, x]
            )
        else:
            out[out_channel, y, x] += (
                edge.weight[out_channel, c, i, j] * x_CHW[in_channel, far_y, far_x]
            )
    return out * 2**edge.weight_exp


def slow_neuron(
    currents: list[int], du: int, dv: int, vth: int, bias: int, fires: bool = True
) -> list[tuple[int, int, int]]:
    """(spike, u, v) per step, with Python's unlimited integers, digit by digit as documented."""

    def lose(state: int, d: int) -> int:
        left = (abs(state) * (4096 - d)) >> 12
        return -left if state < 0 else left

    u = v = 0
    seen = []
    for current in currents:
        u = lose(u, du + 1) + current * 64
        while u >= LIMIT:
            u -= 2 * LIMIT
        while u < -LIMIT:
            u += 2 * LIMIT
        v = lose(v, dv) + u + bias
        v = max(-LIMIT + 1, min(LIMIT - 1, v))
        spike = int(fires and v > vth * 64)
        v = 0 if spike else v
        seen.append((spike, u, v))
    return seen
