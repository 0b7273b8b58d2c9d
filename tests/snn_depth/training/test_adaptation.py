import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from torch.utils.data import DataLoader

from snn_depth.data.augment.sampler import EpochSampler
from snn_depth.data.sample import Sample, collate
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.objectives import AdaptiveNormalization, SelfCorrectingTeacherStudent
from snn_depth.training import stage as stage_module
from snn_depth.training.checkpoint import load_network
from snn_depth.training.module import DepthTraining
from snn_depth.training.run import run_recipe
from snn_depth.training.stage import training_samples

sys.path.insert(0, str(Path(__file__).parent))
from tiny_adaptation import TAP, DarkData, tiny_adaptation
from tiny_run import TinyData, assert_equal_weights, weights

STAGES = ("source_only", "ada_bn", "full")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    run_recipe(tiny_adaptation(folder), "tiny", resume=False)
    return folder


def is_statistic(name: str) -> bool:
    return "running" in name or name.endswith("num_batches_tracked")


def test_adaptive_normalization_changes_statistics_only(finished: Path) -> None:
    before, after = weights(finished, "source_only"), weights(finished, "ada_bn")
    for name, value in after.items():
        if is_statistic(name):
            assert "running" not in name or not torch.equal(value, before[name]), name
        else:
            assert torch.equal(value, before[name]), name
    adapted = load_network(finished / "seed_0/ada_bn/network.safetensors")
    assert adapted.provenance["trained_on"] == "train"
    assert adapted.provenance["adapted_to"] == "target"


class Killed(Exception):
    pass


