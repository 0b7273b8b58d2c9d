"""From a checkpoint to Lava processes: `python -m conversion.to_lava --output A.h5`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from rich.console import Console

from conversion.graph.artifact import Artifact, TestVector, write_artifact
from conversion.graph.layer_graph import Arithmetic
from conversion.graph.quantize import check_weight_bits
from conversion.graph.timing import Balance
from conversion.lava.proof import ARITHMETIC, LavaProof, LavaTarget, prove_in_lava
from conversion.lava_runtime.lava_run import SynapseKind
from conversion.simulate import integer_simulator
from conversion.student.conversion_tables import print_conversion
from conversion.student.convert import Conversion, convert, depth_scores
from conversion.student.extract import extract_graph
from conversion.student.samples import centre_crop, conversion_samples
from snn_depth.command.exit import run_command
from snn_depth.command.picture_size import parse_size
from snn_depth.data.sample import Batch
from snn_depth.files.atomic import atomic_path
from snn_depth.files.digest import file_sha256
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.training.checkpoint import load_network

# Whole traces are large; two samples prove the reset between them too.
_TEST_VECTOR_SAMPLES = 2


def to_lava(
    *,
    checkpoint: Path = SHIPPED_NETWORK,
    output: Path,
    target: Sequence[Literal["integer", "lava-float", "lava-fixed"]] = ("lava-fixed",),
    samples: Sequence[Path] = (),
    num_samples: int = 8,
    num_weight_bits: int = 8,
    delays: Balance = "synaptic",
    size: str | None = None,
    crop: str | None = None,
    synapses: SynapseKind = "fast",
    lava_timeout_s: float = 600.0,
    cache_dir: Path = Path("data_cache"),
) -> None:
    """Convert a spiking network to the integers of a Loihi chip, and prove every layer.

    The student (in float64) must fire exactly as the float graph does, spike for spike, and Lava
    as the simulator of the same numbers, also in every membrane; else the first layer that differs
    is named, and nothing is written. The integer network is the float graph in the chip's ranges;
    how far its spikes and its depth are from the float network's is printed per layer. Where Lava
    cannot be run, the artifact is written, says that no run in Lava proves it, and the command
    ends with an error.

    Args:
        checkpoint: Spiking network (*.safetensors); by default the one that ships with the
            project.
        output: Artifact to write (*.h5): integer and float network, timing, test vector.
        target: What to run the network in, one or several of: integer, the project's own
            bit-exact model of the chip, which always runs; lava-fixed, Lava's bit-accurate models,
            which must do the same; lava-float, Lava's floating-point models with the float graph.
        samples: Recordings (*.h5), or folders of them, to check the network on; by default
            pictures of the synthetic world.
        num_samples: How many samples.
        num_weight_bits: Bits per weight with its sign, 4 to 8.
        delays: How what skips layers waits for the others: in the synapses (synaptic), or in
            relay neurons (relays), for chips without synaptic delays.
        size: Size of the pictures, HEIGHTxWIDTH, where it is not the one that the network was
            trained on. The world is rendered in it; recordings must have it.
        crop: Use only the centre of the pictures, HEIGHTxWIDTH: a small network for slow synapses.
        synapses: In Lava: the project's own fast synapses, or the stock ones.
        lava_timeout_s: A run in Lava is ended after so many seconds.
        cache_dir: Where pictures of the synthetic world are kept.
    """
    check_weight_bits(num_weight_bits)
    loaded = load_network(checkpoint)
    network, data = loaded.network, loaded.data
    extract_graph(network, data.height, data.width)  # before samples are made: it may refuse
    assert isinstance(network, SpikingDepthNet)
    if size is not None:
        height, width = parse_size(size)
        data = replace(data, height=height, width=width)
    crop_size = None if crop is None else parse_size(crop, "crop")
    lava_targets: list[LavaTarget] = [t for t in dict.fromkeys(target) if t != "integer"]
    batch = conversion_samples(data, num_samples, samples, cache_dir).batch()
    if crop_size is not None:
        batch = centre_crop(batch, *crop_size)
    conversion = convert(
        network,
        batch,
        num_weight_bits,
        data.num_frames // data.num_bins,
        delays=delays,
        record_membranes=bool(lava_targets),
    )
    provenance = {
        "checkpoint": checkpoint.name,
        "checkpoint_sha256": file_sha256(checkpoint),
        "checkpoint_provenance": loaded.provenance,
        "num_weight_bits": num_weight_bits,
        "delays": delays,
        "largest_input": data.num_frames // data.num_bins,
        "depth_range_m": [network.depth_range.min_depth_m, network.depth_range.max_depth_m],
    }
    artifact = Artifact(
        conversion.integer_graph,
        reset_period=data.num_bins,
        test_vector=_test_vector(conversion),
        float_graph=conversion.graph,
    )
    console = Console()
    proofs: list[LavaProof] = []
    no_proof: OSError | None = None
    with atomic_path(output) as temporary:
        write_artifact(temporary, artifact)
        try:
            for proof in prove_in_lava(
                conversion,
                temporary,
                lava_targets,
                synapses=synapses,
                timeout_s=lava_timeout_s,
                say=console.print,
            ):
                proofs.append(proof)
        except OSError as error:
            no_proof = error
        scores = _scores(network, conversion, proofs, batch) if batch.labelled is not None else {}
        print_conversion(conversion, proofs, scores, console)
        for proof in proofs:
            proof.check()
        provenance |= {"scores": scores, "lava_runs": [proof.summary for proof in proofs]}
        write_artifact(temporary, replace(artifact, provenance=provenance))
    console.print(f"artifact: {output} ({output.stat().st_size / 1e6:.1f} MB)")
    if no_proof is not None:
        unproven = " and ".join(lava_targets[len(proofs) :])
        raise OSError(
            f"{no_proof}. {output} is written, but not proven in {unproven}; --target integer does "
            "without Lava"
        )


def _test_vector(conversion: Conversion) -> TestVector:
    inputs = conversion.inputs_TBCHW[:, :_TEST_VECTOR_SAMPLES]
    trace = integer_simulator.simulate(conversion.integer_graph, inputs, record_membranes=True)
    return TestVector.of_run(inputs.astype(np.int16), trace)


def _scores(
    network: SpikingDepthNet, conversion: Conversion, proofs: Sequence[LavaProof], batch: Batch
) -> dict[str, dict[str, float]]:
    """Depth metrics by network."""
    runs = {name: conversion.stage(name) for name in get_args(Arithmetic)}
    for proof in proofs:
        graph, _ = conversion.stage(ARITHMETIC[proof.target])
        runs[proof.name] = graph, proof.run.trace
    return {name: depth_scores(network, *run, batch) for name, run in runs.items()}


if __name__ == "__main__":
    run_command(to_lava)
