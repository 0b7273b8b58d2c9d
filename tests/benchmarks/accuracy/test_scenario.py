from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.accuracy.scenario import Scenario, data_content, digest, file_digest, read_scenarios
from snn_depth.data.sets.world_dataset import WorldDataset
from snn_depth.data.spec import DataSpec
from snn_depth.data.world.config import WORLD_VERSION
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.training.checkpoint import save_network
from tests.benchmarks.tiny_recipe import stage, tiny_settings

STAGES = ["rgb_teacher", "ann_source_only", "ann_oracle"]
Settings = dict[str, Any]


def read(folder: Path, settings: Settings) -> Scenario:
    file = folder / "tiny.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    return read_scenarios([file])[0]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    return read(tmp_path_factory.mktemp("recipe"), tiny_settings())


def changed(plain: Scenario, *path_and_value: Any) -> Scenario:
    """The same recipe but for one setting, without the second that reading it takes."""
    settings = yaml.safe_load(plain.text)
    set_in(settings, *path_and_value)
    return Scenario(plain.name, plain.recipe, yaml.safe_dump(settings, sort_keys=False))


def digests(scenario: Scenario) -> list[str]:
    return [scenario.stage_digest(name) for name in STAGES]


def set_in(settings: Settings, *path_and_value: Any) -> None:
    *path, last, value = path_and_value
    for key in path:
        settings = settings[key]
    settings[last] = value


def test_spelling_does_not_matter(plain: Scenario, tmp_path: Path) -> None:
    """Comments, order of keys, how numbers are written, defaults written out."""
    settings = tiny_settings()
    settings["stages"]["ann_source_only"]["optimizer"] = {"learning_rate": "LR"}
    text = yaml.safe_dump(settings, sort_keys=False).replace("LR", "2.0e-3  # the default")
    (tmp_path / "other.yaml").write_text(f"# a comment\n\n{text}")
    (other,) = read_scenarios([tmp_path / "other.yaml"])
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
def test_what_only_watches_does_not_matter(path_and_value: Any, plain: Scenario) -> None:
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
    path_and_value: Any, others: list[str], plain: Scenario
) -> None:
    before, after = digests(plain), digests(changed(plain, *path_and_value))
    assert [n for n, a, b in zip(STAGES, before, after, strict=True) if a != b] == others


def test_rows_with_the_pictures_as_they_are_stay_valid(plain: Scenario, tmp_path: Path) -> None:
    """Those through the canonical camera are added beside them."""
    other = read(tmp_path, tiny_settings() | {"as_is": ["rgb_teacher", "ann_source_only"]})
    assert digests(other) == digests(plain)
    assert other.row_digests.items() >= plain.row_digests.items()
    added = {name for _, name in other.row_digests.keys() - plain.row_digests.keys()}
    assert added == {
        f"{name}_canonical_camera"
        for name in [*other.methods_of(other.stage("rgb_teacher")), "ann_source_only"]
        if not name.endswith("_canonical_camera")
    }


def test_an_objective_s_teacher_matters(tmp_path: Path) -> None:
    objective = {
        "class_path": "snn_depth.objectives.CrossModalityDistillation",
        "init_args": {"teacher": "rgb_teacher"},
    }
    settings = tiny_settings()
    settings["stages"] |= stage("cfkd", objective=objective)
    scenario = read(tmp_path, settings)
    assert scenario.needed_networks(scenario.stage("cfkd")) == ["rgb_teacher"]
    other_teacher = changed(scenario, "stages", "rgb_teacher", "num_epochs", 3)
    assert other_teacher.stage_digest("cfkd") != scenario.stage_digest("cfkd")
    assert other_teacher.stage_digest("ann_oracle") == scenario.stage_digest("ann_oracle")


