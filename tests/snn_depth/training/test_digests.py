from pathlib import Path
from typing import Any

import pytest
import yaml

from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.train import parse_recipe
from snn_depth.training.checkpoint import save_network
from snn_depth.training.digests import RecipeDigests, digest, file_digest
from snn_depth.training.recipe import needed_networks
from tests.benchmarks.tiny_recipe import stage, tiny_settings

STAGES = ["rgb_teacher", "ann_source_only", "ann_oracle"]
Settings = dict[str, Any]


def read(folder: Path, settings: Settings) -> RecipeDigests:
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    return RecipeDigests(*parse_recipe(["--config", str(file)])[:2])


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> RecipeDigests:
    return read(tmp_path_factory.mktemp("recipe"), tiny_settings())


def changed(plain: RecipeDigests, *path_and_value: Any) -> RecipeDigests:
    """The same recipe but for one setting, without the second that reading it takes."""
    settings = yaml.safe_load(plain.text)
    set_in(settings, *path_and_value)
    return RecipeDigests(plain.recipe, yaml.safe_dump(settings))


def digests(of: RecipeDigests) -> list[str]:
    return [of.stage(name) for name in STAGES]


def set_in(settings: Settings, *path_and_value: Any) -> None:
    *path, last, value = path_and_value
    for key in path:
        settings = settings[key]
    settings[last] = value


def test_spelling_does_not_matter(plain: RecipeDigests, tmp_path: Path) -> None:
    """Comments, order of keys, how numbers are written, defaults written out."""
    settings = tiny_settings()
    settings["stages"]["ann_source_only"]["optimizer"] = {"learning_rate": "LR"}
    text = yaml.safe_dump(settings, sort_keys=False).replace("LR", "2.0e-3  # the default")
    (tmp_path / "other.yaml").write_text(f"# a comment\n\n{text}")
    other = RecipeDigests(*parse_recipe(["--config", str(tmp_path / "other.yaml")])[:2])
    assert digests(other) == digests(plain)
    assert digest({"a": 1, "b": [2, {"c": 3, "d": None}]}) == digest({"b": [2, {"c": 3}], "a": 1})
    assert digest([1, 2]) != digest([2, 1])


@pytest.mark.parametrize(
    "path_and_value",
    [
        ("data", "val", "init_args", "num_samples", 3),
        ("data", "test", "init_args", "num_samples", 5),
        ("stages", "ann_source_only", "val_data", "test"),
        ("stages", "ann_source_only", "evaluate", False),
        ("stages", "ann_source_only", "test_data", ["val"]),
        ("output_dir", "elsewhere"),
        ("seeds", [5]),
        ("test_data", ["test", "val"]),
        ("engine", "accelerator", "auto"),
    ],
    ids=str,
)
def test_what_only_watches_does_not_matter(path_and_value: Any, plain: RecipeDigests) -> None:
    assert digests(changed(plain, *path_and_value)) == digests(plain)


@pytest.mark.parametrize(
    ("path_and_value", "others"),
    [
        (("stages", "rgb_teacher", "optimizer", {"learning_rate": 1e-3}), ["rgb_teacher"]),
        (
            ("stages", "ann_source_only", "optimizer", {"learning_rate": 1e-3}),
            ["ann_source_only", "ann_oracle"],
        ),
        (("stages", "ann_oracle", "optimizer", {"learning_rate": 1e-3}), ["ann_oracle"]),
        (("stages", "ann_oracle", "target_label_share", 0.5), ["ann_oracle"]),
        (("stages", "ann_oracle", "target_data", "target"), ["ann_oracle"]),
        (
            ("stages", "ann_source_only", "network", "init_args", "width", 32),
            ["ann_source_only", "ann_oracle"],
        ),
        (("data", "target", "init_args", "num_samples", 5), ["ann_oracle"]),
        (("data", "train", "init_args", "num_samples", 6), STAGES),
        (("engine", "precision", "bf16-mixed"), STAGES),
    ],
    ids=str,
)
def test_what_determines_a_network_matters(
    path_and_value: Any, others: list[str], plain: RecipeDigests
) -> None:
    before, after = digests(plain), digests(changed(plain, *path_and_value))
    assert [n for n, a, b in zip(STAGES, before, after, strict=True) if a != b] == others


def test_an_objective_s_teacher_matters(tmp_path: Path) -> None:
    objective = {
        "class_path": "snn_depth.objectives.CrossModalityDistillation",
        "init_args": {"teacher": "rgb_teacher"},
    }
    settings = tiny_settings()
    settings["stages"] |= stage("cfkd", objective=objective)
    with_cfkd = read(tmp_path, settings)
    cfkd = with_cfkd.recipe.stages["cfkd"]
    assert needed_networks(cfkd, cfkd.objective()) == ["rgb_teacher"]
    other_teacher = changed(with_cfkd, "stages", "rgb_teacher", "num_epochs", 3)
    assert other_teacher.stage("cfkd") != with_cfkd.stage("cfkd")
    assert other_teacher.stage("ann_oracle") == with_cfkd.stage("ann_oracle")


def test_a_file_counts_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "start.safetensors"
    settings = tiny_settings()
    settings["stages"]["ann_source_only"]["init_from"] = str(file)
    save_network(file, AnnDepthNet(channel_multipliers=(1, 2)), DataSpec())
    first = read(tmp_path, settings)
    before = file_digest(str(file)), *digests(first)
    save_network(file, AnnDepthNet(channel_multipliers=(1, 2)), DataSpec())
    again = RecipeDigests(first.recipe, first.text)
    after = file_digest(str(file)), *digests(again)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, False, False]


def test_settings_that_came_later_are_no_content_where_they_are_not_used(
    plain: RecipeDigests,
) -> None:
    """Else whoever has trained networks would have to train them anew."""
    assert plain.settings is not None
    for one in plain.settings["stages"].values():
        assert one.get("test_data") is None
        assert one["objective"]["init_args"].get("synops_weight") is None
