"""Everything that a report rests on, measured once."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.chip.chip_run import ChipRun
from benchmarks.operations.network_workload import workload_of_network
from benchmarks.operations.operation_audit import OperationAudit, audit_operations
from benchmarks.study.compared_network import (
    ComparedNetwork,
    Measured,
    compared_graph,
    compared_network,
    measure,
)
from benchmarks.study.scored_samples import scored_samples
from conversion.graph.artifact import Artifact, read_artifact
from conversion.graph.layer_graph import LayerGraph
from conversion.student.graph_predictor import (
    predictor_of_artifact,
    spec_of_artifact,
)
from conversion.student.samples import Samples
from hardware.cores.chip import Chip, chip_path, load_chip
from hardware.cores.mapping import CoreMap, core_memories, map_network
from hardware.counts.event_counts import EventCounts
from hardware.energy.constant import ConstantSet, load_constants
from hardware.energy.digital_machines import AnnMachine, SnnMachine
from hardware.energy.operation_energy import bits_to_count
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import DepthNetwork, SpikingDepthNet
from snn_depth.training.checkpoint import load_network

INTEGER_NAME, FLOAT_NAME = "SNN, integers", "SNN, float"
REUSE = (1.0, 10.0, 100.0)
NOMINAL_REUSE = 10.0
# As `conversion.graph.timing` names the neurons that repeat what a source sent.
_RELAY = re.compile(r"(?P<source>.+?)(_\d+x\d+)?_relay\d+")


@dataclass(frozen=True, eq=False)
class Comparison:
    """Measured networks on common samples.

    Attributes:
        snn_float: That of the float network it was made of; None where the artifact has none.
        audits: Of the conventional networks, by name: where every operation of torch went.
    """

    artifact_path: Path
    artifact: Artifact
    checkpoints: Sequence[Path]
    samples: Samples
    spec: DataSpec
    graph: LayerGraph
    snn: Measured
    snn_float: Measured | None
    others: Sequence[Measured]
    audits: Mapping[str, OperationAudit]
    chip_run: ChipRun
    chip_path: Path
    arithmetic: ConstantSet

    @property
    def chip(self) -> Chip:
        """Where the network is mapped to."""
        return self.chip_run.core_map.chip

    @property
    def sample_rate_hz(self) -> float:
        """Frames of the camera per second, as recorded."""
        return self.samples.dataset.spec.sample_rate_hz

    @property
    def window_us(self) -> float:
        """Time in which the camera takes the frames of one inference."""
        return 1e6 * self.spec.num_frames / self.sample_rate_hz

    @property
    def networks(self) -> list[Measured]:
        """All, the spiking ones first."""
        spiking = [self.snn] if self.snn_float is None else [self.snn, self.snn_float]
        return [*spiking, *self.others]

    @property
    def quantized(self) -> list[Measured]:
        """Conventional networks that read spikes and compute with integers."""
        return [m for m in self.others if m.network.kind == "ann" and m.is_quantized]

    @property
    def fair_bits(self) -> int:
        """Activation bits of the counterpart that can say as much as T steps of spikes."""
        return bits_to_count(self.snn.counts.num_steps)

    @property
    def baseline(self) -> Measured | None:
        """The fair counterpart: same layers, as many bits as T steps can say; None if not given.

        Of several the one with the best depth.
        """
        fair = [
            measured
            for measured in self.quantized
            if measured.network.activation_bits == self.fair_bits
            and has_same_layers(self.snn.counts, measured.counts)
        ]
        return min(fair, key=lambda measured: measured.abs_rel, default=None)

    @property
    def snn_machine(self) -> SnnMachine:
        """What the spiking network is priced on."""
        return spiking_machine(self.spec, self.snn.network.weight_bits, self.chip_run.core_map)

    def ann_machine(
        self, measured: Measured, reuse: float = NOMINAL_REUSE, *, skips_zeros: bool = False
    ) -> AnnMachine:
        """What a quantised network is priced on."""
        machine = conventional_machine(self.spec, measured.network)
        return replace(machine, reuse=reuse, skips_zeros=skips_zeros)


def has_same_layers(ours: EventCounts, theirs: EventCounts) -> bool:
    """Whether two networks have the same layers; relays of our spikes need no counterpart."""
    shapes = {layer.name: layer.shape for layer in theirs.layers}
    own_shapes = {layer.name: layer.shape for layer in ours.layers}
    extra = own_shapes.keys() - shapes.keys()
    relays = [_RELAY.fullmatch(name) for name in extra]
    return shapes.items() <= own_shapes.items() and all(
        relay is not None and relay["source"] in shapes for relay in relays
    )


def conventional_machine(spec: DataSpec, network: ComparedNetwork) -> AnnMachine:
    """What a quantised network, which sums the spikes of a window, is priced on: nominal reuse."""
    return AnnMachine(
        weight_bits=network.weight_bits,
        activation_bits=network.activation_bits,
        input_bits=bits_to_count(spec.num_frames),
        reuse=NOMINAL_REUSE,
    )


def spiking_machine(spec: DataSpec, weight_bits: int, core_map: CoreMap) -> SnnMachine:
    """What a spiking network is priced on: small local memories of the cores it is mapped to."""
    machine = SnnMachine(
        weight_bits=weight_bits, input_bits=bits_to_count(spec.num_frames // spec.num_bins)
    )
    memories = core_memories(core_map, weight_bits, machine.potential_word_bits)
    return replace(machine, cores=memories)


def compare_networks(
    artifact_path: Path,
    checkpoints: Sequence[Path],
    data: Sequence[Path],
    *,
    chip: str,
    max_samples: int,
    cache_dir: Path,
) -> Comparison:
    """Measure a converted network and conventional ones on the same samples.

    Args:
        artifact_path: Converted network (*.h5).
        checkpoints: Conventional networks (*.safetensors): twin, quantised twins, RGB teacher.
        data: Recordings with depth, as for `scored_samples`.
        chip: As for `hardware.cores.chip.load_chip`.

    Raises:
        ValueError: For files that are none of these, networks for another window than the
            artifact's, or an operation that cannot be counted.
    """
    artifact = read_artifact(artifact_path)
    spec, predictor = spec_of_artifact(artifact), predictor_of_artifact(artifact, "integer")
    networks = [_depth_network(path, spec) for path in checkpoints]
    named = dict(zip(network_names(checkpoints, networks), networks, strict=True))
    weight_bits = _weight_bits(artifact)
    core_map = map_network(predictor.graph, load_chip(chip), num_weight_bits=weight_bits)
    ranges = {predictor.depth_range, *(n.depth_range for n in networks)}
    samples = scored_samples(data, spec, max_samples, cache_dir, list(ranges))
    chip_run = ChipRun(core_map)
    snn = compared_graph(INTEGER_NAME, predictor, weight_bits)
    snn_float = None
    if artifact.float_graph is not None:
        floating = compared_graph(FLOAT_NAME, predictor_of_artifact(artifact, "float"), 32)
        snn_float = measure(floating, samples)
    graded_input = not predictor.graph.binary_inputs
    return Comparison(
        artifact_path,
        artifact,
        checkpoints,
        samples,
        spec,
        predictor.graph,
        measure(snn, samples, chip_run.add),
        snn_float,
        [
            measure(compared_network(name, n, graded_input=graded_input), samples)
            for name, n in named.items()
        ],
        {name: _audit(n, samples) for name, n in named.items()},
        chip_run,
        chip_path(chip),
        load_constants("nm45"),
    )


def network_names(paths: Sequence[Path], networks: Sequence[DepthNetwork]) -> list[str]:
    """A name for each network that no other has, nor the two of the artifact.

    Those of a kind are told apart by the names of their files.

    Raises:
        ValueError: For a file that is given twice.
    """
    kinds = [_name_of(network) for network in networks]
    names = []
    for path, kind in zip(paths, kinds, strict=True):
        same = [p for p, k in zip(paths, kinds, strict=True) if k == kind]
        if same.count(path) > 1:
            raise ValueError(f"{path} is given twice; accepted: every network once")
        is_alone = len(same) == 1 and kind not in (INTEGER_NAME, FLOAT_NAME)
        stem_tells = [p.stem for p in same].count(path.stem) == 1
        names.append(kind if is_alone else f"{kind} ({path.stem if stem_tells else path})")
    return names


def _depth_network(path: Path, spec: DataSpec) -> DepthNetwork:
    loaded = load_network(path)
    network, own = loaded.network, loaded.data
    if not isinstance(network, DepthNetwork):
        raise ValueError(
            f"{path} holds a {type(network).__name__}, whose operations cannot be counted; "
            "accepted: AnnDepthNet, QuantizedAnnDepthNet, SpikingDepthNet"
        )
    # A conventional network sums the bins, and one that reads pictures has no window at all.
    differs = own.num_frames != spec.num_frames and network.reads_spikes
    if isinstance(network, SpikingDepthNet):
        differs |= own.num_bins != spec.num_bins
    if differs:
        raise ValueError(
            f"{path} is for windows of {own.num_frames} frames in {own.num_bins} bins, the "
            f"artifact for {spec.num_frames} in {spec.num_bins}; accepted: networks for the "
            "artifact's window"
        )
    return network


def _audit(network: DepthNetwork, samples: Samples) -> OperationAudit:
    batch = next(samples.batches())
    return audit_operations(network, batch, workload_of_network(network, batch))


def _name_of(network: DepthNetwork) -> str:
    if not network.reads_spikes:
        return "RGB teacher, float"
    bits = getattr(network, "activation_bits", None)
    kind = "SNN" if isinstance(network, SpikingDepthNet) else "ANN twin"
    return f"{kind}, float" if bits is None else f"{kind}, {bits}-bit"


def _weight_bits(artifact: Artifact) -> int:
    return int(artifact.provenance.get("num_weight_bits", 8))
