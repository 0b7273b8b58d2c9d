"""From an artifact to other tools: `python -m conversion.export A.h5 OUTPUT.{net,nir,onnx}`."""

from collections.abc import Callable
from pathlib import Path

from conversion.formats.netx_file import NetxNetwork
from conversion.formats.netx_writer import write_netx
from conversion.formats.nir_export import write_nir
from conversion.formats.onnx_export import write_onnx
from conversion.graph.ancestors import ancestors
from conversion.graph.artifact import Artifact, read_artifact
from conversion.graph.layer_graph import LayerGraph
from snn_depth.command.exit import run_command


def export(artifact: Path, output: Path, *, until: str | None = None) -> None:
    """Write a converted network in a format that other tools read.

    *.net is for lava-dl: the integer network, where it is a chain. *.nir is for spiking frameworks
    and *.onnx (one time step, with its state as inputs and outputs) for inference engines: the
    float network. What a format cannot hold is refused with the layer's name.

    Args:
        artifact: What `python -m conversion.to_lava` has written (*.h5).
        output: File to write; its suffix chooses the format.
        until: Layer to end with: it and all that it depends on are exported, the others are not.
    """
    write = _WRITERS.get(output.suffix)
    if write is None:
        raise ValueError(f"{output} has suffix {output.suffix!r}; accepted: {', '.join(_WRITERS)}")
    graph = write(output, read_artifact(artifact), until)
    last = graph.layers[-1].name
    size_mb = output.stat().st_size / 1e6
    print(f"{output}: {len(graph.layers)} layers, up to {last!r} ({size_mb:.1f} MB)")


def _write_net(path: Path, artifact: Artifact, until: str | None) -> LayerGraph:
    graph = _part(artifact.graph, until)
    write_netx(path, NetxNetwork(graph))
    return graph


def _write_nir(path: Path, artifact: Artifact, until: str | None) -> LayerGraph:
    graph = _part(_float_graph(artifact), until)
    write_nir(path, graph)
    return graph


def _write_onnx(path: Path, artifact: Artifact, until: str | None) -> LayerGraph:
    graph = _part(_float_graph(artifact), until)
    write_onnx(path, graph, artifact.provenance)
    return graph


_WRITERS: dict[str, Callable[[Path, Artifact, str | None], LayerGraph]] = {
    ".net": _write_net,
    ".nir": _write_nir,
    ".onnx": _write_onnx,
}


def _part(graph: LayerGraph, until: str | None) -> LayerGraph:
    return graph if until is None else ancestors(graph, until)


def _float_graph(artifact: Artifact) -> LayerGraph:
    graph = artifact.float_graph or artifact.graph
    if graph.arithmetic != "float":
        raise ValueError("the artifact holds no float network, which .nir and .onnx are made of")
    return graph


if __name__ == "__main__":
    run_command(export)
