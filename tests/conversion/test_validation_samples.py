from pathlib import Path

import torch
import yaml

from conversion.validation_samples import CONVERSION_SEED, validation_batch
from snn_depth.data.spec import DataSpec


def test_the_world_is_the_default(tmp_path: Path) -> None:
    data = DataSpec(height=16, width=24, num_frames=8, num_bins=2)
    batch = validation_batch(data, 2, (), tmp_path)
    assert batch["spikes"].shape == (2, 2, 1, 16, 24) and batch["spikes"].max() <= 4
    assert not torch.equal(batch["depth_m"][0], batch["depth_m"][1])
    assert batch["valid_mask"].any()


def test_samples_are_none_of_the_recipes() -> None:
    """What a conversion is judged and changed by must not be what a network is scored on."""
    recipes = (Path(__file__).parents[2] / "configs").glob("*.yaml")
    seeds = {
        data["init_args"]["world"]["seed"]
        for recipe in recipes
        for data in yaml.safe_load(recipe.read_text())["data"].values()
    }
    assert len(seeds) > 2 and CONVERSION_SEED not in seeds
