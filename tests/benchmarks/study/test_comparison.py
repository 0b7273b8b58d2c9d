"""The measured networks: runs, samples, the fair counterpart, loads of the chip."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.report.document import Table, Text
from benchmarks.report.sections.measured_section import gpu_tables, measured_section
from benchmarks.report.sections.neurobench_section import of_this_report
from benchmarks.report.sections.operations_section import operations_section
from benchmarks.report.sections.provenance_section import provenance_section
from benchmarks.report.sections.quality_section import quality_section
from benchmarks.study.compared_network import compared_graph, compared_network, measure
from benchmarks.study.comparison import Comparison, compare_networks, has_same_layers, network_names
from benchmarks.study.scored_samples import scored_samples
from benchmarks.throughput.energy_window import InferenceEnergy
from benchmarks.throughput.gpu_energy import BatchEnergy, GpuEnergy
from benchmarks.throughput.inference_latency import latency_of_windows
from benchmarks.throughput.nvml import GpuState
from conversion.graph.artifact import read_artifact
from conversion.student.graph_predictor import (
    GraphPredictor,
    predictor_of_artifact,
    spec_of_artifact,
)
from hardware.cores.chip import FOLDER as CHIPS
from hardware.energy.energy_memory import network_energy, snn_energy
from snn_depth.data.sample import collate
from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.spec import DataSpec
from snn_depth.data.view_fields import Window
from snn_depth.evaluation.metrics import depth_metrics
from snn_depth.models.depth_decoding import DepthRange
from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork, SpikingDepthNet
from snn_depth.training.checkpoint import load_network, save_network
from tests.benchmarks.conftest import SPEC, Files

pytestmark = pytest.mark.slow


def test_all_networks_are_measured_on_the_same_samples(comparison: Comparison) -> None:
    names = ["SNN, integers", "SNN, float", "ANN twin, float", "ANN twin, 3-bit"]
    assert [m.network.name for m in comparison.networks] == [*names, "RGB teacher, float"]
    assert len(comparison.samples) == 4 and comparison.samples.num_scenes == 2
    assert comparison.samples.scenes_B.tolist() == [0, 0, 1, 1]
    for measured in comparison.networks:
        assert measured.counts.num_samples == 4
        assert measured.scores_B["abs_rel"].shape == (4,)
    assert comparison.baseline is not None and comparison.baseline.network.name == "ANN twin, 3-bit"
    assert [m.network.name for m in comparison.quantized] == ["ANN twin, 3-bit"]
    assert set(comparison.audits) == {m.network.name for m in comparison.others}


def test_artifact_sees_the_depth_that_the_student_sees(files: Files) -> None:
    network = load_network(files.student).network
    batch = collate([RecordingDataset(files.recordings, 16, 4)[i] for i in range(3)])
    with torch.inference_mode():
        expected = network.double()(batch["spikes"].image.double(), all_steps=True).depth_steps_m
    predictor = predictor_of_artifact(read_artifact(files.artifact), "float")
    depths_m, workload = compared_graph("float", predictor, 32).run(batch)
    assert torch.equal(predictor(batch).depth_m, depths_m[-1])
    assert len(depths_m) == 4 and workload.num_samples == 3
    for found, step in zip(depths_m, expected, strict=True):
        torch.testing.assert_close(found.double(), step, rtol=1e-4, atol=1e-4)


def test_scores_are_those_of_each_sample(comparison: Comparison, files: Files) -> None:
    batch = collate([RecordingDataset(files.recordings, 16, 4)[3]])
    teacher = load_network(files.teacher).network
    with torch.inference_mode():
        depth_m = teacher(batch["rgb"].image).depth_m
    truth = batch["rgb"]
    metrics = depth_metrics(
        depth_m, truth.depth_m, truth.valid_mask, min_depth_m=1.0, max_depth_m=80.0
    )
    assert comparison.others[2].scores_B["abs_rel"][3] == pytest.approx(float(metrics["abs_rel"]))


def test_float_and_integer_networks_are_counted_alike(comparison: Comparison) -> None:
    assert comparison.snn_float is not None
    ours, theirs = comparison.snn.counts, comparison.snn_float.counts
    assert ours.num_synapses == theirs.num_synapses
    assert np.array_equal(ours.macs_B, theirs.macs_B)  # the input is the same
    assert np.array_equal(ours.binning_TB, theirs.binning_TB)
    assert ours.accumulations_B == pytest.approx(theirs.accumulations_B, rel=0.1)


def test_chip_is_loaded_with_all_samples(comparison: Comparison) -> None:
    run, counts = comparison.chip_run, comparison.snn.counts
    assert [t.layer for t in run.traffic] == [layer.name for layer in counts.layers]
    assert all(t.messages_B.shape == (4,) for t in run.traffic)
    for end in ("low", "high"):
        assert run.step_us(end).shape == (4, 4)
        # A lone sample also waits while it drains.
        assert (run.isolated_us(end) > run.step_us(end).sum(0)).all()
    assert (run.step_us("low") < run.step_us("high")).all()
    mean, busiest = run.synops_per_core
    assert (busiest >= mean).all()
    cores = [p.num_cores for p in run.core_map.partitions.values()]
    total = sum(float(m) * n for m, n in zip(mean, cores, strict=True))
    assert total * 4 == pytest.approx(float(counts.synops_B.mean()))
    assert run.core_synops_K.shape == (sum(cores),)
    assert run.core_synops_K.sum() * 4 == pytest.approx(float(counts.synops_B.mean()))


def test_local_memories_make_events_cheaper(comparison: Comparison) -> None:
    def total_pj(machine: object) -> float:
        energy = snn_energy(
            comparison.snn.counts,
            machine,  # type: ignore[arg-type]
            comparison.arithmetic.values,
            pipelined=True,
        )
        return float(network_energy(energy).total_pj.mean())

    whole_layers = replace(comparison.snn_machine, cores={})
    assert total_pj(comparison.snn_machine) < total_pj(whole_layers)
    assert comparison.snn_machine.input_bits == 3  # 4 frames per bin


def test_samples_are_spread_and_known_by_hash(files: Files) -> None:
    few = scored_samples([files.recordings], SPEC, 2, files.recordings)
    assert few.indices == (0, 2) and few.scenes_B.tolist() == [0, 1]
    again = scored_samples([files.recordings], SPEC, 2, files.recordings)
    all_of_them = scored_samples([files.recordings], SPEC, 9, files.recordings)
    assert few.sha256 == again.sha256 != all_of_them.sha256
    with pytest.raises(ValueError, match="max_samples is 1; accepted: 2 or more"):
        scored_samples([files.recordings], SPEC, 1, files.recordings)


def test_wrong_files_are_refused(files: Files, tmp_path: Path) -> None:
    options = {"chip": "loihi2", "max_samples": 4, "cache_dir": tmp_path}
    with pytest.raises(ValueError, match="spikes of Loihi 1 are binary"):
        compare_networks(files.artifact, [], [files.recordings], **options | {"chip": "loihi1"})  # type: ignore[arg-type]
    artifact = read_artifact(files.artifact)
    with pytest.raises(ValueError, match="provenance does not give 'largest_input'"):
        spec_of_artifact(replace(artifact, provenance={}))
    with pytest.raises(ValueError, match="provenance does not give 'depth_range_m'"):
        predictor_of_artifact(replace(artifact, provenance={}), "integer")
    with pytest.raises(ValueError, match="the artifact has no float graph"):
        predictor_of_artifact(replace(artifact, float_graph=None), "float")
    predictor = predictor_of_artifact(artifact, "integer")
    batch = collate([RecordingDataset(files.recordings, 16, 4)[0]])
    cropped = batch.crop(Window(0, 0, 16, 48))
    with pytest.raises(
        ValueError, match="samples are 16x48; the graph takes 32x48: convert it for their size"
    ):
        predictor(cropped)


def test_one_recording_is_refused(files: Files) -> None:
    with pytest.raises(ValueError, match="from 1 recordings; accepted: 2 or more recordings"):
        scored_samples([files.recordings / "a.h5"], SPEC, 9, files.recordings)


def test_samples_without_depth_in_the_range_are_left_out(files: Files) -> None:
    def read(*ranges: DepthRange) -> tuple[tuple[int, ...], str]:
        samples = scored_samples([files.recordings], SPEC, 9, files.recordings, ranges)
        return samples.indices, samples.description

    # Depth reaches 60 m in the first key frame of each recording, 120 m in the second.
    indices, description = read(DepthRange(1.0, 80.0), DepthRange(60.5, 80.0))
    assert indices == (1, 3)
    assert description.endswith("; 2 without depth in the range are left out")
    indices, description = read(DepthRange(1.0, 80.0))
    assert indices == (0, 1, 2, 3) and "left out" not in description
    with pytest.raises(ValueError, match=r"0 of 4 samples .* from 0 recordings; accepted: 2"):
        read(DepthRange(200.0, 300.0))


def test_binary_input_is_not_charged_for_binning(comparison: Comparison, files: Files) -> None:
    spec = DataSpec(height=32, width=48, num_frames=4, num_bins=4)
    samples = scored_samples([files.recordings], spec, 2, files.recordings)
    reads_spikes = replace(comparison.graph, binary_inputs=frozenset({"input"}))
    predictor = GraphPredictor(reads_spikes, DepthRange())
    counts = measure(compared_graph("binary", predictor, 8), samples).counts
    assert not counts.binning_TB.any() and not counts.macs_B.any()

    student, twin = (load_network(path).network for path in (files.student, files.twin))
    assert isinstance(student, SpikingDepthNet) and isinstance(twin, AnnDepthNet)
    binary = measure(compared_network("binary", student, graded_input=False), samples).counts
    graded = measure(compared_network("graded", student), samples).counts
    assert not binary.binning_TB.any() and not binary.macs_B.any()
    assert graded.binning_TB.any() and np.array_equal(graded.synops_B, binary.synops_B)
    # The twin sums what the student takes step by step.
    sums = measure(compared_network("twin", twin, graded_input=False), samples).counts
    assert np.array_equal(sums.binning_TB.sum(0), graded.binning_TB.sum(0))
    assert comparison.snn.counts.binning_TB.any()


def test_sample_rate_is_that_of_the_recordings(
    comparison: Comparison, make_recording: Callable[..., Path], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        make_recording(tmp_path / f"{name}.h5", sample_rate_hz=10_000.0)
    slow = replace(comparison, samples=scored_samples([tmp_path], SPEC, 4, tmp_path))
    assert (comparison.sample_rate_hz, slow.sample_rate_hz) == (20_000.0, 10_000.0)
    note = operations_section(slow).blocks[-1]
    assert isinstance(note, Text) and "(1.60 ms of 10 kHz frames)" in note.text


def test_baseline_has_all_layers_but_relays(comparison: Comparison) -> None:
    ours, twin = comparison.snn.counts, comparison.quantized[0]
    assert has_same_layers(ours, twin.counts)
    shallow = replace(twin, counts=replace(twin.counts, layers=twin.counts.layers[1:]))
    assert not has_same_layers(ours, shallow.counts)
    assert replace(comparison, others=[shallow]).baseline is None
    first = ours.layers[0]
    for name, accepted in (
        (f"{first.name}_relay1", True),
        (f"{first.name}_2x2_relay12", True),
        ("nobody_relay1", False),
        (f"{first.name}_more", False),
    ):
        more = replace(ours, layers=(*ours.layers, replace(first, name=name)))
        assert has_same_layers(more, twin.counts) == accepted, name
    assert not has_same_layers(replace(ours, layers=ours.layers[1:]), twin.counts)


def test_baseline_is_the_best_of_the_fair(comparison: Comparison) -> None:
    twin = comparison.quantized[0]
    better = replace(twin, scores_B={name: 0.5 * s for name, s in twin.scores_B.items()})
    for others in ([twin, better], [better, twin]):
        assert replace(comparison, others=others).baseline is better


def test_networks_for_another_window_are_refused(files: Files, tmp_path: Path) -> None:
    twin, student = (load_network(path).network for path in (files.twin, files.student))
    path = tmp_path / "other.safetensors"

    def make() -> Comparison:
        return compare_networks(
            files.artifact,
            [path],
            [files.recordings],
            chip="loihi2",
            max_samples=2,
            cache_dir=tmp_path,
        )

    save_network(path, twin, replace(SPEC, num_frames=32))
    with pytest.raises(ValueError, match="32 frames in 4 bins, the artifact for 16 in 4"):
        make()
    save_network(path, student, replace(SPEC, num_bins=8))
    with pytest.raises(ValueError, match="16 frames in 8 bins, the artifact for 16 in 4"):
        make()
    save_network(path, twin, replace(SPEC, num_bins=8))
    assert make().others[0].network.name == "ANN twin, float"


def test_names_are_different(files: Files) -> None:
    def names(*paths: str) -> list[str]:
        student, twin = (load_network(path).network for path in (files.student, files.twin))
        assert isinstance(student, DepthNetwork) and isinstance(twin, DepthNetwork)
        return network_names([Path(p) for p in paths], [student, *[twin] * (len(paths) - 1)])

    assert names("s.x", "a.x") == ["SNN, float (s)", "ANN twin, float"]
    assert names("s.x", "a.x", "b.x")[1:] == ["ANN twin, float (a)", "ANN twin, float (b)"]
    assert names("s.x", "1/a.x", "2/a.x")[1:] == [
        "ANN twin, float (1/a.x)",
        "ANN twin, float (2/a.x)",
    ]
    with pytest.raises(ValueError, match=r"a\.x is given twice"):
        names("s.x", "a.x", "a.x")


def test_gpu_is_only_measured_in_long_windows(comparison: Comparison) -> None:
    part = measured_section(comparison, 0.01)
    json.dumps(part.data, allow_nan=False)
    for entry in part.data["networks"]:
        assert entry["gpu"] == {"reason": "not measured; --window-s 10 measures the GPU too"}
        assert entry["cpu"]["energy"] is None
    table = part.blocks[0]
    assert isinstance(table, Table) and "emulation in floating point" in table.note


def test_gpu_tables_show_batches_and_states() -> None:
    energy = InferenceEnergy(0.5, 0.3, (0.4, 0.6), (0.2, 0.4), 70.0, 140.0, 5, 50, 0.01)
    latency = latency_of_windows([[0.001, 0.002, 0.004]])
    states = GpuState(1980, 2619, 40, 700.0), GpuState(1755, 2619, 55, 700.0)
    one = BatchEnergy(1, energy, latency, *states)
    gpu = GpuEnergy("H200", "570", one, one, (one,), "compiled", "torch.float32", {})
    json.dumps(asdict(gpu), allow_nan=False)
    energies, latencies = gpu_tables(
        {"twin": gpu, "other": replace(gpu, best=replace(one, batch_size=8))}
    )
    assert [row[:2] for row in energies.rows] == [["twin", "1"], ["other", "1"], ["other", "8"]]
    assert (
        energies.rows[0][2:] == ["70.0", "140", "300", "500"]
        and "H200, driver 570" in energies.note
    )
    assert latencies.rows[0][6:] == ["1980 to 1755", "2619 to 2619", "40 to 55", "700"]
    assert all(len(row) == len(t.headings) for t in (energies, latencies) for row in t.rows)


def test_provenance_names_chip_file_and_seeds(comparison: Comparison, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text((CHIPS / "loihi2.toml").read_text() + "# own\n")
    for chip_path in (comparison.chip_path, own):
        data = provenance_section(replace(comparison, chip_path=chip_path), "today").data
        assert data["chip_sha256"] == hashlib.sha256(chip_path.read_bytes()).hexdigest()
    assert comparison.chip_path == CHIPS / "loihi2.toml"
    assert data["artifact"]["seed"] == 0
    assert [network["seed"] for network in data["networks"]] == [0, 0, 0]


def test_lava_is_only_named_where_it_ran(comparison: Comparison) -> None:
    def note(**provenance: object) -> str:
        artifact = replace(comparison.artifact, provenance=provenance)
        table = quality_section(replace(comparison, artifact=artifact)).blocks[0]
        assert isinstance(table, Table)
        return table.note

    assert "was not run in Lava" in note() and "was not run in Lava" in note(lava_runs=[])
    assert "was not run in Lava" in note(lava_runs=[{"target": "lava-float"}])
    assert "proved it" in note(lava_runs=[{"target": "lava-fixed"}])


def test_stored_counts_are_ours_only_for_our_weights(comparison: Comparison, files: Files) -> None:
    contents = [files.twin.read_bytes(), files.student.read_bytes(), b"other"]
    rows = [{"weights_sha256": hashlib.sha256(content).hexdigest()} for content in contents]
    found = [row["is_of_this_report"] for row in of_this_report(rows, comparison)]
    assert found == [True, True, False]  # the artifact was made of the student
