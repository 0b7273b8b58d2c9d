"""The measured networks: runs, samples, the fair counterpart, loads of the chip."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.report.artifact_run import artifact_network
from benchmarks.report.samples import read_samples
from benchmarks.report.study import Study, make_study
from conversion.artifact import read_artifact
from hardware.energy_memory import network_energy, snn_energy
from snn_depth.checkpoint import load_network
from snn_depth.data.datasets import RecordingDataset, collate
from snn_depth.metrics import depth_metrics
from tests.benchmarks.report.conftest import SPEC, Files


def test_all_networks_are_measured_on_the_same_samples(study: Study) -> None:
    names = ["SNN, integers", "SNN, float", "ANN twin, float", "ANN twin, 3-bit"]
    assert [m.contender.name for m in study.networks] == [*names, "RGB teacher, float"]
    assert len(study.samples) == 4 and study.samples.num_scenes == 2
    assert study.samples.scenes_B.tolist() == [0, 0, 1, 1]
    for measured in study.networks:
        assert measured.counts.num_samples == 4
        assert measured.scores_B["abs_rel"].shape == (4,)
    assert study.baseline is not None and study.baseline.contender.name == "ANN twin, 3-bit"
    assert [m.contender.name for m in study.quantized] == ["ANN twin, 3-bit"]
    assert set(study.audits) == {m.contender.name for m in study.others}


def test_artifact_sees_the_depth_that_the_student_sees(files: Files) -> None:
    network = load_network(files.student).network
    batch = collate([RecordingDataset(files.recordings, 16, 4)[i] for i in range(3)])
    with torch.inference_mode():
        expected = network.double()(batch["spikes"].double(), all_steps=True).depth_steps_m
    depths_m, workload = artifact_network(read_artifact(files.artifact), "float").run(batch)
    assert len(depths_m) == 4 and workload.num_samples == 3
    for found, step in zip(depths_m, expected, strict=True):
        torch.testing.assert_close(found.double(), step, rtol=1e-4, atol=1e-4)


def test_scores_are_those_of_each_sample(study: Study, files: Files) -> None:
    batch = collate([RecordingDataset(files.recordings, 16, 4)[3]])
    teacher = load_network(files.teacher).network
    with torch.inference_mode():
        depth_m = teacher(batch["rgb"]).depth_m
    metrics = depth_metrics(
        depth_m, batch["depth_m"], batch["valid_mask"], min_depth_m=1.0, max_depth_m=80.0
    )
    assert study.others[2].scores_B["abs_rel"][3] == pytest.approx(float(metrics["abs_rel"]))


def test_float_and_integer_networks_are_counted_alike(study: Study) -> None:
    assert study.snn_float is not None
    ours, theirs = study.snn.counts, study.snn_float.counts
    assert ours.num_synapses == theirs.num_synapses
    assert np.array_equal(ours.macs_B, theirs.macs_B)  # the input is the same
    assert np.array_equal(ours.binning_TB, theirs.binning_TB)
    assert ours.accumulations_B == pytest.approx(theirs.accumulations_B, rel=0.1)


def test_chip_is_loaded_with_all_samples(study: Study) -> None:
    run, counts = study.chip_run, study.snn.counts
    assert [t.layer for t in run.traffic] == [layer.name for layer in counts.layers]
    assert all(t.messages_B.shape == (4,) for t in run.traffic)
    for end in ("low", "high"):
        assert run.step_us(end).shape == (4, 4)
        # A lone sample also waits while it drains.
        assert (run.lone_sample_us(end) > run.step_us(end).sum(0)).all()
    assert (run.step_us("low") < run.step_us("high")).all()
    mean, busiest = run.synops_per_core
    assert (busiest >= mean).all()
    cores = [p.num_cores for p in run.core_map.partitions.values()]
    total = sum(float(m) * n for m, n in zip(mean, cores, strict=True))
    assert total * 4 == pytest.approx(float(counts.synops_B.mean()))


def test_local_memories_make_events_cheaper(study: Study) -> None:
    def total_pj(machine: object) -> float:
        energy = snn_energy(
            study.snn.counts,
            machine,  # type: ignore[arg-type]
            study.arithmetic.values,
            pipelined=True,
        )
        return float(network_energy(energy).total_pj.mean())

    whole_layers = replace(study.snn_machine, cores={})
    assert total_pj(study.snn_machine) < total_pj(whole_layers)
    assert study.snn_machine.input_bits == 3  # 4 frames per bin


def test_samples_are_spread_and_known_by_hash(files: Files) -> None:
    few = read_samples([files.recordings], SPEC, 2, files.recordings)
    assert few.indices == (0, 2) and few.scenes_B.tolist() == [0, 1]
    again = read_samples([files.recordings], SPEC, 2, files.recordings)
    all_of_them = read_samples([files.recordings], SPEC, 9, files.recordings)
    assert few.sha256 == again.sha256 != all_of_them.sha256
    with pytest.raises(ValueError, match="max_samples is 1; accepted: 2 or more"):
        read_samples([files.recordings], SPEC, 1, files.recordings)


def test_wrong_files_are_refused(files: Files, tmp_path: Path) -> None:
    options = {"chip": "loihi2", "max_samples": 4, "cache_dir": tmp_path}
    with pytest.raises(ValueError, match="spikes of Loihi 1 are binary"):
        make_study(files.artifact, [], [files.recordings], **options | {"chip": "loihi1"})  # type: ignore[arg-type]
    artifact = read_artifact(files.artifact)
    with pytest.raises(ValueError, match="provenance does not give 'largest_input'"):
        artifact_network(replace(artifact, provenance={}), "integer")
    with pytest.raises(ValueError, match="the artifact has no float graph"):
        artifact_network(replace(artifact, float_graph=None), "float")
    network = artifact_network(artifact, "integer")
    batch = collate([RecordingDataset(files.recordings, 16, 4)[0]])
    cropped = {"spikes": batch["spikes"][..., :16, :]}
    with pytest.raises(ValueError, match="4 steps of 16x48; the artifact takes 4 steps of 32x48"):
        network.run(cropped)
