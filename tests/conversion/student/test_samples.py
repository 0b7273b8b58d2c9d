from pathlib import Path

import pytest
import torch

from conversion.student.samples import CONVERSION_SEED, centre_crop, conversion_samples
from snn_depth.data.sample import Batch, View
from snn_depth.data.spec import DataSpec
from snn_depth.training.recipe_file import read_recipe


def test_the_world_is_the_default(tmp_path: Path) -> None:
    data = DataSpec(height=16, width=24, num_frames=8, num_bins=2)
    batch = conversion_samples(data, 2, (), tmp_path).batch()
    assert batch["spikes"].image.shape == (2, 2, 1, 16, 24) and batch["spikes"].image.max() <= 4
    assert not torch.equal(batch["spikes"].depth_m[0], batch["spikes"].depth_m[1])
    assert batch["spikes"].valid_mask.any()


def test_samples_are_none_of_the_recipes() -> None:
    """What a conversion is judged and changed by must not be what a network is scored on."""
    recipes = (Path(__file__).parents[3] / "configs").glob("*.yaml")
    seeds = set()
    for recipe in recipes:
        for data in read_recipe(recipe)["data"].values():
            worlds = data["init_args"].get("world", [])  # some data sets are no worlds
            seeds |= {w["seed"] for w in (worlds if isinstance(worlds, list) else [worlds])}
    assert len(seeds) > 2 and CONVERSION_SEED not in seeds


def test_the_centre_of_all_pictures() -> None:
    rows, columns = torch.arange(5.0)[:, None], torch.arange(8.0)
    picture = 10 * rows + columns
    view = View(
        picture.expand(3, 2, 1, 5, 8),
        depth_m=picture.expand(2, 1, 5, 8),
        intrinsics=torch.tensor([[9.0, 0, 4], [0, 9, 2], [0, 0, 1]]).expand(2, 3, 3),
    )
    batch = Batch({"spikes": view})
    cropped = centre_crop(batch, 3, 2)
    expected = torch.tensor([[13.0, 14], [23, 24], [33, 34]])
    assert cropped.views.keys() == {"spikes"}
    moved = torch.tensor([[9.0, 0, 1], [0, 9, 1], [0, 0, 1]])
    assert torch.equal(cropped["spikes"].intrinsics, moved.expand(2, 3, 3))
    assert torch.equal(cropped["spikes"].image, expected.expand(3, 2, 1, 3, 2))
    assert torch.equal(cropped["spikes"].depth_m, expected.expand(2, 1, 3, 2))
    assert torch.equal(centre_crop(batch, 5, 8)["spikes"].depth_m, batch["spikes"].depth_m)
    for height, width in ((6, 8), (5, 9)):
        with pytest.raises(ValueError, match=f"crop is {height}x{width}; accepted: up to 5x8"):
            centre_crop(batch, height, width)
