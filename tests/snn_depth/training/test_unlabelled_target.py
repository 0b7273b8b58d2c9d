"""A recipe that adapts a network from a file to data without depth, as adapt_recording.yaml."""

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from snn_depth.data.augment.augmentation import Augmentation, AugmentedDataset
from snn_depth.data.augment.pairing import PairedDataset
from snn_depth.data.augment.strong_view import StrongView
from snn_depth.data.sample import Sample, View, collate
from snn_depth.evaluation.network_predictor import NetworkPredictor
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.objectives import SelfCorrectingTeacherStudent, SupervisedDepth
from snn_depth.training.checkpoint import load_network, save_network
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import run_recipe
from snn_depth.training.run_report import save_panels
from snn_depth.training.stage_scoring import score_stages

sys.path.insert(0, str(Path(__file__).parent))
from tiny_run import TinyData

VIEW = StrongView()


class Unlabelled(TinyData):
    """Averages of counts from a camera of another size, and nothing else."""

    def __getitem__(self, index: int) -> Sample:
        counts = super().__getitem__(index)["spikes"].image
        return Sample({"spikes": View(0.9 * counts[..., :29, :25].float())})


def network() -> SpikingDepthNet:
    return SpikingDepthNet(channel_multipliers=(1, 2))


def rgb_network() -> AnnDepthNet:
    return AnnDepthNet("rgb", channel_multipliers=(1, 2)).eval()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("networks") / "shipped.safetensors"
    torch.manual_seed(0)
    save_network(path, network(), TinyData.spec)
    return path


def recipe(output_dir: Path, shipped: Path, **changes: Any) -> Recipe:
    adapted = Stage(
        "adapted",
        network,
        partial(SelfCorrectingTeacherStudent, adversarial_tap="enc1b", ramp_steps=2),
        target_data="target",
        init_from=str(shipped),
        num_epochs=1,
        batch_size=2,
    )
    settings: dict[str, Any] = {
        "data": {
            "train": lambda: TinyData(4),
            "val": lambda: TinyData(2),
            "test": lambda: TinyData(3),
            "target": lambda: Unlabelled(3),
        },
        "stages": {adapted.name: adapted},
        "shown_data": ["target"],
        "compare_with": {"shipped": str(shipped)},
        "output_dir": str(output_dir),
        "store": f"{output_dir}/stages",
        "engine": EngineSettings(accelerator="cpu", precision="32-true"),
    }
    return Recipe(**settings | changes)


def load(settings: Recipe) -> Callable[[str], Any]:
    return lambda name: settings.data[name]()


def test_before_and_after_without_a_target_label(shipped: Path, tmp_path: Path) -> None:
    run_recipe(recipe(tmp_path, shipped), "tiny", resume=False)
    rows = json.loads((tmp_path / "results.json").read_text())["rows"]
    scores = {
        row["method"]: row["metrics"]["abs_rel"] for row in rows if row["alignment"] == "none"
    }
    assert list(scores) == ["constant_median", "row_median", "shipped", "adapted"]
    assert scores["shipped"] != scores["adapted"]
    assert {row["scenario"] for row in rows} == {"test"}
    for name in ("test", "target"):
        assert (tmp_path / "seed_0" / f"{name}.png").stat().st_size > 1000
    adapted = load_network(tmp_path / "seed_0/adapted/network.safetensors")
    assert adapted.provenance["adapted_to"] == "target"
    before = load_network(shipped).network.state_dict()
    assert any(not torch.equal(v, before[k]) for k, v in adapted.network.state_dict().items())


@pytest.mark.parametrize("keep_statistics", [True, False])
def test_whose_statistics_the_student_keeps(keep_statistics: bool) -> None:
    torch.manual_seed(0)
    student = network().train()
    before = {name: buffer.clone() for name, buffer in student.named_buffers()}
    objective = SelfCorrectingTeacherStudent(
        adversarial_tap="enc1b", keep_statistics=keep_statistics
    )
    objective.setup(student, lambda name: network())
    pairs = PairedDataset(AugmentedDataset(TinyData(4), Augmentation(), 0), Unlabelled(3), VIEW)
    terms = objective(student, collate([pairs[0, index] for index in range(4)]))
    assert set(terms) == {"depth", "uncertainty", "pseudo_label", "adversarial"}
    changed = [
        not torch.equal(buffer, before[name])
        for name, buffer in student.named_buffers()
        if "running_" in name
    ]
    assert len(changed) > 10
    assert not any(changed) if keep_statistics else all(changed)
    assert all(module.training for module in student.modules())


def test_crop_decides_what_is_scored(shipped: Path, tmp_path: Path) -> None:
    stored = load_network(shipped)
    network = NetworkPredictor(stored.network, stored.data)
    networks = {"shipped": network, "adapted": network}
    scores = {}
    for crop in ("none", "garg"):
        settings = recipe(tmp_path, shipped, crop=crop)
        rows = score_stages(settings, networks, load(settings), seed=0)
        scores[crop] = [row["metrics"]["abs_rel"] for row in rows]
        assert {row["crop"] for row in rows} == {crop}
    assert all(a != b for a, b in zip(scores["none"], scores["garg"], strict=True))


def test_networks_that_lack_their_input_are_left_out_of_the_picture(
    shipped: Path, tmp_path: Path
) -> None:
    """The unlabelled recordings have no RGB, which must not end a run after its training."""
    teacher = Stage("rgb_teacher", rgb_network, SupervisedDepth)
    settings = recipe(tmp_path, shipped, stages={teacher.name: teacher})
    stored = load_network(shipped)
    networks = {
        "rgb_teacher": NetworkPredictor(rgb_network(), stored.data),
        "shipped": NetworkPredictor(stored.network, stored.data),
    }
    save_panels(settings, networks, load(settings), tmp_path)
    assert (tmp_path / "target.png").stat().st_size > 1000


def test_mistakes_are_named_before_training(shipped: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="shown_data names 'targets'; the recipe has: train, val"):
        recipe(tmp_path, shipped, shown_data=["targets"])
    with pytest.raises(ValueError, match=r"compare_with names 'no\.safetensors', which is not a"):
        recipe(tmp_path, shipped, compare_with={"shipped": "no.safetensors"})
    with pytest.raises(ValueError, match="compare_with and a stage have the name 'adapted'"):
        recipe(tmp_path, shipped, compare_with={"adapted": str(shipped)})


def test_missing_data_show_before_any_training(shipped: Path, tmp_path: Path) -> None:
    made = []

    def make(name: str) -> TinyData:
        made.append(name)
        if name == "target":
            raise FileNotFoundError("folder not found: my_recordings")
        return TinyData(4)

    data = {name: partial(make, name) for name in ("train", "val", "test", "target", "unused")}
    settings = recipe(tmp_path, shipped, data=data)
    assert settings.data_names() == ["target", "test", "train", "val"]
    with pytest.raises(FileNotFoundError, match="my_recordings"):
        run_recipe(settings, "tiny", resume=False)
    assert made == ["target"]
