import logging
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
import yaml

from snn_depth.models.predictor import DepthPredictor
from snn_depth.train import make_recipe
from snn_depth.training import stage as stage_module
from snn_depth.training import store as store_module
from snn_depth.training.checkpoint import load_network, save_network
from snn_depth.training.digests import RecipeDigests
from snn_depth.training.run import run_recipe
from snn_depth.training.store import StageStore, only_one_process, publish
from tests.benchmarks.tiny_recipe import Settings, tiny_settings

COMMIT = "abcdef0"  # that the code was at, without any change


def settings_in(folder: Path, **changes: object) -> Settings:
    """One teacher and its student; the run is in `folder/run`."""
    settings = tiny_settings() | {"output_dir": str(folder / "run")} | changes
    del settings["stages"]["ann_oracle"]
    return settings


def run(settings: Settings) -> Path:
    recipe, text = make_recipe(settings)
    run_recipe(recipe, text, resume=False)
    return Path(recipe.output_dir)


def store_of(settings: Settings, folder: Path) -> StageStore:
    recipe, text = make_recipe(settings)
    data = cache(lambda name: recipe.data[name]())
    return StageStore(RecipeDigests(recipe, text), data, seed=0, folder=folder)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "current_commit", lambda: COMMIT)
        run(settings_in(folder))
    return folder


def fail(*args: object, **kwargs: object) -> None:
    raise AssertionError("trained again")


def test_a_run_shows_what_is_in_the_store_beside_it(finished: Path) -> None:
    for name in ("rgb_teacher", "ann_source_only"):
        (stored,) = (finished / "stages").glob(f"{name}-*/seed_0/network.safetensors")
        shown = finished / "run" / "seed_0" / name / "network.safetensors"
        assert shown.samefile(stored), "a hard link"


def test_another_run_takes_a_stage_from_the_store(
    finished: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "current_commit", lambda: COMMIT)
    monkeypatch.setattr(stage_module.lightning, "Trainer", fail)
    with caplog.at_level(logging.INFO):
        again = run(settings_in(finished, output_dir=str(finished / "again")))
    name = "seed_0/ann_source_only/network.safetensors"
    assert (again / name).read_bytes() == (finished / "run" / name).read_bytes()
    said = [m for m in caplog.messages if m.startswith("stage ann_source_only: trained 20")]
    assert len(said) == 1 and " at commit " in said[0] and "/stages/ann_source_only-" in said[0]
    assert "the code is at" not in caplog.text
    # Another setting is another stage: only that one is trained.
    settings = settings_in(finished, output_dir=str(finished / "other"))
    settings["stages"]["ann_source_only"]["num_epochs"] = 1
    with pytest.raises(AssertionError, match="trained again"):
        run(settings)
    assert (finished / "other" / "seed_0" / "rgb_teacher" / "network.safetensors").is_file()


def test_code_that_changed_since_is_warned_about(
    finished: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store_module, "current_commit", lambda: "0123abc")
    with caplog.at_level(logging.WARNING):
        store_of(settings_in(finished), finished / "stages").network("ann_source_only")
    assert len(caplog.messages) == 1
    assert "stage ann_source_only was trained at commit" in caplog.text
    assert "and the code is at 0123abc" in caplog.text


def test_a_store_of_one_s_own(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, store=str(tmp_path / "elsewhere"))
    del settings["stages"]["rgb_teacher"]
    run(settings)
    assert list((tmp_path / "elsewhere").glob("ann_source_only-*/seed_0/network.safetensors"))
    assert not (tmp_path / "stages").exists()


