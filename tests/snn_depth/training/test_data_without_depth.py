"""Data without depth, and depth that a stage hides: trained on all the same, and said."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
from torch import Tensor

from snn_depth.data.sample import Batch, Sample
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.models.predictor import DepthPredictor
from snn_depth.objectives import Objective, SupervisedDepth
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import run_recipe
from snn_depth.training.stage import train_stage
from tests.snn_depth.training.tiny_run import TinyData

CPU = EngineSettings("cpu", precision="32-true")


class WithoutDepth(TinyData):
    def __getitem__(self, index: int) -> Sample:
        sample = super().__getitem__(index)
        return sample.replace("spikes", depth_m=None).replace("rgb", depth_m=None)


class Certainty(Objective):
    """Needs no depth: the network shall be sure of what it says."""

    seen: ClassVar[list[bool]] = []

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        self.seen.append(network.view(batch).has("depth_m"))
        return {"certainty": network(network.read(batch)).uncertainty.mean()}


def stage(objective: Callable[[], Objective] = Certainty, **settings: object) -> Stage:
    network = partial(SpikingDepthNet, channel_multipliers=(1, 2))
    return Stage("student", network, objective, **{"num_epochs": 1, "batch_size": 2, **settings})  # type: ignore[arg-type]


def train(folder: Path, one: Stage, data: TinyData, val: TinyData | None = None) -> DepthPredictor:
    return train_stage(
        one,
        data,
        val or TinyData(2),
        spec=data.spec,
        seed=0,
        folder=folder,
        load=lambda name: AnnDepthNet(),
        engine=CPU,
        provenance={},
    )


def test_a_run_on_data_without_depth_says_what_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = {name: lambda: WithoutDepth(4) for name in ("train", "val", "test")}
    recipe = Recipe(data=data, stages={"student": stage()}, output_dir=str(tmp_path), engine=CPU)
    with caplog.at_level(logging.INFO):
        run_recipe(recipe, "tiny", resume=False)
    for line in (
        "stage student: val has no depth; metrics are left out",
        "train has no depth; the median baselines are left out",
        "test has no depth; nothing is scored on it",
    ):
        assert caplog.messages.count(line) == 1
    assert json.loads((tmp_path / "results.json").read_text())["rows"] == []
    assert (tmp_path / "seed_0" / "test.png").is_file()
    assert (tmp_path / "seed_0" / "student" / "network.safetensors").is_file()


def test_what_has_depth_is_scored_beside_what_has_none(tmp_path: Path) -> None:
    data = {"train": lambda: WithoutDepth(4), "val": lambda: TinyData(2)}
    data |= {"test": lambda: TinyData(3), "bare": lambda: WithoutDepth(3)}
    recipe = Recipe(
        data=data,
        stages={"student": stage()},
        test_data=["test", "bare"],
        output_dir=str(tmp_path),
        engine=CPU,
    )
    run_recipe(recipe, "tiny", resume=False)
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert {(row["scenario"], row["method"]) for row in rows} == {("test", "student")}


@pytest.mark.parametrize("hidden", ["depth_m", "spikes.depth_m"])
def test_what_a_stage_hides_its_objective_cannot_read(hidden: str, tmp_path: Path) -> None:
    Certainty.seen.clear()
    train(tmp_path / "certainty", stage(hidden=[hidden]), TinyData(4))
    assert Certainty.seen == [False, False], "not even asked for"
    with pytest.raises(ValueError, match=r"'depth_m' is needed, but `hidden` of the stage hides"):
        train(tmp_path / "supervised", stage(SupervisedDepth, hidden=[hidden]), TinyData(4))
    with pytest.raises(ValueError, match=r"'spikes' is needed, but `hidden` of the stage hides"):
        train(tmp_path / "blind", stage(hidden=["spikes"]), TinyData(4))


def test_hiding_changes_nothing_else(tmp_path: Path) -> None:
    plain = train(tmp_path / "plain", stage(), TinyData(4))
    hidden = train(tmp_path / "hidden", stage(hidden=["depth_m", "rgb"]), TinyData(4))
    for name, value in plain.state_dict().items():
        assert value.equal(hidden.state_dict()[name]), name


def test_names_that_hide_nothing_are_refused(tmp_path: Path) -> None:
    for name in ("dept_m", "thermal", "spikes.image", "thermal.depth_m"):
        message = f"hidden names '{name}'; accepted: intrinsics, .*depth_m, .*spikes, rgb, or a"
        with pytest.raises(ValueError, match=message):
            train(tmp_path, stage(hidden=[name]), TinyData(4))
    with pytest.raises(ValueError, match=r"hides \['depth_m'\] and has a target_label_share"):
        replace(stage(), target_data="target", target_label_share=0.1, hidden=["depth_m"])


def test_a_data_set_of_dictionaries_is_told_what_to_return(tmp_path: Path) -> None:
    class Old(TinyData):
        def __getitem__(self, index: int) -> Sample:
            return {"spikes": super().__getitem__(index)["spikes"].image}  # type: ignore[return-value]

    with pytest.raises(ValueError, match=r"gave a dict; accepted: snn_depth\.data\.sample\.Sample"):
        train(tmp_path, stage(), Old(4))
