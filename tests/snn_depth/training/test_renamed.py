import logging
from importlib import import_module
from pathlib import Path

import pytest

from snn_depth.data.sets.recording_dataset import RecordingDataset
from snn_depth.train import parse_recipe
from snn_depth.training.renamed import MODULES, STAGES, current_names, first_names
from tests.snn_depth.training.test_recipe_file import TINY, write

OLD = "snn_depth.data.datasets.RecordingDataset"
NEW = "snn_depth.data.sets.recording_dataset.RecordingDataset"


def test_every_name_is_one_of_today() -> None:
    for table in (MODULES, STAGES):
        assert len(set(table.values())) == len(table), "it can be read backwards"
    for module in MODULES.values():
        import_module(module)


def test_there_and_back(caplog: pytest.LogCaptureFixture) -> None:
    old = {"data": [{"class_path": OLD}, {"class_path": OLD, "init_args": {"paths": "a.h5"}}]}
    new = {"data": [{"class_path": NEW}, {"class_path": NEW, "init_args": {"paths": "a.h5"}}]}
    with caplog.at_level(logging.WARNING):
        assert current_names(old) == new
    assert caplog.messages == [f"{OLD} is called {NEW} now"]
    assert first_names(new) == old and first_names(old) == old
    assert current_names(new) == new and len(caplog.messages) == 1
    assert first_names({"student_ada_bn": ["ann_scts_second_round", "mine"]}) == {
        "scts_start": ["ann_scts_again", "mine"]
    }
    assert current_names("scts_start") == "scts_start", "a user's stages keep their names"


def test_a_recipe_with_an_old_class_path_reads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = dict(TINY["data"]) | {"test": {"class_path": OLD, "init_args": {"paths": "a.h5"}}}
    with caplog.at_level(logging.WARNING):
        recipe, text, _ = parse_recipe(
            ["--config", write(tmp_path / "a.yaml", TINY | {"data": data})]
        )
    assert caplog.messages == [f"{OLD} is called {NEW} now"]
    assert NEW in text and OLD not in text
    with pytest.raises(ValueError, match=r"a\.h5 does not exist"):
        recipe.data["test"]()


def test_an_old_class_path_on_the_command_line(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", TINY)
    for option in ([f"--data.test={OLD}"], ["--data.test", OLD]):
        recipe, _, _ = parse_recipe(["--config", file, *option, "--data.test.paths", "a.h5"])
        with pytest.raises(ValueError, match=r"a\.h5 does not exist"):
            recipe.data["test"]()
    assert RecordingDataset.__module__ + ".RecordingDataset" == NEW