def test_moved_data_trains_nothing_and_changed_data_does(tmp_path: Path) -> None:
    """What a stage is called in the store depends on what is in its data's files."""

    def folder_for(data: Path) -> Path:
        settings = tiny_settings()
        settings["data"]["train"] = {
            "class_path": "snn_depth.data.sets.recording_dataset.RecordingDataset",
            "init_args": {"paths": str(data)},
        }
        return store_of(settings, tmp_path / "stages").folder("ann_oracle")

    here = tmp_path / "here"
    here.mkdir()
    (here / "a.h5").write_bytes(b"a recording")
    before = folder_for(here)
    moved = here.rename(tmp_path / "there")
    assert folder_for(moved) == before
    (moved / "a.h5").write_bytes(b"a rEcording")
    assert folder_for(moved) != before
    with pytest.raises(ValueError, match=r"data set 'train': .*here does not exist; its"):
        folder_for(here)


def test_a_name_for_data_that_is_not_at_hand(tmp_path: Path) -> None:
    settings = tiny_settings() | {"data_identity": {"train": "my drives"}}
    folders = set()
    for place in ("here", "there"):
        settings["data"]["train"] = {
            "class_path": "snn_depth.data.sets.recording_dataset.RecordingDataset",
            "init_args": {"paths": str(tmp_path / place)},
        }
        folders.add(store_of(settings, tmp_path).folder("ann_oracle"))
    assert len(folders) == 1
    settings["data_identity"] = {"train": "other drives"}
    assert store_of(settings, tmp_path).folder("ann_oracle") not in folders
    with pytest.raises(ValueError, match="data_identity names 'trian'; the recipe has: train, val"):
        make_recipe(settings | {"data_identity": {"trian": "x"}})


def test_publishing_copies_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(*args: object) -> None:
        raise OSError("Invalid cross-device link")

    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "network.safetensors").write_bytes(b"network")
    (tmp_path / "a" / "last.ckpt").touch()
    monkeypatch.setattr(os, "link", no_link)
    publish(tmp_path / "a", tmp_path / "b")
    publish(tmp_path / "a", tmp_path / "b")
    assert [file.name for file in (tmp_path / "b").iterdir()] == ["network.safetensors"]
    assert (tmp_path / "b" / "network.safetensors").read_bytes() == b"network"
    assert not (tmp_path / "b" / "network.safetensors").samefile(tmp_path / "a/network.safetensors")


def test_several_processes_do_not_wait_together(tmp_path: Path) -> None:
    lock = tmp_path / "seed_0.lock"
    with only_one_process(lock, "stage full, seed 0"):
        with pytest.raises(ValueError, match="stage full, seed 0: another run is at it"):
            with only_one_process(lock, "stage full, seed 0", rank=0, num_ranks=2):
                pass
        with only_one_process(lock, "stage full, seed 0", rank=1, num_ranks=2):
            pass  # the first one of them locks for all


def test_a_stage_computes_with_stored_weights_as_its_own_network_does(finished: Path) -> None:
    store = store_of(settings_in(finished), finished / "stages")
    recipe = store.recipe
    made: list[DepthPredictor] = []

    def network() -> DepthPredictor:
        made.append(recipe.stages["rgb_teacher"].network())
        return made[-1]

    stages = recipe.stages | {"rgb_teacher": replace(recipe.stages["rgb_teacher"], network=network)}
    store.digests.recipe = replace(recipe, stages=stages)
    assert store.network("rgb_teacher") is made[-1]
    stored = store.stored("rgb_teacher").network.state_dict()
    assert all(torch.equal(v, stored[k]) for k, v in made[-1].state_dict().items())
    assert yaml.safe_load(store.stored("rgb_teacher").provenance["recipe"])["stages"]


@pytest.mark.parametrize("commit", [None, "0123abc-dirty"])
def test_uncommitted_code_is_warned_about(
    commit: str | None,
    finished: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_module, "current_commit", lambda: commit)
    (file,) = (finished / "stages").glob("ann_source_only-*/seed_0/network.safetensors")
    loaded = load_network(file)
    copy = tmp_path / "network.safetensors"
    save_network(copy, loaded.network, loaded.data, loaded.provenance | {"commit": commit})
    recipe, _ = make_recipe(settings_in(finished))
    store_module.finished_network(recipe.stages["ann_source_only"], copy, loaded.data)
    assert "is not known; remove" in caplog.text