def test_a_file_counts_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "start.safetensors"
    settings = tiny_settings()
    settings["stages"]["ann_source_only"]["init_from"] = str(file)
    save_network(file, AnnDepthNet(channel_multipliers=(1, 2)), DataSpec())
    first = read(tmp_path, settings)
    before = file_digest(str(file)), *digests(first)
    save_network(file, AnnDepthNet(channel_multipliers=(1, 2)), DataSpec())
    again = Scenario(first.name, first.recipe, first.text)
    after = file_digest(str(file)), *digests(again)
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, False, False]


def test_places_and_processes_are_no_content() -> None:
    world = {"domain": "clear", "seed": 1}
    settings = {
        "class_path": "snn_depth.data.sets.world_dataset.WorldDataset",
        "init_args": {"world": world, "cache_dir": "here", "num_workers": 2, "num_bins": 8},
    }
    content = data_content(settings)
    assert content["init_args"] == {"world": world, "num_bins": 8}
    assert content["version"] == WorldDataset.version == WORLD_VERSION
    other = deepcopy(settings)
    other["init_args"]["cache_dir"] = "there"  # type: ignore[index]
    assert data_content(other) == content


def test_rows_depend_on_network_test_data_and_scoring(plain: Scenario) -> None:
    rows = plain.row_digests
    names = ["constant_median", "row_median", "playback_to_rgb_teacher", *STAGES]
    assert list(rows) == [("test", name) for name in names]

    def differ(*path_and_value: Any) -> set[str]:
        others = changed(plain, *path_and_value).row_digests
        return {name for test, name in rows if rows[test, name] != others[test, name]}

    assert differ("data", "test", "init_args", "num_samples", 4) == {*names}
    assert differ("data", "train", "init_args", "num_samples", 6) == {*names}
    assert differ("data", "val", "init_args", "num_samples", 6) == set()
    assert differ("stages", "ann_oracle", "num_epochs", 5) == {"ann_oracle"}
    assert differ("stages", "rgb_teacher", "num_epochs", 5) == {
        "rgb_teacher",
        "playback_to_rgb_teacher",
    }
    assert differ("score_like_this", True) == {*names}, "what a recipe may say one day"


def test_settings_that_came_later_are_no_content_where_they_are_not_used(plain: Scenario) -> None:
    """Else whoever has trained networks would have to train them anew."""
    for one in plain.settings["stages"].values():
        assert one.get("test_data") is None
        assert one["objective"]["init_args"].get("synops_weight") is None


def test_a_stage_with_test_data_of_its_own_has_rows_of_it_only(tmp_path: Path) -> None:
    settings = tiny_settings()
    settings["stages"]["ann_oracle"]["test_data"] = ["val"]
    rows = list(read(tmp_path, settings).row_digests)
    assert ("val", "ann_oracle") in rows and ("test", "ann_oracle") not in rows
    assert [name for test, name in rows if test == "val"] == ["ann_oracle"]
    assert ("test", "row_median") in rows and ("test", "ann_source_only") in rows


def test_caps_of_depth_are_the_first_stage_s(plain: Scenario, tmp_path: Path) -> None:
    settings = tiny_settings()
    settings["stages"]["rgb_teacher"]["network"]["init_args"]["max_depth_m"] = 40.0
    capped = read(tmp_path, settings)
    assert (capped.depth_range.max_depth_m, plain.depth_range.max_depth_m) == (40.0, 80.0)
    assert all(capped.row_digests[key] != value for key, value in plain.row_digests.items())


def test_bad_recipes(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    with pytest.raises(ValueError, match=r"tiny\.yaml"):
        read_scenarios([file])
    file.write_text(yaml.safe_dump(tiny_settings()))
    with pytest.raises(ValueError, match="two recipes are called 'tiny'; accepted: one of each"):
        read_scenarios([file, file])
    file.write_text(yaml.safe_dump(tiny_settings() | {"engine": {"devices": 2}}))
    with pytest.raises(ValueError, match=r"asks for 2 processes .*; accepted: 1 \(start"):
        read_scenarios([file])
    file.write_text("stages: [")
    with pytest.raises(ValueError, match=r"tiny\.yaml cannot be read: while parsing"):
        read_scenarios([file])