def test_resume_after_a_kill_is_bit_exact(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Teacher, its buffers and its count, and the discriminator all come from the checkpoint.

    And with the count what is drawn for the source's style.
    """

    class Killer(stage_module.FiringRateWatch):
        def on_train_batch_start(self, trainer, module, batch, index):  # type: ignore[no-untyped-def]
            in_stage = "full" in str(trainer.checkpoint_callback.dirpath)
            if in_stage and trainer.current_epoch == 2 and index == 1:
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(stage_module, "FiringRateWatch", Killer)
        with pytest.raises(Killed):
            run_recipe(tiny_adaptation(tmp_path), "tiny", resume=False)
    (checkpoint,) = (tmp_path / "stages").glob("full-*/seed_0/last.ckpt")
    kept = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert kept["objective.teacher.num_updates"] == 8, "one per step of two epochs"
    run_recipe(tiny_adaptation(tmp_path), "tiny", resume=True)
    assert_equal_weights(finished, tmp_path, STAGES)


class Mislabelled(DarkData):
    """As the target, with other depth and without pictures."""

    def __getitem__(self, index: int) -> Sample:
        sample = super().__getitem__(index)
        view = sample["spikes"]
        return Sample({"spikes": view.replace(depth_m=1 + 3 * view.depth_m)})


@pytest.mark.slow
def test_neither_target_labels_nor_held_out_data_choose_anything(
    finished: Path, tmp_path: Path
) -> None:
    """With all of them exchanged, every network is the same bit for bit.

    The released code of BiCross (arXiv 2208.12527) keeps the epoch, and steps the learning rate,
    by the error on the test data.
    """
    recipe = tiny_adaptation(tmp_path)
    data = recipe.data | {
        "target": lambda: Mislabelled(6),
        "val": lambda: TinyData(5),
        "test": lambda: TinyData(4),
    }
    run_recipe(replace(recipe, data=data), "tiny", resume=False)
    assert_equal_weights(finished, tmp_path, STAGES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"target_label_share": 0.5},
        {
            "objective": partial(
                SelfCorrectingTeacherStudent, adversarial_tap=TAP, ramp_steps=3, style_probability=0
            )
        },
    ],
    ids=["visible labels", "without style"],
)
def test_settings_change_the_result(
    settings: dict[str, Any], finished: Path, tmp_path: Path
) -> None:
    run_recipe(tiny_adaptation(tmp_path, **settings), "tiny", resume=False)
    ours, theirs = weights(tmp_path, "full"), weights(finished, "full")
    assert any(not torch.equal(value, theirs[name]) for name, value in ours.items())


@pytest.mark.parametrize("accumulate", [1, 2])
def test_one_update_per_optimizer_step(accumulate: int) -> None:
    """Not one per micro-batch."""
    torch.manual_seed(0)
    stage = tiny_adaptation("unused").stages["full"]
    network = AnnDepthNet(channel_multipliers=(1, 2))
    objective = SelfCorrectingTeacherStudent(adversarial_tap=TAP)
    objective.setup(network, load=lambda name: network)
    loader = DataLoader(
        training_samples(stage, TinyData(8), DarkData(6), seed=0),
        batch_size=2,
        sampler=EpochSampler(8, batch_size=2, seed=0),
        collate_fn=collate,
    )
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        accumulate_grad_batches=accumulate,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(DepthTraining(network, objective, stage.optimizer, 4), loader)
    assert trainer.global_step == 4 // accumulate
    assert int(objective.teacher.num_updates) == 4 // accumulate
    assert not objective.teacher.network.training


def test_only_student_and_discriminator_are_optimised() -> None:
    network = AnnDepthNet(channel_multipliers=(1, 2))
    objective = SelfCorrectingTeacherStudent(adversarial_tap=TAP)
    objective.setup(network, load=lambda name: network)
    stage = tiny_adaptation("unused").stages["full"]
    module = DepthTraining(network, objective, stage.optimizer, 4)
    groups = module.configure_optimizers()["optimizer"].param_groups
    optimised = {id(p) for group in groups for p in group["params"]}
    expected = [*network.parameters(), *objective.discriminator.parameters()]
    assert optimised == {id(p) for p in expected}


def run_processes(num_ranks: int, folder: Path, *switched_off: str) -> list[list[list[str]]]:
    """Seed of the style and sum of the teacher of every process, update by update."""
    root = Path(__file__).parents[3]
    launch = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={num_ranks}"]
    program = str(Path(__file__).parent / "tiny_adaptation.py")
    subprocess.run(
        [sys.executable, *launch, program, str(folder), *switched_off],
        check=True,
        env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        timeout=600,
        capture_output=True,
    )
    files = [folder / f"teacher_{rank}.txt" for rank in range(num_ranks)]
    return [[line.split() for line in file.read_text().splitlines()] for file in files]


@pytest.mark.slow
def test_two_processes_adapt_one_network(tmp_path: Path) -> None:
    """Teachers move once per step and alike, style is drawn differently, AdaBN averages."""
    ours, theirs = run_processes(2, tmp_path)
    assert len(ours) == len(theirs) == 3 * 2, "three epochs of two steps"
    our_styles, our_teachers = zip(*ours, strict=True)
    their_styles, their_teachers = zip(*theirs, strict=True)
    assert our_teachers == their_teachers
    assert len(set(our_teachers)) == 6
    assert len({*our_styles, *their_styles}) == 2 * 6, "its own for each step and process"

    before, after = weights(tmp_path, "source_only"), weights(tmp_path, "ada_bn")
    stage = tiny_adaptation(tmp_path).stages["ada_bn"]
    network, objective = stage.network(), AdaptiveNormalization()
    network.load_state_dict(before)
    objective.setup(network.train(), load=lambda name: network)
    samples = training_samples(stage, TinyData(8), DarkData(6), seed=0)
    for rank in range(2):
        sampler = EpochSampler(8, batch_size=2, seed=0, rank=rank, num_ranks=2)
        for batch in DataLoader(samples, batch_size=2, sampler=sampler, collate_fn=collate):
            objective(network, batch)
    for name, value in network.state_dict().items():
        if "running" in name:
            torch.testing.assert_close(after[name], value, msg=name)
        elif not is_statistic(name):
            assert torch.equal(after[name], before[name]), name


@pytest.mark.slow
@pytest.mark.parametrize("off", ["adversarial_weight", "source_weight", "pseudo_label_weight"])
def test_two_processes_without_one_term(off: str, tmp_path: Path) -> None:
    """Every parameter that is left must get a gradient, or the processes refuse to go on."""
    ours, theirs = run_processes(2, tmp_path, off)
    assert [teacher for _, teacher in ours] == [teacher for _, teacher in theirs]
    assert len(ours) == 6
