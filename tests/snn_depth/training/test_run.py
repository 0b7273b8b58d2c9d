import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.objectives import SupervisedDepth
from snn_depth.training import stage as stage_module
from snn_depth.training.checkpoint import load_network
from snn_depth.training.module import warmup_cosine
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import claim_output_folder, run_recipe

sys.path.insert(0, str(Path(__file__).parent))
from tiny_run import TinyData, assert_equal_weights, tiny_recipe


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    run_recipe(tiny_recipe(folder), "tiny", resume=False)
    return folder


def test_writes_networks_results_and_pictures(finished: Path) -> None:
    results = json.loads((finished / "results.json").read_text())
    methods = [r["method"] for r in results["rows"] if r["alignment"] == "none"]
    assert methods == [
        "constant_median",
        "row_median",
        "playback_to_rgb_teacher",
        "rgb_teacher",
        "source_only",
        "cfkd",
    ]
    student = next(r for r in results["rows"] if r["method"] == "cfkd")
    assert 0 < student["metrics"]["firing_rate"] < 1
    assert student["seed"] == 0 and results["schema_version"] == 1
    assert (finished / "seed_0" / "test.png").stat().st_size > 1000
    provenance = load_network(finished / "seed_0/cfkd/network.safetensors").provenance
    assert provenance["stage"] == "cfkd" and 0 < provenance["train_seconds"] < 1000
    assert "CPUs, torch" in provenance["machine"]
    assert not list(finished.rglob("*.ckpt")), "a finished stage needs no resume file"


def test_same_seed_same_weights(finished: Path, tmp_path: Path) -> None:
    run_recipe(tiny_recipe(tmp_path), "tiny", resume=False)
    assert_equal_weights(finished, tmp_path, ("rgb_teacher", "cfkd"))


class Killed(Exception):
    pass


@pytest.mark.parametrize(
    "stage_killed", [pytest.param("rgb_teacher", marks=pytest.mark.slow), "cfkd"]
)
def test_resume_after_a_kill_is_bit_exact(
    finished: Path, tmp_path: Path, stage_killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies in the second epoch of a stage, then continues from the end of the first."""

    class Killer(stage_module.FiringRateWatch):
        def on_train_batch_start(self, trainer, module, batch, index):  # type: ignore[no-untyped-def]
            in_stage = stage_killed in str(trainer.checkpoint_callback.dirpath)
            if in_stage and trainer.current_epoch == 1 and index == 2:
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(stage_module, "FiringRateWatch", Killer)
        with pytest.raises(Killed):
            run_recipe(tiny_recipe(tmp_path), "tiny", resume=False)
    (checkpoint,) = (tmp_path / "stages").glob(f"{stage_killed}-*/seed_0/last.ckpt")
    state = torch.load(checkpoint, weights_only=True)
    state["callbacks"]["Timer"]["time_elapsed"]["train"] += 1000  # as if it had been slow
    torch.save(state, checkpoint)
    run_recipe(tiny_recipe(tmp_path), "tiny", resume=True)
    assert_equal_weights(finished, tmp_path, ("rgb_teacher", "cfkd"))
    provenance = load_network(checkpoint.with_name("network.safetensors")).provenance
    assert provenance["train_seconds"] > 1000, "the time before the kill counts too"


def test_finished_stages_are_not_trained_again(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(stage_module.lightning, "Trainer", fail)
    run_recipe(tiny_recipe(finished), "tiny", resume=True)


def test_an_output_folder_is_never_overwritten(finished: Path) -> None:
    with pytest.raises(ValueError, match="already holds a run; continue it with --resume"):
        claim_output_folder(finished, "tiny", resume=False)
    with pytest.raises(ValueError, match="'tiny' became 'other'"):
        claim_output_folder(finished, "other", resume=True)


def run_processes(num_ranks: int, folder: Path) -> None:
    root = Path(__file__).parents[3]
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={num_ranks}"]
    subprocess.run(
        [sys.executable, *launch, str(Path(__file__).parent / "tiny_run.py"), str(folder)],
        check=True,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        timeout=240,
        capture_output=True,
    )


@pytest.mark.slow
def test_two_processes_train_one_network(tmp_path: Path) -> None:
    run_processes(2, tmp_path)
    results = json.loads((tmp_path / "results.json").read_text())
    assert {r["method"] for r in results["rows"]} >= {"rgb_teacher", "cfkd"}


@pytest.mark.parametrize(("devices", "world_size"), [(2, None), (1, "2")])
def test_launcher_and_settings_must_agree(
    devices: int, world_size: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if world_size is None:
        monkeypatch.delenv("WORLD_SIZE", raising=False)
    else:
        monkeypatch.setenv("WORLD_SIZE", world_size)
    recipe = tiny_recipe(tmp_path, engine=EngineSettings(devices=devices))
    with pytest.raises(ValueError, match="torchrun --nproc-per-node N"):
        run_recipe(recipe, "tiny", resume=False)


def test_a_run_that_never_began_does_not_block_its_folder(tmp_path: Path) -> None:
    claim_output_folder(tmp_path, "wrong", resume=False)
    claim_output_folder(tmp_path, "corrected", resume=False)
    assert (tmp_path / "recipe.yaml").read_text() == "corrected"


def test_networks_that_could_not_be_stored_are_refused_before_training(tmp_path: Path) -> None:
    class Mine(AnnDepthNet):
        pass

    recipe = tiny_recipe(tmp_path)
    stages = {"rgb_teacher": replace(recipe.first_stage, network=lambda: Mine("rgb"))}
    with pytest.raises(ValueError, match="Mine cannot be stored; accepted"):
        run_recipe(replace(recipe, stages=stages), "tiny", resume=False)


class Interrupter(stage_module.FiringRateWatch):
    def on_train_batch_start(self, *args: object) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_is_an_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_module, "FiringRateWatch", Interrupter)
    with pytest.raises(KeyboardInterrupt):
        run_recipe(tiny_recipe(tmp_path), "tiny", resume=False)


def test_recipe_names_are_checked() -> None:
    def recipe(**changes: object) -> Recipe:
        stage = Stage("a", AnnDepthNet, SupervisedDepth, **changes)  # type: ignore[arg-type]
        data = {"train": lambda: TinyData(1), "val": lambda: TinyData(1)}
        return Recipe(data=data, stages={"a": stage}, test_data=["val"])

    recipe()
    with pytest.raises(ValueError, match="stage 'a' names data 'x'; the recipe has: train, val"):
        recipe(train_data="x")
    with pytest.raises(ValueError, match="test_data names 'test'"):
        stage = Stage("a", AnnDepthNet, SupervisedDepth)
        Recipe(data={"train": lambda: TinyData(1)}, stages={"a": stage})
    with pytest.raises(ValueError, match="stages is empty"):
        Recipe(data={"test": lambda: TinyData(1)}, stages={})
    with pytest.raises(ValueError, match="needs 'b', which is neither another stage"):
        recipe(init_from="b")


def test_learning_rate_rises_then_falls_to_zero() -> None:
    rates = [warmup_cosine(step, 100, 0.1) for step in range(101)]
    assert rates[9] < 1 and max(rates) == rates[10] == 1
    assert rates[:11] == sorted(rates[:11]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == 0


def test_resuming_with_other_settings_is_refused_before_a_stage_is_over(tmp_path: Path) -> None:
    claim_output_folder(tmp_path, "before", resume=False)
    claim_output_folder(tmp_path, "before", resume=True)
    with pytest.raises(ValueError, match="'before' became 'after'"):
        claim_output_folder(tmp_path, "after", resume=True)
