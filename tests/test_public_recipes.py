"""The recipes on public data sets run from the first stage to the table, on small trees."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from snn_depth.train import make_recipe
from snn_depth.training.recipe_file import read_recipe
from snn_depth.training.run import RESULTS_FILE, run_recipe
from tests.snn_depth.data.sets.public import trees

CONFIGS = Path(__file__).parents[1] / "configs"
KITTI_LISTS = ("eigen_train_files_with_gt.txt", "eigen_test_files_with_gt.txt")


def virtual_kitti2(root: Path) -> None:
    trees.make_virtual_kitti2(root, ("Scene01", "Scene02", "Scene06", "Scene18", "Scene20"))


def kitti_raw(root: Path) -> None:
    days = {"2011_09_26": (35, 46, 64, 39), "2011_09_30": (20,)}
    for day, drives in days.items():
        for number in drives:
            trees.make_kitti_raw(root, f"{day}_drive_{number:04d}_sync")
    lines = [
        f"2011_09_26/2011_09_26_drive_0035_sync/image_02/data/{k:010d}.png None 30.0"
        for k in (1, 2, 3)
    ]
    for name in KITTI_LISTS:
        (root / name).write_text("\n".join(lines) + "\n")


def driving_stereo(root: Path) -> None:
    recipe = read_recipe(CONFIGS / "kitti_to_driving_stereo.yaml")
    for name in ("target_train", "target_test"):
        for sequence in recipe["data"][name]["init_args"]["sequences"]:
            trees.make_driving_stereo(root, sequence)


def respike(root: Path) -> None:
    for sample in ("0000/0001", "0000/0002", "0034/0001"):
        trees.add_pku_sample(root, f"indoor/left/{sample}")


def dense(root: Path) -> None:
    for split in ("train", "validation", "test"):
        trees.add_dense_sequence(root, f"{split}/a")


TREES: dict[str, Callable[[Path], Any]] = {
    "vkitti2": virtual_kitti2,
    "kitti_raw": kitti_raw,
    "drivingstereo": driving_stereo,
    "drivingstereo_weather": trees.make_weather,
    "nyu_v2": trees.make_nyu_labelled,
    "Spike-Stero": respike,
    "DENSE": dense,
}
METHODS = {"ann_full", "full", "ada_bn", "adversarial_only", "cfkd", "source_only", "oracle"}


def on_trees(settings: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The recipe with its roots made below a folder, small windows and short stages."""
    for data in settings["data"].values():
        arguments = data["init_args"]
        name = Path(arguments["root"]).name
        if not (folder / name).exists():
            TREES[name](folder / name)
        arguments["root"] = str(folder / name)
        if "split_file" in arguments:
            arguments["split_file"] = str(folder / name / Path(arguments["split_file"]).name)
        if "crop" in arguments:
            arguments["crop"] = None
        size = [6, 8] if name == "DENSE" else [16, 32]
        arguments |= {"size": size, "num_frames": 8, "num_bins": 2}
        if name not in ("Spike-Stero", "DENSE"):
            arguments["cache_dir"] = str(folder / "cache")
    for stage in settings["stages"].values():
        stage |= {"num_epochs": 1, "batch_size": 2}
    engine = {"accelerator": "cpu", "num_loader_workers": 0}
    return settings | {"seeds": [0], "output_dir": str(folder / "run"), "engine": engine}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vkitti2_to_kitti", METHODS),
        ("driving_stereo_weather", METHODS),
        ("kitti_to_driving_stereo", METHODS),
        ("nyu_to_respike", METHODS),
        ("dense_spike", {"ann_twin", "student"}),
    ],
)
def test_recipe_runs(name: str, expected: set[str], tmp_path: Path) -> None:
    settings = read_recipe(CONFIGS / f"{name}.yaml")
    recipe, text = make_recipe(on_trees(settings, tmp_path))
    run_recipe(recipe, text, resume=False)
    rows = json.loads((tmp_path / "run" / RESULTS_FILE).read_text())["rows"]
    assert expected | {"constant_median", "row_median"} <= {row["method"] for row in rows}
    assert {row["scenario"] for row in rows} == set(settings["test_data"])
    for row in rows:
        assert math.isfinite(row["metrics"]["abs_rel"]) and row["metrics"]["num_images"] > 0
