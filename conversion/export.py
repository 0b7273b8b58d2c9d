"""Hand a converted network to other programs: `python -m conversion.export A.h5 OUTPUT.onnx`."""

import json
from pathlib import Path

from conversion.artifact import Artifact, read_artifact
from conversion.layer_graph import LayerGraph
from conversion.netx_file import NetxNetwork
from conversion.netx_writer import write_netx
from conversion.nir_export import write_nir
from conversion.onnx_export import write_onnx
from conversion.subgraph import ancestors
from snn_depth.cli import exit_after
from snn_depth.command_parser import call_from_command_line

FORMATS = (".onnx", ".nir", ".net")


def export(artifact: Path, output: Path, *, until: str | None = None) -> None:
    """Write a converted network in the format that the output's suffix names.

    ``.onnx``: one time step of the float network with its state as inputs and outputs. ``.nir``:
    the float network in the Neuromorphic Intermediate Representation, which has no transposed
    convolution, so that of a student only the encoder can be written (``--until enc3b``).
    ``.net``: the integer network for lava-dl's netx, chains of layers only.

    Args:
        artifact: File that ``python -m conversion.to_lava`` has written (*.h5).
        output: File to write: *.onnx, *.nir or *.net.
        until: Last layer to write, with all that it depends on; by default all layers.
    """
    if output.suffix not in FORMATS:
        raise ValueError(f"output is {output}; accepted suffixes: {', '.join(FORMATS)}")
    network = read_artifact(artifact)
    graph = _graph(network, "integer" if output.suffix == ".net" else "float")
    if until is not None:
        graph = ancestors(graph, until)
    if output.suffix == ".net":
        write_netx(output, NetxNetwork(graph))
        return
    metadata = {"provenance": json.dumps(dict(network.provenance))}
    write = write_onnx if output.suffix == ".onnx" else write_nir
    write(output, graph, metadata)


def _graph(network: Artifact, arithmetic: str) -> LayerGraph:
    for graph in (network.graph, network.float_graph):
        if graph is not None and graph.arithmetic == arithmetic:
            return graph
    raise ValueError(f"the artifact has no {arithmetic} network; convert the checkpoint again")


def main(arguments: list[str] | None = None) -> None:
    """Run the program.

    Args:
        arguments: Command line; None takes the process's own.
    """
    call_from_command_line(export, "python -m conversion.export", arguments)


if __name__ == "__main__":
    exit_after(main)
