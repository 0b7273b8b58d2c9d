from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from conversion.formats.netx_file import InputTransform, NetxNetwork, read_netx
from conversion.formats.netx_writer import write_netx
from conversion.graph.layer_graph import Edge, Layer, LayerGraph
from conversion.simulate.integer_simulator import simulate, simulate_pipelined
from tests.conversion.small_graphs import skip_graph, two_input_graph

GROUND_TRUTH = ["input", *(f"conv-{i}" for i in range(5)), *(f"fc-{i}" for i in range(3))]


@pytest.fixture(scope="module")
def pilotnet_dir(test_data_dir: Path) -> Path:
    folder = test_data_dir / "pilotnet_lif"
    if not folder.is_dir():
        pytest.skip(f"Intel's PilotNet LIF network not found at {folder}")
    return folder


def test_pilotnet_equals_intels_ground_truth(pilotnet_dir: Path) -> None:
    graph = read_netx(pilotnet_dir / "pilotnet_lif.net").graph
    image_CHW = np.load(pilotnet_dir / "image.npy").transpose(2, 1, 0)  # is (W, H, C)
    stream = np.broadcast_to(image_CHW, (24, 1, *image_CHW.shape))
    # that these files were recorded with period 17 is not documented, but no other fits
    trace = simulate_pipelined(graph, stream, reset_period=17)
    for layer, name in zip(graph.layers, GROUND_TRUTH, strict=False):
        spikes = np.load(pilotnet_dir / f"{name}.npy").T  # is (W, H, C, T), or (C, T)
        expected = spikes.reshape(24, *layer.shape)
        assert expected.any()
        assert np.count_nonzero(trace.spikes[layer.name][:, 0] != expected) == 0, name


def test_pilotnet_needs_its_resets(pilotnet_dir: Path) -> None:
    graph = read_netx(pilotnet_dir / "pilotnet_lif.net").graph
    image_CHW = np.load(pilotnet_dir / "image.npy").transpose(2, 1, 0)
    stream = np.broadcast_to(image_CHW, (24, 1, *image_CHW.shape))
    trace = simulate_pipelined(graph, stream, reset_period=16)
    expected = np.load(pilotnet_dir / "conv-4.npy").T
    assert np.count_nonzero(trace.spikes["5_conv"][:, 0] != expected) > 1000


def test_pilotnet_is_read(pilotnet_dir: Path) -> None:
    network = read_netx(pilotnet_dir / "pilotnet_lif.net")
    assert network.input_transform == InputTransform(40, 36)
    assert sum(layer.num_neurons for layer in network.graph.layers) == 158_509
    conv = network.graph["4_conv"]
    assert (conv.shape, conv.edges[0].stride, conv.edges[0].padding) == (
        (64, 4, 22),
        (2, 1),
        (1, 0),
    )
    assert (conv.decay_u, conv.decay_v, conv.v_threshold, conv.bias_exp) == (4095, 1024, 25, 6)


def chain() -> NetxNetwork:
    random = np.random.default_rng(2)
    constants = {"decay_u": 4095, "decay_v": 512, "v_threshold": 30, "bias_exp": 6}
    graph = LayerGraph(
        {"input": (2, 6, 7)},
        (
            Layer("in", "input_lif", (2, 6, 7), **constants),
            Layer(
                "first",
                "lif",
                (4, 3, 4),
                edges=(
                    Edge(
                        "in",
                        "conv",
                        2 * random.integers(-9, 12, (4, 1, 3, 3)),
                        stride=(2, 2),
                        padding=(1, 1),
                        groups=2,
                    ),
                ),
                bias=random.integers(-5, 9, 4),
                **constants,
            ),
            Layer(
                "second",
                "lif",
                (5, 1, 1),
                edges=(Edge("first", "dense", 2 * random.integers(-9, 12, (5, 48))),),
                **constants,
            ),
            Layer(
                "out",
                "readout",
                (2, 1, 1),
                decay_v=512,
                decay_u=4095,
                bias_exp=6,
                edges=(Edge("second", "dense", 2 * random.integers(-9, 12, (2, 5))),),
            ),
        ),
        "integer",
    )
    return NetxNetwork(graph, InputTransform(20, 5))


