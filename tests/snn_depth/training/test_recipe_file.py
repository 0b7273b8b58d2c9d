import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.train import make_recipe, parse_recipe
from snn_depth.training.recipe import training_order
from snn_depth.training.recipe_file import merge, read_recipe, stages_by_name

NETWORK = {"class_path": "snn_depth.models.depth_network.AnnDepthNet", "init_args": {"width": 32}}
SUPERVISED = {"class_path": "snn_depth.objectives.SupervisedDepth"}
TINY = {
    "data": {
        name: {
            "class_path": "tests.snn_depth.training.tiny_run.TinyData",
            "init_args": {"num_samples": 2},
        }
        for name in ("train", "val", "test")
    },
    "stages": {
        "first": {"network": NETWORK, "objective": SUPERVISED, "num_epochs": 5},
        "second": {"network": NETWORK, "objective": SUPERVISED, "init_from": "first"},
    },
}


def write(file: Path, content: Any) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return str(file)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    write(tmp_path / "base" / "tiny.yaml", TINY)
    return tmp_path


def test_merging_by_hand() -> None:
    below = {
        "seeds": [0, 1],
        "data": {"train": {"class_path": "A", "init_args": {"x": 1, "y": {"z": 2, "crop": [3]}}}},
        "optimizer": {"learning_rate": 1},
    }
    above = {
        "seeds": [2],
        "data": {"train": {"init_args": {"y": {"z": 4, "crop": None}}}, "val": {"class_path": "B"}},
        "optimizer": None,
        "never_there": None,
    }
    assert merge(below, above) == {
        "seeds": [2],
        "data": {
            # Within init_args null is a value: no crop.
            "train": {"class_path": "A", "init_args": {"x": 1, "y": {"z": 4, "crop": None}}},
            "val": {"class_path": "B"},
        },
    }
    assert below["seeds"] == [0, 1] and "optimizer" in below, "the recipes stay as they are"
    other_class = {"data": {"train": {"class_path": "C", "init_args": {"v": 1}}}}
    assert merge(below, other_class)["data"] == other_class["data"]
    same_class = {"data": {"train": {"class_path": "A", "init_args": {"x": 7}}}}
    assert merge(below, same_class)["data"]["train"]["init_args"]["y"]["z"] == 2


def test_a_recipe_builds_on_others(base: Path) -> None:
    write(
        base / "base" / "longer.yaml", {"base": "tiny.yaml", "stages": {"first": {"num_epochs": 9}}}
    )
    write(base / "seeds.yaml", {"seeds": [4], "stages": {"second": {"num_epochs": 3}}})
    mine = {"base": ["base/longer.yaml", "seeds.yaml"], "stages": {"second": {"num_epochs": 2}}}
    recipe, text, _ = parse_recipe(["--config", write(base / "mine.yaml", mine)])
    assert [(s.name, s.num_epochs) for s in recipe.stages.values()] == [("first", 9), ("second", 2)]
    assert recipe.seeds == [4] and "base" not in yaml.safe_load(text)
    network = recipe.stages["first"].network()
    assert isinstance(network, AnnDepthNet) and network.init_args["width"] == 32


def test_the_command_line_wins(base: Path) -> None:
    mine = write(base / "mine.yaml", {"base": "base/tiny.yaml"})
    more = write(base / "more.yaml", {"stages": {"first": {"num_epochs": 2}, "second": None}})
    options = ["--stages.first.num_epochs", "7", "--data.train.num_samples", "6"]
    recipe, _, resume = parse_recipe(["--config", mine, "--config", more, *options, "--resume"])
    assert list(recipe.stages) == ["first"] and resume
    assert recipe.stages["first"].num_epochs == 7
    assert len(recipe.data["train"]()) == 6 and len(recipe.data["val"]()) == 2  # type: ignore[arg-type]
    # Left to right: a later file wins over an option before it, where it says something else.
    options = ["--stages.first.num_epochs=7", "--seeds", "[3]", f"--config={more}"]
    recipe, _, _ = parse_recipe([f"--config={mine}", *options])
    assert recipe.stages["first"].num_epochs == 2 and recipe.seeds == [3]


