"""Small graphs: one with every kind of edge and skips of three lengths, one with two inputs."""

from dataclasses import replace

import numpy as np

from conversion.graph.layer_graph import Arithmetic, Edge, Layer, LayerGraph

SHAPE = (2, 8, 12)


def skip_graph(arithmetic: Arithmetic = "integer", *, balanced: bool = True) -> LayerGraph:
    """Two strided layers down, a transposed convolution up, skips from a layer and the input."""
    random = np.random.default_rng(5)
    integer = arithmetic == "integer"

    def weight(*shape: int) -> np.ndarray:
        even = 2 * random.integers(-30, 34, shape)
        return even if integer else even / 64

    def layer(name: str, shape: tuple[int, int, int], *edges: Edge, kind: str = "lif") -> Layer:
        bias = random.integers(-300, 400, shape[0])
        return Layer(
            name,
            kind,  # type: ignore[arg-type]
            shape,
            decay_u=3000 if integer else 0.75,
            decay_v=1024 if integer else 0.25,
            v_threshold=90 if integer else 1.4,
            bias=bias if integer else bias / 1024,
            bias_exp=2 if integer else 0,
            edges=edges,
        )

    down = {"stride": (2, 2), "padding": (1, 1)}
    edges_up = (
        Edge("b", "conv_transpose", weight(6, 4, 4, 4), stride=(2, 2), padding=(1, 1)),
        Edge("a", "conv", weight(4, 2, 1, 1), groups=2, delay=1),
        Edge("input", "conv", weight(4, 2, 3, 3), **down, delay=2, weight_exp=1),  # type: ignore[arg-type]
    )
    graph = LayerGraph(
        {"input": SHAPE},
        (
            layer("a", (4, 4, 6), Edge("input", "conv", weight(4, 2, 3, 3), **down)),  # type: ignore[arg-type]
            layer("b", (6, 2, 3), Edge("a", "conv", weight(6, 4, 3, 3), **down)),  # type: ignore[arg-type]
            layer("c", (4, 4, 6), *edges_up),
            layer("d", (5, 1, 1), Edge("c", "dense", weight(5, 96))),
            layer("out", (2, 1, 1), Edge("d", "conv", weight(2, 5, 1, 1)), kind="readout"),
        ),
        arithmetic,
    )
    if balanced:
        return graph
    undelayed = tuple(replace(edge, delay=0) for edge in graph["c"].edges)
    changed = {"c": replace(graph["c"], edges=undelayed)}
    layers = tuple(changed.get(layer.name, layer) for layer in graph.layers)
    return replace(graph, layers=layers)


def counts(num_steps: int = 7, num_samples: int = 3) -> np.ndarray:
    """Graded input, (T, B, C, H, W)."""
    return np.random.default_rng(1).integers(0, 4, (num_steps, num_samples, *SHAPE))


INPUT_SHAPES = {"spikes": (2, 6, 8), "thermal": (1, 3, 4)}


def two_input_graph(arithmetic: Arithmetic = "integer") -> LayerGraph:
    """Spikes and graded counts of another size; both meet, and each enters once more, later."""
    random = np.random.default_rng(9)
    integer = arithmetic == "integer"

    def edge(source: str, kind: str, *shape: int, **geometry: object) -> Edge:
        even = 2 * random.integers(-30, 36, shape)
        return Edge(source, kind, even if integer else even / 64, **geometry)  # type: ignore[arg-type]

    def layer(name: str, shape: tuple[int, int, int], *edges: Edge, kind: str = "lif") -> Layer:
        bias = random.integers(-100, 400, shape[0])
        return Layer(
            name,
            kind,  # type: ignore[arg-type]
            shape,
            decay_u=3000 if integer else 0.75,
            decay_v=1024 if integer else 0.25,
            v_threshold=60 if integer else 0.95,
            bias=bias if integer else bias / 4096,
            edges=edges,
        )

    same = {"padding": (1, 1)}
    down = {"stride": (2, 2), "padding": (1, 1)}
    return LayerGraph(
        INPUT_SHAPES,
        (
            layer("a", (3, 3, 4), edge("spikes", "conv", 3, 2, 3, 3, **down)),
            layer(
                "b",
                (4, 3, 4),
                edge("a", "conv", 4, 3, 3, 3, **same),
                edge("thermal", "conv", 4, 1, 3, 3, **same, delay=1),
            ),
            layer(
                "c",
                (2, 6, 8),
                edge("b", "conv_transpose", 4, 2, 4, 4, **down),
                edge("spikes", "conv", 2, 2, 1, 1, delay=2),
                edge("thermal", "conv_transpose", 1, 2, 2, 2, stride=(2, 2), delay=2),
            ),
            layer("out", (2, 6, 8), edge("c", "conv", 2, 2, 1, 1), kind="readout"),
        ),
        arithmetic,
        frozenset({"spikes"}),
    )


def two_inputs(num_steps: int = 7, num_samples: int = 3) -> dict[str, np.ndarray]:
    """Spikes, and graded counts, (T, B, C, H, W) each."""
    random = np.random.default_rng(2)
    size = num_steps, num_samples
    return {
        "spikes": random.integers(0, 2, (*size, *INPUT_SHAPES["spikes"])),
        "thermal": random.integers(0, 6, (*size, *INPUT_SHAPES["thermal"])),
    }
