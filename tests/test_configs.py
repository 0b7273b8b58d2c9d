"""Every shipped recipe parses against the real signatures and builds its networks."""

import math
from pathlib import Path

import pytest
import yaml

from snn_depth.objectives import Objective
from snn_depth.train import main, make_parser
from snn_depth.training.recipe import Recipe

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("file", CONFIGS, ids=lambda f: f.stem)
def test_recipe_parses_and_builds(file: Path) -> None:
    parser = make_parser()
    config = parser.parse_args(["--config", str(file)])
    config.pop("config"), config.pop("resume")
    recipe = Recipe(**vars(parser.instantiate(config)))
    names = [stage.name for stage in recipe.stages]
    for position, stage in enumerate(recipe.stages):
        network = stage.network()
        objective = stage.objective()
        assert isinstance(objective, Objective)
        teacher = getattr(objective, "teacher_name", None)
        assert teacher is None or teacher in names[:position]
        assert network.graph.max_stride > 1


def test_pareto_networks_are_scored_on_the_bins_that_they_were_trained_on() -> None:
    """Twins sum them; a student with other bins than in training is another network."""
    recipe = yaml.safe_load((CONFIGS[0].parent / "pareto.yaml").read_text())
    kinds = set()
    for stage in recipe["stages"]:
        tests = stage.get("test_data", recipe["test_data"])
        names = [stage["train_data"], stage["val_data"], *tests]
        bins = {recipe["data"][name]["init_args"]["num_bins"] for name in names}
        assert len(bins) == 1, stage["name"]
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
        ("num_epochs: 2", "num_epoch: 2", "num_epoch"),
        ("num_epochs: 2", "num_epochs: lots", "lots"),
        ("input_key: rgb", "input_keys: rgb", "input_keys"),
        ("SpikingDepthNet", "SpikingDeepNet", "SpikingDeepNet"),
        ("domain: clear", "domian: clear", "domian"),
        ("teacher: rgb_teacher", "teacher: rgb_techer", "needs 'rgb_techer', which is neither"),
        ("init_from: ann_twin", "init_from: cfkd", "needs 'cfkd', which is neither"),
        ("num_epochs: 2", "num_epochs: 0", "num_epochs is 0; accepted: 1 or more"),
    ],
)
def test_mistakes_are_named(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = (CONFIGS[0].parent / "debug.yaml").read_text()
    assert old in text
    (tmp_path / "bad.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        main(["--config", str(tmp_path / "bad.yaml")])
