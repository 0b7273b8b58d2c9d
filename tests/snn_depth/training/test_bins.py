"""A recipe whose networks differ in time bins and bits, from the float twin to the table."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch

from snn_depth.data.sample import Sample
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.models.predictor import DepthPredictor
from snn_depth.models.quantized_twin import QuantizedAnnDepthNet
from snn_depth.objectives import SupervisedDepth
from snn_depth.training import stage as stage_module
from snn_depth.training.callbacks import silence_irrelevant_warnings
from snn_depth.training.checkpoint import load_network
from snn_depth.training.digests import RecipeDigests
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import run_recipe
from snn_depth.training.store import StageStore, publish

sys.path.insert(0, str(Path(__file__).parent))
from tiny_run import TinyData, assert_equal_weights, by_name

SMALL = {"channel_multipliers": (1, 2)}


class OneBin(TinyData):
    """The same, both bins in one."""

    spec = replace(TinyData.spec, num_bins=1)

    def __getitem__(self, index: int) -> Sample:
        sample = super().__getitem__(index)
        return sample.replace("spikes", image=sample["spikes"].image.sum(0, keepdim=True))


def stage(name: str, network: Callable[[], DepthPredictor], **settings: Any) -> Stage:
    return Stage(name, network, SupervisedDepth, **{"num_epochs": 1, "batch_size": 2, **settings})


def quantised(init_from: str) -> Stage:
    network = partial(QuantizedAnnDepthNet, 2, **SMALL)
    return stage("qnn", network, init_from=init_from, num_epochs=2)


def recipe(output_dir: Path, *stages: Stage) -> Recipe:
    return Recipe(
        data={
            "train": lambda: TinyData(4),
            "val": lambda: TinyData(2),
            "test": lambda: TinyData(3),
            "train_1": lambda: OneBin(4),
            "val_1": lambda: OneBin(2),
            "test_1": lambda: OneBin(3),
        },
        stages=by_name(*stages),
        output_dir=str(output_dir),
        store=f"{output_dir}/stages",
        engine=EngineSettings(accelerator="cpu", precision="32-true"),
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    one_bin = {"train_data": "train_1", "val_data": "val_1", "test_data": ["test_1"]}
    whole = recipe(
        folder,
        stage("ann", partial(AnnDepthNet, **SMALL)),
        stage("snn_1", partial(SpikingDepthNet, **SMALL), init_from="ann", **one_bin),
        quantised("ann"),
    )
    run_recipe(whole, "bins", resume=False)
    return folder


def test_every_network_is_scored_on_its_own_bins(finished: Path) -> None:
    rows = json.loads((finished / "results.json").read_text())["rows"]
    found = [(row["scenario"], row["method"]) for row in rows if row["alignment"] == "none"]
    assert found == [
        ("test", "constant_median"),
        ("test", "row_median"),
        ("test", "ann"),
        ("test", "qnn"),
        ("test_1", "snn_1"),
    ]
    for name in ("test", "test_1"):
        assert (finished / "seed_0" / f"{name}.png").stat().st_size > 1000


def test_spec_and_bits_are_stored(finished: Path) -> None:
    bins = {}
    for name in ("ann", "snn_1", "qnn"):
        loaded = load_network(finished / "seed_0" / name / "network.safetensors")
        bins[name] = loaded.data.num_bins
    assert bins == {"ann": 2, "snn_1": 1, "qnn": 2}
    assert isinstance(loaded.network, QuantizedAnnDepthNet)
    assert loaded.network.activation_bits == 2


class Killed(Exception):
    pass


def test_quantised_training_resumes_bit_for_bit(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps too, which the first batch set before the kill."""

    class Killer(stage_module.FiringRateWatch):
        def on_train_batch_start(self, trainer, module, batch, index):  # type: ignore[no-untyped-def]
            if trainer.current_epoch == 1 and index == 1:
                raise Killed

    start = finished / "seed_0" / "ann" / "network.safetensors"
    again = recipe(tmp_path, quantised(str(start)))

    def train() -> None:
        silence_irrelevant_warnings()
        data = cache(lambda name: again.data[name]())
        store = StageStore(RecipeDigests(again, "bins"), data, seed=0, folder=again.store_folder)
        store.network("qnn")
        publish(store.folder("qnn"), tmp_path / "seed_0" / "qnn")

    with monkeypatch.context() as patch:
        patch.setattr(stage_module, "FiringRateWatch", Killer)
        with pytest.raises(Killed):
            train()
    (checkpoint,) = (tmp_path / "stages").glob("qnn-*/seed_0/last.ckpt")
    state = torch.load(checkpoint, weights_only=True)
    assert state["state_dict"]["network.activations.stem.log_step"].isfinite()
    train()
    assert_equal_weights(finished, tmp_path, ["qnn"])