def test_what_is_complete_reads_as_itself(base: Path) -> None:
    _, text, _ = parse_recipe(["--config", str(base / "base" / "tiny.yaml")])
    (base / "again.yaml").write_text(text)
    assert parse_recipe(["--config", str(base / "again.yaml")])[1] == text
    assert make_recipe(yaml.safe_load(text))[1] == text


def test_a_list_of_stages_still_reads(base: Path, caplog: pytest.LogCaptureFixture) -> None:
    stages: Any = TINY["stages"]
    as_list = [{"name": name} | stage for name, stage in stages.items()]
    old = write(base / "old.yaml", TINY | {"stages": as_list})
    with caplog.at_level(logging.WARNING):
        text = parse_recipe(["--config", old])[1]
    assert "old.yaml: a list of stages is read as before; write a mapping" in caplog.text
    assert text == parse_recipe(["--config", str(base / "base" / "tiny.yaml")])[1]
    assert make_recipe(TINY | {"stages": as_list})[1] == text
    with pytest.raises(ValueError, match=r"here: two stages have the name 'first'"):
        stages_by_name({"stages": 2 * as_list[:1]}, "here")
    with pytest.raises(ValueError, match=r"here: a stage of the list has no name"):
        stages_by_name({"stages": [stages["first"]]}, "here")


def test_order_of_stages() -> None:
    needs = {"full": ["again", "base"], "oracle": [], "base": [], "again": ["base"], "last": []}
    assert training_order(needs) == ["base", "again", "full", "oracle", "last"]
    free: dict[str, list[str]] = {name: [] for name in "cab"}
    assert training_order(free) == ["c", "a", "b"], "as in the file where nothing is needed"
    with pytest.raises(ValueError, match=r"'b' needs 'a', which is .* \(a needs b needs a\)"):
        training_order({"a": ["b"], "b": ["a"]})
    with pytest.raises(ValueError, match=r"'a' needs 'x', which is neither another stage \(a\) no"):
        training_order({"a": ["x"]})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"base": "none.yaml"}, r"recipe .*none\.yaml cannot be read"),
        ({"base": "mine.yaml"}, r"mine\.yaml builds on itself: mine\.yaml -> mine\.yaml"),
        ({"base": 3}, r"mine\.yaml: base is 3; accepted: a file, or a list of files"),
        ([1], r"mine\.yaml holds \[1\]; accepted: settings by name"),
        ({"stages": {"first": 3}}, r"mine\.yaml: stages.first is 3; accepted: settings of a stage"),
        (
            {"base": "base/tiny.yaml", "stages": {"first": {"num_epoch": 3}}},
            r"mine\.yaml: stages\.first: (.|\n)*'num_epoch' is not accepted",
        ),
        (
            {"base": "base/tiny.yaml", "data": {"val": {"init_args": {"num_sample": 3}}}},
            r"mine\.yaml: data\.val: (.|\n)*'num_sample' is not accepted",
        ),
        (
            {"base": "base/tiny.yaml", "variants_of": ["third"]},
            r"mine\.yaml: variants_of names 'third'; the recipe has: first, second",
        ),
    ],
)
def test_mistakes_name_file_and_key(content: Any, message: str, base: Path) -> None:
    with pytest.raises(ValueError, match=message):
        parse_recipe(["--config", write(base / "mine.yaml", content)])


def test_an_entry_twice_is_refused(base: Path) -> None:
    file = base / "mine.yaml"
    file.write_text("base: base/tiny.yaml\nstages:\n  first: {num_epochs: 1}\n  first: {}\n")
    with pytest.raises(ValueError, match=r"mine\.yaml cannot be read: 'first' twice(.|\n)*line 4"):
        read_recipe(file)
