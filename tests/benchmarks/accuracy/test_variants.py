import copy
import json
from pathlib import Path

import pytest
import yaml

from benchmarks.accuracy.__main__ import accuracy
from benchmarks.accuracy.scenario import Scenario, read_scenarios
from benchmarks.accuracy.variants import with_variants
from snn_depth.command.parser import call_command
from tests.benchmarks.tiny_recipe import VARIANTS, Settings, adaptation_settings, tiny_settings


def read(folder: Path, settings: Settings) -> Scenario:
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    return read_scenarios([file])[0]


@pytest.mark.slow
def test_a_stage_for_every_ablation(tmp_path: Path) -> None:
    scenario = read(tmp_path, adaptation_settings())
    before = copy.deepcopy(scenario.settings)
    made = with_variants(scenario)
    assert scenario.settings == before and made.name == scenario.name
    own = list(scenario.recipe.stages)
    stages = made.recipe.stages
    assert list(stages)[: len(own)] == own and len(stages) == len(own) + sum(
        map(len, VARIANTS.values())
    )
    for name in own:
        assert made.digests.stage(name) == scenario.digests.stage(name)
    assert len({made.digests.stage(name) for name in stages}) == len(stages)

    weights = ("pseudo_label_weight", "adversarial_weight", "style_probability")
    full = vars(stages["ann_full"].objective())
    for i, name in enumerate(("pseudo_labels", "adversarial", "target_style")):
        objective = vars(stages[f"ann_full_{name}_only"].objective())
        kept = tuple(objective[weight] == full[weight] > 0 for weight in weights)
        assert kept == tuple(j == i for j in range(3)), "and the others are off"
        assert [objective[w] for w in weights].count(0) == 2
    shares = [stages[f"ann_full_{p}_percent_labels"].target_label_share for p in (1, 5, 10)]
    assert shares == [0.01, 0.05, 0.1]
    assert {f"ann_full_{name}" for name in VARIANTS["safeguards"]} < stages.keys()


def test_a_recipe_that_adapts_nothing_has_none(tmp_path: Path) -> None:
    scenario = read(tmp_path, tiny_settings())
    assert with_variants(scenario) is scenario
    with pytest.raises(ValueError, match="tiny has no variants of an ANN that is scored; accepted"):
        call_command(accuracy, ["--recipe", str(tmp_path / "tiny.yaml"), "--ablations"])


def test_a_stage_that_only_prepares_others_is_not_ablated(tmp_path: Path) -> None:
    settings = adaptation_settings()
    settings["stages"]["ann_full"]["evaluate"] = False
    scenario = read(tmp_path, settings)
    assert with_variants(scenario) is scenario


@pytest.mark.slow
def test_rows_of_both_kinds_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read(tmp_path, adaptation_settings() | {"test_data": ["test"]})
    output = tmp_path / "results.json"
    command = ["--recipe", str(tmp_path / "tiny.yaml"), "--output", str(output), "--seeds", "1"]
    command += ["--work-dir", str(tmp_path / "work"), "--stages"]
    call_command(accuracy, [*command, "ann_full_5_percent_labels", "--ablations"])
    call_command(accuracy, [*command, "ann_full"])
    rows = json.loads(output.read_text())["rows"]
    assert {row["method"] for row in rows if row["network"] == "ann"} == {
        "full",
        "full_5_percent_labels",
    }
    assert "Ablations, abs_rel" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no recipe has a stage 'ann_full_5_percent_labels'"):
        call_command(accuracy, [*command, "ann_full_5_percent_labels"])
