"""Every shipped recipe parses against the real signatures and builds its networks."""

from pathlib import Path

import pytest

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
