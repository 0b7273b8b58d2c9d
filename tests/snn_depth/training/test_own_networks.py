"""Networks of an objective's own: saved, resumed and loadable by later stages and by file."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.predictor import DepthPredictor, StorableNetwork
from snn_depth.objectives import SupervisedDepth
from snn_depth.objectives.base import LoadNetwork
from snn_depth.training import checkpoint
from snn_depth.training import stage as stage_module
from snn_depth.training.checkpoint import load_any_network, load_network
from snn_depth.training.digests import RecipeDigests
from snn_depth.training.recipe import EngineSettings, Recipe, Stage
from snn_depth.training.run import run_recipe
from snn_depth.training.store import StageStore
from tests.snn_depth.training.tiny_run import TinyData, by_name

SIZES = {"train": 4, "val": 2, "test": 2}


class Scale(StorableNetwork):
    """No depth network: one factor on the depth, with statistics beside it."""

    num_seen: Tensor

    def __init__(self, start: float = 1.0) -> None:
        super().__init__()
        self.init_args = {"start": start}
        self.factor = nn.Parameter(torch.tensor(start))
        self.register_buffer("num_seen", torch.tensor(0))

    def forward(self, depth_m: Tensor) -> Tensor:
        self.num_seen += len(depth_m) if self.training else 0
        return self.factor * depth_m


class Scaled(SupervisedDepth):
    """Supervised depth, and a scale that is learned beside it."""

    def __init__(self, start: float = 1.0, start_from: str | None = None) -> None:
        super().__init__()
        self.scale, self.start_from = Scale(start), start_from

    @property
    def needs(self) -> tuple[str, ...]:
        return () if self.start_from is None else (self.start_from,)

    def setup(self, network: DepthPredictor, load: LoadNetwork) -> None:
        super().setup(network, load)
        if self.start_from is not None:
            self.scale.load_state_dict(load(self.start_from).state_dict())

    def networks(self) -> dict[str, StorableNetwork]:
        return {"scale": self.scale}

    def forward(self, network: DepthPredictor, batch: Batch) -> dict[str, Tensor]:
        scaled_m = self.scale(network(network.read(batch)).depth_m.detach())
        error = (scaled_m - network.view(batch).depth_m).abs().mean()
        return super().forward(network, batch) | {"scale": error}


@pytest.fixture(autouse=True)
def storable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(checkpoint.NETWORKS, "Scale", Scale)


def stage(name: str, objective: Callable[[], SupervisedDepth], num_epochs: int = 2) -> Stage:
    network = partial(AnnDepthNet, channel_multipliers=(1, 2))
    return Stage(name, network, objective, num_epochs=num_epochs, batch_size=2)


def recipe(folder: Path, *stages: Stage) -> Recipe:
    return Recipe(
        data={
            "train": lambda: TinyData(4),
            "val": lambda: TinyData(2),
            "test": lambda: TinyData(2),
        },
        stages=by_name(*stages),
        output_dir=str(folder / "run"),
        store=str(folder / "stages"),
        engine=EngineSettings(accelerator="cpu", precision="32-true"),
    )


def store(of: Recipe) -> StageStore:
    data = cache(lambda name: of.data[name]())
    return StageStore(RecipeDigests(of, "own networks"), data, seed=0, folder=of.store_folder)


def test_saved_beside_the_stage_and_loaded_by_a_later_one(tmp_path: Path) -> None:
    second = stage("second", partial(Scaled, start_from="first/scale"), num_epochs=1)
    both = recipe(tmp_path, second, stage("first", partial(Scaled, 2.0)))
    assert list(both.stages) == ["first", "second"], "after what it needs"
    run_recipe(both, "own networks", resume=False)
    file = tmp_path / "run" / "seed_0" / "first" / "scale.safetensors"
    scale, data, provenance = load_any_network(file)
    assert isinstance(scale, Scale) and scale.init_args == {"start": 2.0}
    assert scale.num_seen == 8 and scale.factor != 2, "two epochs of four samples"
    assert data == TinyData.spec and provenance["stage"] == "first"
    later, _, _ = load_any_network(file.parents[1] / "second" / "scale.safetensors")
    assert later.num_seen == 12, "it went on from there"
    assert torch.equal(store(both).load("first/scale").factor, scale.factor)
    assert torch.equal(store(both).load(str(file)).factor, scale.factor)
    with pytest.raises(ValueError, match="holds a Scale; accepted: a depth network"):
        load_network(file)


class Killed(Exception):
    pass


def test_resumed_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killer(stage_module.FiringRateWatch):
        def on_train_batch_start(self, trainer, module, batch, index):  # type: ignore[no-untyped-def]
            if trainer.current_epoch == 1 and index == 1:
                raise Killed

    whole, killed = (recipe(tmp_path / name, stage("first", Scaled)) for name in ("a", "b"))
    store(whole).network("first")
    with monkeypatch.context() as patch:
        patch.setattr(stage_module, "FiringRateWatch", Killer)
        with pytest.raises(Killed):
            store(killed).network("first")
    assert not list(tmp_path.glob("b/stages/*/seed_0/*.safetensors"))
    ours, theirs = (store(r).load("first/scale").state_dict() for r in (whole, killed))
    assert ours.keys() == theirs.keys() == {"factor", "num_seen"}
    for name, value in ours.items():
        assert torch.equal(value, theirs[name]), name


def test_what_could_not_be_stored_is_refused_before_training(tmp_path: Path) -> None:
    class Wrong(Scaled):
        def __init__(self, name: str, network: StorableNetwork | None = None) -> None:
            super().__init__()
            self.own = {name: self.scale if network is None else network}

        def networks(self) -> dict[str, StorableNetwork]:
            return self.own

    class Unknown(Scale):
        pass

    class Registered(Wrong):
        def __init__(self) -> None:
            super().__init__("scale")
            self.unknown = Unknown()
            self.own = {"scale": self.unknown}

    for objective, message in (
        (partial(Wrong, "network"), "Wrong has a network called 'network'; accepted: a name of"),
        (partial(Wrong, "a/b"), "called 'a/b'"),
        (partial(Wrong, "scale", Scale()), "'scale' of Wrong is no submodule of it, and would be"),
        (Registered, "Unknown cannot be stored; accepted"),
    ):
        with pytest.raises(ValueError, match=message):
            store(recipe(tmp_path, stage("first", objective))).network("first")
    with pytest.raises(ValueError, match="'second' needs 'thrid/scale', which is neither another"):
        recipe(tmp_path, stage("second", partial(Scaled, start_from="thrid/scale")))
