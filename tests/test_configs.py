"""Every shipped recipe parses against the real signatures and builds its networks."""

from pathlib import Path

import pytest

from snn_depth.objectives import Objective
from snn_depth.train import make_parser
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
    ],
)
def test_mistakes_are_named(
    old: str, new: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (CONFIGS[0].parent / "debug.yaml").read_text()
    assert old in text
    (tmp_path / "bad.yaml").write_text(text.replace(old, new, 1))
    with pytest.raises(SystemExit) as exit_info:
        make_parser().parse_args(["--config", str(tmp_path / "bad.yaml")])
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err
