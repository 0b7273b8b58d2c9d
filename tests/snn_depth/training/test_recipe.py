import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.objectives import (
    AdaptiveNormalization,
    Objective,
    SelfCorrectingTeacherStudent,
    SupervisedDepth,
)
from snn_depth.training.recipe import Recipe, Stage, stage_of

sys.path.insert(0, str(Path(__file__).parent))
from tiny_run import TinyData


def recipe(objective: Callable[[], Objective], **settings: Any) -> Recipe:
    data = {name: lambda: TinyData(2) for name in ("train", "val", "test", "target")}
    return Recipe(data=data, stages={"full": Stage("full", AnnDepthNet, objective, **settings)})


def test_target_of_a_stage_is_checked_with_the_recipe() -> None:
    stage = recipe(SelfCorrectingTeacherStudent, target_data="target").stages["full"]
    assert stage.target_label_share == 0
    with pytest.raises(
        ValueError, match="'full' names data 'fog'; the recipe has: train, val, test, target"
    ):
        recipe(SelfCorrectingTeacherStudent, target_data="fog")


@pytest.mark.parametrize("objective", [SelfCorrectingTeacherStudent, AdaptiveNormalization])
def test_an_objective_that_adapts_needs_a_target(objective: type[Objective]) -> None:
    message = f"stage 'full': {objective.__name__} adapts to a target; name its data in target_data"
    with pytest.raises(ValueError, match=message):
        recipe(objective)


def test_a_target_that_is_not_read_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        recipe(SupervisedDepth)
        recipe(SelfCorrectingTeacherStudent, target_data="target")
        assert not caplog.messages
        recipe(SupervisedDepth, target_data="target")
    assert caplog.messages == [
        "stage 'full': target_data 'target' is ignored, since SupervisedDepth does not read it"
    ]


def test_a_network_without_statistics_of_its_own_is_not_scored() -> None:
    def separate() -> Objective:
        return SelfCorrectingTeacherStudent(separate_statistics=True)

    recipe(separate, target_data="target", evaluate=False)
    with pytest.raises(ValueError, match=r"'full' is scored with .* accepted: evaluate: false, an"):
        recipe(separate, target_data="target")


@pytest.mark.parametrize("share", [-0.1, 1.01, float("nan")])
def test_label_share_out_of_range(share: float) -> None:
    with pytest.raises(
        ValueError, match=f"stage 'full': target_label_share is {share}; accepted: 0 to 1"
    ):
        recipe(SelfCorrectingTeacherStudent, target_data="target", target_label_share=share)


def test_a_stage_may_have_test_data_of_its_own() -> None:
    own = recipe(SupervisedDepth, test_data=["target", "val"])
    assert own.test_data == ["test"]
    assert own.tests_of(own.first_stage) == ["target", "val"]
    assert own.test_names() == ["test", "target", "val"]
    assert set(own.data_names()) == {"train", "val", "test", "target"}
    usual = recipe(SupervisedDepth)
    assert usual.tests_of(usual.first_stage) == usual.test_names() == ["test"]


def test_test_data_of_a_stage_is_checked_with_the_recipe() -> None:
    with pytest.raises(ValueError, match="'full' names data 'fog'; the recipe has: train, val"):
        recipe(SupervisedDepth, test_data=["fog"])
    with pytest.raises(ValueError, match="'full': test_data is empty; accepted: one or more"):
        recipe(SupervisedDepth, test_data=[])


def test_labels_need_a_target_to_be_of() -> None:
    with pytest.raises(ValueError, match="'full' has a target_label_share, but no target_data"):
        recipe(SupervisedDepth, target_label_share=0.1)


def test_a_file_in_a_folder_called_as_a_stage_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert stage_of("full", ["full"]) == "full"
    assert stage_of("full/pose", ["full"]) == "full"
    assert stage_of("elsewhere/pose", ["full"]) is None
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "network.safetensors").write_bytes(b"")
    assert stage_of("full/network.safetensors", ["full"]) is None
