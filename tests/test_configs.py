"""Every shipped recipe parses against the real signatures and builds its networks."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.accuracy.scenario import digest
from snn_depth.objectives import Objective
from snn_depth.train import main, parse_recipe
from snn_depth.training.recipe import Recipe
from snn_depth.training.recipe_file import read_recipe
from snn_depth.training.renamed import NEW_SETTINGS, first_names

FOLDER = Path(__file__).parents[1] / "configs"
CONFIGS = sorted(FOLDER.glob("*.yaml"))
SCENARIOS = (
    *("extreme_weather_fog", "extreme_weather_rain", "scene_changing", "real_spike"),
    *("synthetic_to_real", "kitti_sequence", "seven_scenes", "driving_stereo_weather"),
    *("kitti_to_driving_stereo", "nyu_to_respike", "vkitti2_to_kitti"),
)
# Digests of the settings that the recipes had, complete, before they built on each other.
SETTINGS = json.loads((Path(__file__).parent / "data" / "recipe_settings.json").read_text())


def first_form(recipe: Recipe, text: str) -> Any:
    """Complete settings with the names and in the form of the first version: stages in a list."""
    settings = yaml.safe_load(text)
    settings["stages"] = [settings["stages"][name] for name in recipe.stages]
    return first_names({k: v for k, v in settings.items() if k not in NEW_SETTINGS})


@pytest.mark.parametrize("file", CONFIGS, ids=lambda f: f.stem)
def test_recipe_parses_and_builds_with_the_same_settings_as_before(file: Path) -> None:
    recipe, text, _ = parse_recipe(["--config", str(file)])
    names = list(recipe.stages)
    for position, stage in enumerate(recipe.stages.values()):
        network = stage.network()
        objective = stage.objective()
        assert isinstance(objective, Objective)
        teacher = getattr(objective, "teacher_name", None)
        assert teacher is None or teacher in names[:position]
        assert network.graph.max_stride > 1
    assert digest(first_form(recipe, text)) == SETTINGS[file.stem]


def test_a_changed_setting_or_order_would_be_seen() -> None:
    changes = ["--stages.cfkd.num_epochs", "3"], ["--stages.cfkd.init_from", "rgb_teacher"]
    for change in changes:
        recipe, text, _ = parse_recipe(["--config", str(FOLDER / "debug.yaml"), *change])
        assert digest(first_form(recipe, text)) != SETTINGS["debug"]
    recipe, text, _ = parse_recipe(["--config", str(FOLDER / "debug.yaml")])
    settings = first_form(recipe, text)
    settings["stages"].reverse()
    assert digest(settings) != SETTINGS["debug"]


def test_recipes_stay_short() -> None:
    def num_lines(files: list[Path]) -> int:
        return sum(len(file.read_text().splitlines()) for file in files)

    bases = {"bicross", "embedded", "target_statistics"}
    files = [FOLDER / f"{name}.yaml" for name in SCENARIOS]
    assert num_lines(files + [FOLDER / "base" / f"{name}.yaml" for name in bases]) < 883
    assert num_lines([*FOLDER.rglob("*.yaml")]) <= 1500


def test_pareto_networks_are_scored_on_the_bins_that_they_were_trained_on() -> None:
    """Twins sum them; a student with other bins than in training is another network."""
    recipe = read_recipe(FOLDER / "pareto.yaml")
    kinds = set()
    for name, stage in recipe["stages"].items():
        tests = stage.get("test_data", recipe["test_data"])
        sets = [stage["train_data"], stage["val_data"], *tests]
        bins = {recipe["data"][one]["init_args"]["num_bins"] for one in sets}
        assert len(bins) == 1, name
        arguments = stage["network"]["init_args"]
        if "SpikingDepthNet" in stage["network"]["class_path"]:
            kinds.add(f"{bins.pop()} steps")
        elif "activation_bits" in arguments:
            kinds.add(f"{arguments['activation_bits']} bits")
    fair_bits = {f"{math.ceil(math.log2(steps + 1))} bits" for steps in (8, 4, 2, 1)}
    assert kinds >= {f"{steps} steps" for steps in (8, 4, 2, 1)} | fair_bits


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("num_epochs: 8", "num_epoch: 8", r"bad.yaml: stages.rgb_teacher: (.|\n)*num_epoch"),
        ("num_epochs: 8", "num_epochs: lots", "lots"),
        ("input_key: rgb", "input_keys: rgb", "input_keys"),
        ("SpikingDepthNet", "SpikingDeepNet", "SpikingDeepNet"),
        ("domain: clear", "domian: clear", r"bad.yaml: data.train: (.|\n)*domian"),
        ("teacher: rgb_teacher", "teacher: rgb_techer", "needs 'rgb_techer', which is neither"),
        ("init_from: ann_twin", "init_from: cfkd", "needs 'cfkd', which is neither"),
        ("num_epochs: 8", "num_epochs: 0", "num_epochs is 0; accepted: 1 or more"),
    ],
)
def test_mistakes_are_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = (FOLDER / "default.yaml").read_text()
    assert old in text
    (tmp_path / "bad.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        main(["--config", str(tmp_path / "bad.yaml")])
