from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.accuracy.scenario import Scenario, read_scenarios
from tests.benchmarks.tiny_recipe import tiny_settings

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


def set_in(settings: Settings, *path_and_value: Any) -> None:
    *path, last, value = path_and_value
    for key in path:
        settings = settings[key]
    settings[last] = value


def test_rows_with_the_pictures_as_they_are_stay_valid(plain: Scenario, tmp_path: Path) -> None:
    """Those through the canonical camera are added beside them."""
    other = read(tmp_path, tiny_settings() | {"as_is": ["rgb_teacher", "ann_source_only"]})
    stages = list(plain.recipe.stages)
    assert list(map(other.digests.stage, stages)) == list(map(plain.digests.stage, stages))
    assert other.row_digests.items() >= plain.row_digests.items()
    added = {name for _, name in other.row_digests.keys() - plain.row_digests.keys()}
    assert added == {
        f"{name}_canonical_camera"
        for name in [*other.methods_of(other.recipe.stages["rgb_teacher"]), "ann_source_only"]
        if not name.endswith("_canonical_camera")
    }


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
