"""NIR's documented equations, integrated by forward Euler: what an exported file must compute."""

import nir
import numpy as np
import torch

Array = np.ndarray


def run_nir(graph: nir.NIRGraph, inputs: Array | dict[str, Array], dt_s: float) -> dict[str, Array]:
    """What every node sends, (T, B, ...): neurons their spikes, readouts their membranes."""
    state: dict[str, Array] = {}
    records: dict[str, list[Array]] = {name: [] for name in graph.nodes}
    if not isinstance(inputs, dict):
        inputs = {name: inputs for name, n in graph.nodes.items() if isinstance(n, nir.Input)}
    for t in range(len(next(iter(inputs.values())))):
        sent: dict[str, Array] = {}
        while len(sent) < len(graph.nodes):
            for name, node in graph.nodes.items():
                sources = [a for a, b in graph.edges if b == name]
                if name in sent or not all(source in sent for source in sources):
                    continue
                arriving = sum((sent[a] for a in sources), np.zeros(()))
                x = np.asarray(inputs[name][t].astype(float) if name in inputs else arriving)
                sent[name] = _step(node, x, state, name, dt_s)
        for name, value in sent.items():
            records[name].append(value)
    return {name: np.stack(values) for name, values in records.items()}


def _step(node: nir.NIRNode, x: Array, state: dict[str, Array], name: str, dt_s: float) -> Array:
    if isinstance(node, nir.Input | nir.Output):
        return x
    if isinstance(node, nir.Conv2d):
        weight, bias = torch.from_numpy(node.weight), torch.from_numpy(node.bias)
        pairs = [tuple(int(v) for v in p) for p in (node.stride, node.padding, node.dilation)]
        out = torch.nn.functional.conv2d(
            torch.from_numpy(x), weight, bias, *pairs, groups=int(node.groups)
        )
        return out.numpy()
    if isinstance(node, nir.Affine):
        return x @ node.weight.T + node.bias
    if isinstance(node, nir.Flatten):
        assert (node.start_dim, node.end_dim) == (0, -1)
        return x.reshape(len(x), -1)
    v = state.get(name, np.zeros_like(x))
    if isinstance(node, nir.CubaLIF | nir.CubaLI):
        current = state.get(f"{name} current", np.zeros_like(x))
        current = current + dt_s / node.tau_syn * (-current + node.w_in * x)
        state[f"{name} current"] = current
        v = v + dt_s / node.tau_mem * (node.v_leak - v + node.r * current)
    elif isinstance(node, nir.LIF | nir.LI):
        v = v + dt_s / node.tau * (node.v_leak - v + node.r * x)
    else:
        assert isinstance(node, nir.IF | nir.I)
        v = v + dt_s * node.r * x
    if isinstance(node, nir.LI | nir.CubaLI | nir.I):
        state[name] = v
        return v
    spikes = v > node.v_threshold
    state[name] = np.where(spikes, node.v_reset, v)
    return spikes.astype(float)
