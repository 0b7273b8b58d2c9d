"""From a checkpoint to an integer network: `python -m conversion.to_lava --output A.h5`."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from rich.console import Console

from conversion import integer_simulator
from conversion.artifact import Artifact, TestVector, write_artifact
from conversion.conversion_tables import layer_table, readout_text, score_table, timing_text
from conversion.convert import convert, depth_scores
from conversion.extract import extract_graph
from conversion.student_run import padded_input
from conversion.validation_samples import validation_batch
from snn_depth.checkpoint import SHIPPED_NETWORK, load_network
from snn_depth.cli import exit_after
from snn_depth.command_parser import call_from_command_line
from snn_depth.models.depth_network import SpikingDepthNet

# Whole traces are large; two samples prove the reset between them too.
_TEST_VECTOR_SAMPLES = 2


def to_lava(
    *,
    checkpoint: Path = SHIPPED_NETWORK,
    output: Path,
    target: Literal["integer"] = "integer",
    samples: Sequence[Path] = (),
    num_samples: int = 8,
    num_weight_bits: int = 8,
    cache_dir: Path = Path("data_cache"),
) -> None:
    """Convert a spiking network to the integers of a Loihi chip, and prove every layer.

    The student (in float64) must fire exactly as the float graph does, spike for spike; else the
    first layer that differs is named, and nothing is written. The integer network is the float
    graph in the chip's ranges; how far its spikes and its depth are from the float network's is
    printed per layer, and that it computes the same in pipelined operation is checked.

    Args:
        checkpoint: Spiking network (*.safetensors); by default the one that ships with the
            project.
        output: Artifact to write (*.h5): integer and float network, timing, test vector.
        target: What is to run it: integer, the project's own bit-exact model of the chip.
        samples: Recordings (*.h5), or folders of them, to check the network on; by default
            pictures of the synthetic world.
        num_samples: How many samples.
        num_weight_bits: Bits per weight with its sign, 4 to 8.
        cache_dir: Where pictures of the synthetic world are kept.
    """
    loaded = load_network(checkpoint)
    network, data = loaded.network, loaded.data
    extract_graph(network, data.height, data.width)  # before samples are made: it may refuse
    assert isinstance(network, SpikingDepthNet)
    largest_input = data.num_frames // data.num_bins
    batch = validation_batch(data, num_samples, samples, cache_dir)
    conversion = convert(network, batch, num_weight_bits, largest_input)
    scores = depth_scores(network, conversion, batch) if "depth_m" in batch else {}
    inputs = padded_input(network, batch["spikes"][:, :_TEST_VECTOR_SAMPLES])
    expected = integer_simulator.simulate(conversion.integer_graph, inputs, record_membranes=True)
    artifact = Artifact(
        conversion.integer_graph,
        reset_period=data.num_bins,
        test_vector=TestVector(inputs.astype(np.int16), expected),
        float_graph=conversion.graph,
        provenance={
            "checkpoint": checkpoint.name,
            "checkpoint_sha256": hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
            "checkpoint_provenance": loaded.provenance,
            "target": target,
            "num_weight_bits": num_weight_bits,
            "largest_input": largest_input,
            "depth_range_m": [network.depth_range.min_depth_m, network.depth_range.max_depth_m],
            "scores": scores,
        },
    )
    write_artifact(output, artifact)
    console = Console()
    console.print(layer_table(conversion.rows))
    console.print(readout_text(conversion.rows))
    if scores:
        console.print(score_table(scores, num_samples))
    console.print(timing_text(conversion.costs, data.num_bins))
    console.print(f"artifact: {output} ({output.stat().st_size / 1e6:.1f} MB)")


def main(arguments: list[str] | None = None) -> None:
    """Run the program.

    Args:
        arguments: Command line; None takes the process's own.
    """
    call_from_command_line(to_lava, "python -m conversion.to_lava", arguments)


if __name__ == "__main__":
    exit_after(main)
