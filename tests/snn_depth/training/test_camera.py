"""The camera that a network knows travels with it: table, `evaluate` and `predict` agree."""

import json
import logging
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.data.sets.window_dataset import WindowDataset
from snn_depth.data.spec import DataSpec
from snn_depth.evaluate import evaluate
from snn_depth.evaluation.metrics import METRIC_NAMES, depth_metrics
from snn_depth.objectives import (
    AdaptiveNormalization,
    SelfCorrectingTeacherStudent,
    SupervisedDepth,
)
from snn_depth.predict import predict
from snn_depth.training.checkpoint import load_network, save_network
from snn_depth.training.digests import RecipeDigests
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import run_recipe
from snn_depth.training.stage import camera_of
from snn_depth.training.store import StageStore

sys.path.insert(0, str(Path(__file__).parent))
from tiny_adaptation import TAP, student

SOURCE = DataSpec(32, 48, 20, 4, 20_000.0, 40.0)
TARGET = DataSpec(40, 56, 20, 4, 40_000.0, 60.0)
ADAPTED = ("adapted", "statistics", "oracle")


def recipe_with_two_lenses(folder: Path, **settings: Any) -> Recipe:
    """Recordings in `folder`, from one lens, size and rate to another."""

    def data(name: str) -> Callable[[], RecordingDataset]:
        return lambda: RecordingDataset(folder / f"{name}.h5", num_frames=20, num_bins=4)

    stage = partial(Stage, network=student, val_data="source", num_epochs=1, batch_size=2)
    to_target = partial(stage, train_data="source", target_data="target")
    scts = partial(SelfCorrectingTeacherStudent, adversarial_tap=TAP, ramp_steps=0)
    return Recipe(
        data={name: data(name) for name in ("source", "target", "test")},
        stages={
            each.name: each
            for each in (
                stage(name="source_only", objective=SupervisedDepth, train_data="source"),
                to_target(name="adapted", objective=scts, init_from="source_only"),
                to_target(name="statistics", objective=AdaptiveNormalization, init_from="adapted"),
                stage(name="oracle", objective=SupervisedDepth, train_data="target"),
                stage(
                    name="source_again",
                    objective=SupervisedDepth,
                    train_data="source",
                    init_from="adapted",
                ),
            )
        },
        output_dir=str(folder / "run"),
        engine=EngineSettings(accelerator="cpu", precision="32-true"),
        **settings,
    )


