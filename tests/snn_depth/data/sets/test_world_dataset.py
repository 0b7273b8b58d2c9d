from dataclasses import replace
from pathlib import Path

import pytest
import torch

from snn_depth.data.sets import world_dataset
from snn_depth.data.sets.world_dataset import WorldDataset
from snn_depth.data.world.config import WorldConfig
from snn_depth.train import make_parser

SMALL = WorldConfig(num_scenes=1, frames_per_scene=2, height=16, width=32, num_frames=16, seed=7)


def test_several_worlds_are_mixed(tmp_path: Path) -> None:
    def data(*worlds: WorldConfig) -> WorldDataset:
        return WorldDataset(list(worlds), str(tmp_path), num_workers=1, num_bins=4)

    clear, fog = SMALL, replace(SMALL, domain="fog")
    mixed, parts = data(clear, fog), [data(clear), data(fog)]
    assert len(mixed) == 4 and mixed.spec == parts[0].spec == parts[1].spec
    expected = [part[i]["spikes"].image for part in parts for i in range(2)]
    assert not torch.equal(expected[0], expected[2])
    for i, spikes in enumerate(expected):
        assert torch.equal(mixed[i]["spikes"].image, spikes)
    alone = WorldDataset(clear, str(tmp_path), num_bins=4)
    assert torch.equal(alone[1]["spikes"].image, expected[1]), "one world needs no list"


@pytest.mark.parametrize(
    ("name", "value", "listed"),
    [
        ("height", 24, r"\[16, 24\]"),
        ("width", 16, r"\[16, 32\]"),
        ("num_frames", 32, r"\[16, 32\]"),
        ("sample_rate_hz", 40_000.0, r"\[20000.0, 40000.0\]"),
    ],
)
def test_worlds_that_differ_are_refused_before_rendering(
    name: str, value: float, listed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError("rendered")

    monkeypatch.setattr(world_dataset, "generate", fail)
    with pytest.raises(ValueError, match=f"the worlds have {name} {listed}; accepted: one for all"):
        WorldDataset([SMALL, replace(SMALL, **{name: value})], str(tmp_path))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="world is empty; accepted: one or more"):
        WorldDataset([], str(tmp_path))


@pytest.mark.parametrize("world", [{"domain": "fog"}, [{"domain": "fog"}, {"domain": "rain"}]])
def test_a_recipe_can_name_one_world_or_several(world: object) -> None:
    config = make_parser().parse_object(
        {
            "data": {
                "test": {
                    "class_path": "snn_depth.data.sets.world_dataset.WorldDataset",
                    "init_args": {"world": world},
                }
            },
            "stages": {},
        }
    )
    parsed = config.data["test"].init_args.world
    domains = [w.domain for w in (parsed if isinstance(parsed, list) else [parsed])]
    assert domains == ["fog", "rain"][: len(domains)] and isinstance(parsed, list) == isinstance(
        world, list
    )