def test_chain_round_trip(tmp_path: Path) -> None:
    network = chain()
    write_netx(tmp_path / "chain.net", network)
    again = read_netx(tmp_path / "chain.net")
    assert again.input_transform == network.input_transform
    names = [layer.name for layer in again.graph.layers]
    assert names == ["0_input", "1_conv", "3_dense", "4_dense"]
    image = np.random.default_rng(0).random((2, 6, 7))
    mantissas = network.input_transform.mantissas(image)  # type: ignore[union-attr]
    inputs = np.broadcast_to(mantissas, (12, 1, 2, 6, 7))
    before = simulate(network.graph, inputs, record_membranes=True)
    after = simulate(again.graph, inputs, record_membranes=True)
    for old, new in zip(network.graph.layers, names, strict=True):
        assert np.array_equal(before.membranes[old.name], after.membranes[new])
    assert before.spikes["second"].any()
    with h5py.File(tmp_path / "chain.net") as file:
        assert file["layer/2/type"][0] == b"flatten"
        assert file["layer/2/shape"][()].tolist() == [1, 1, 48]


def test_chain_that_starts_with_injected_spikes_round_trip(tmp_path: Path) -> None:
    first = replace(
        chain().graph["first"], edges=(replace(chain().graph["first"].edges[0], source="input"),)
    )
    graph = LayerGraph({"input": (2, 6, 7)}, (first,), "integer")
    write_netx(tmp_path / "chain.net", NetxNetwork(graph))
    again = read_netx(tmp_path / "chain.net")
    assert again.input_transform is None
    spikes = np.random.default_rng(0).integers(0, 2, (9, 1, 2, 6, 7))
    before = simulate(graph, spikes).spikes["first"]
    assert before.any()
    assert np.array_equal(before, simulate(again.graph, spikes).spikes["1_conv"])


def test_writer_refuses_what_the_format_lacks(tmp_path: Path) -> None:
    for graph, message in [
        (skip_graph("float"), "arithmetic is 'float'"),
        (skip_graph(), "layer 'a': .* bias exponent 2"),
        (_branching(), r"layer 'd': .*edges from \['b'\]"),
        (_coarse_input(), "layer 'in': .* bias exponent 7"),
        (_changed("first", delay=1), "layer 'first': .*delays"),
        (_changed("second", weight_exp=1), "layer 'second': .*weight exponents"),
    ]:
        with pytest.raises(ValueError, match=message):
            write_netx(tmp_path / "no.net", NetxNetwork(graph))
    assert not list(tmp_path.iterdir())


def _changed(name: str, **changes: int) -> LayerGraph:
    graph = chain().graph
    layers = tuple(
        replace(la, edges=(replace(la.edges[0], **changes),)) if la.name == name else la
        for la in graph.layers
    )
    return replace(graph, layers=layers)


def _coarse_input() -> LayerGraph:
    graph = chain().graph
    return replace(graph, layers=(replace(graph["in"], bias_exp=7), *graph.layers[1:]))


def _branching() -> LayerGraph:
    weight = np.full((1, 1, 1, 1), 4)
    layers = [
        Layer(name, "lif", (1, 1, 1), 0, 9, decay_u=0, edges=(Edge(source, "conv", weight),))
        for name, source in [("b", "input"), ("c", "b"), ("d", "b")]
    ]
    return LayerGraph({"input": (1, 1, 1)}, tuple(layers), "integer")


def test_reader_names_the_layer(tmp_path: Path) -> None:
    path = tmp_path / "chain.net"

    def edit(key: str, value: object) -> None:
        write_netx(path, chain())
        with h5py.File(path, "r+") as file:
            del file[key]
            if value is not None:
                file[key] = value

    for key, value, message in [
        ("layer/1/type", np.array([b"pool"], "S10"), "layer '1_pool': type 'pool'"),
        ("layer/1/neuron/type", "SDNN", "layer '1_conv': neuron 'SDNN'"),
        ("layer/1/neuron/refDelay", 2, "layer '1_conv': refDelay is 2"),
        ("layer/1/weight", np.full((4, 1, 3, 3), 0.5), "layer '1_conv': weight is not of whole"),
        ("layer/1/stride", None, "layer '1_conv' is incomplete"),
        ("layer/4/neuron", None, "layer '4_dense' is incomplete"),
        ("layer/4/neuron/vDecay", 4096, "layer '4_dense': decay_v is 4096"),
        ("layer/0/type", np.array([b"conv"], "S10"), "layer '0_conv'"),
        ("layer", None, "no lava-dl network"),
    ]:
        edit(key, value)
        with pytest.raises(ValueError, match=message):
            read_netx(path)


def test_reader_refuses_other_files(tmp_path: Path) -> None:
    (tmp_path / "text.net").write_text("no network")
    with pytest.raises(ValueError, match="not an HDF5 file"):
        read_netx(tmp_path / "text.net")
    with pytest.raises(FileNotFoundError):
        read_netx(tmp_path / "missing.net")


def test_several_inputs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"inputs \['spikes', 'thermal'\]; accepted here: one"):
        write_netx(tmp_path / "two.net", NetxNetwork(two_input_graph()))