@pytest.fixture(scope="module")
def run(make_recording: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two_lenses")
    for name, spec in (("source", SOURCE), ("target", TARGET), ("test", TARGET)):
        make_recording(
            folder / f"{name}.h5",
            height=spec.height,
            width=spec.width,
            num_key_frames=4,
            focal_length_px=spec.focal_length_px,
            sample_rate_hz=spec.sample_rate_hz,
        )
    run_recipe(recipe_with_two_lenses(folder, as_is=["source_only"]), "tiny", resume=False)
    return folder


def checkpoint(run: Path, stage: str) -> Path:
    return run / "run" / "seed_0" / stage / "network.safetensors"


def metrics(file: Path) -> dict[tuple[str, str], dict[str, float]]:
    """By method and alignment."""
    rows = json.loads(file.read_text())["rows"]
    return {(row["method"], row["alignment"]): row["metrics"] for row in rows}


def assert_same(ours: dict[str, float], theirs: dict[str, float]) -> None:
    assert set(ours) == set(theirs) and ours
    for name, value in ours.items():
        assert value == pytest.approx(theirs[name], abs=1e-6, rel=1e-6), name


def test_the_camera_last_adapted_to_is_stored(run: Path) -> None:
    for stage in ADAPTED:
        assert load_network(checkpoint(run, stage)).data == TARGET, stage
    for stage in ("source_only", "source_again"):
        assert load_network(checkpoint(run, stage)).data == SOURCE, stage


@pytest.mark.parametrize(
    ("stage", "row"),
    [
        *((stage, stage) for stage in ADAPTED),
        ("source_again", "source_again"),
        ("source_only", "source_only_canonical_camera"),
    ],
)
def test_table_evaluate_and_predict_agree(stage: str, row: str, run: Path, tmp_path: Path) -> None:
    table = metrics(run / "run" / "results.json")
    evaluate(checkpoint(run, stage), [run / "test.h5"], output=tmp_path / "r.json", device="cpu")
    evaluated = metrics(tmp_path / "r.json")
    for alignment in ("none", "median"):
        assert_same(table[row, alignment], evaluated[stage, alignment])
    predict(
        run / "test.h5", checkpoint=checkpoint(run, stage), output=tmp_path / "out", device="cpu"
    )
    predicted_m = torch.from_numpy(np.load(tmp_path / "out" / "depth_m.npy"))[:, None]
    truth = [sample["spikes"].depth_m for sample in RecordingDataset(run / "test.h5", 20, 4)]
    target_m = torch.stack(truth)
    by_hand = depth_metrics(predicted_m, target_m, target_m > 0, min_depth_m=1.0, max_depth_m=80.0)
    means = {name: values.mean().item() for name, values in by_hand.items()}
    assert_same(means, {name: evaluated[stage, "none"][name] for name in METRIC_NAMES})


def test_as_they_are_is_another_row(run: Path) -> None:
    """Pictures of another lens straight into the network: what the row was before."""
    table = metrics(run / "run" / "results.json")
    loaded = load_network(checkpoint(run, "source_only"))
    errors = []
    for sample in RecordingDataset(run / "test.h5", 20, 4):
        with torch.no_grad():
            depth_m = loaded.network(sample["spikes"].image[:, None].float()).depth_m
        target_m = sample["spikes"].depth_m[None]
        found = depth_metrics(depth_m, target_m, target_m > 0, min_depth_m=1.0, max_depth_m=80.0)
        errors.append(found["abs_rel"].item())
    as_is = table["source_only", "none"]["abs_rel"]
    assert as_is == pytest.approx(np.mean(errors), rel=1e-6)
    resampled = table["source_only_canonical_camera", "none"]["abs_rel"]
    assert abs(as_is - resampled) > 1e-5
    assert not [name for name, _ in table if name.endswith("_camera") and "source_only" not in name]


def test_a_finished_stage_with_another_camera_is_corrected(
    run: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Earlier versions stored the source's with every network."""
    (file,) = (run / "stages").glob("adapted-*/seed_0/network.safetensors")
    stored = load_network(file)
    save_network(file, stored.network, SOURCE, stored.provenance)
    table = metrics(run / "run" / "results.json")
    evaluate(file, [run / "test.h5"], output=run / "wrong.json", device="cpu")
    wrong = metrics(run / "wrong.json")["adapted", "none"]["abs_rel"]
    assert abs(wrong - table["adapted", "none"]["abs_rel"]) > 1e-5, "what this is about"
    recipe = recipe_with_two_lenses(run)
    data = cache(lambda name: recipe.data[name]())
    store = StageStore(RecipeDigests(recipe, "tiny"), data, seed=0, folder=recipe.store_folder)
    with caplog.at_level(logging.WARNING):
        store.network("adapted")
    assert "its camera was DataSpec(height=32, width=48" in caplog.text
    corrected = load_network(file)
    assert (corrected.data, corrected.provenance) == (stored.data, stored.provenance)
    for name, value in corrected.network.state_dict().items():
        assert torch.equal(value, stored.network.state_dict()[name]), name


def test_a_network_adapted_to_windows_stays_with_the_training_camera(run: Path) -> None:
    """They are resampled to it, or taken for its pictures where the focal length is unknown."""
    adapted = recipe_with_two_lenses(run).stages["adapted"]
    for focal_length_px in (60.0, None):
        windows = WindowDataset(
            run / "target.h5", SOURCE, focal_length_px=focal_length_px, sample_rate_hz=40_000.0
        )
        spec = camera_of(adapted, {"target": windows}.__getitem__)
        assert spec.focal_lengths_px == (40.0, 40.0)
        assert spec.sample_rate_hz == 40_000.0
        shown = spec.canonical_camera(40, 56, (60.0, 60.0)).network_size
        assert shown == (27, 37)  # two thirds, as in training


def test_as_is_names_stages(run: Path) -> None:
    with pytest.raises(ValueError, match="as_is names 'cfkd'; the recipe has: source_only"):
        recipe_with_two_lenses(run, as_is=["cfkd"])
