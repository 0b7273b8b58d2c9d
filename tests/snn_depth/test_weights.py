"""The weights that ship with the project are the ones that their page describes."""

import hashlib
import re
from pathlib import Path

import pytest
import yaml

from snn_depth.data.spec import DataSpec
from snn_depth.data.world.generate import scene_camera
from snn_depth.data.world.scenery.layouts import LAYOUTS
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.training.checkpoint import load_network

FOLDER = SHIPPED_NETWORK.parent
PAGE = (FOLDER / "README.md").read_text()


def test_page_names_the_files_that_are_there() -> None:
    named = dict(re.findall(r"sha256 of `([\w.]+)`: `([0-9a-f]{64})`", PAGE))
    files = [path for path in SHIPPED_NETWORK.parent.iterdir() if path.suffix != ".md"]
    assert named == {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_page_describes_the_network() -> None:
    loaded = load_network(SHIPPED_NETWORK)
    assert isinstance(loaded.network, SpikingDepthNet)
    num_parameters = sum(p.numel() for p in loaded.network.parameters())
    assert f"{num_parameters:,} parameters" in PAGE
    assert f"seed {loaded.provenance['seed']}" in PAGE


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.safetensors")), ids=lambda f: f.stem)
def test_the_camera_is_that_of_the_data_last_adapted_to(file: Path) -> None:
    """By the recipe that each file holds, and the world's lenses."""
    loaded = load_network(file)
    settings = yaml.safe_load(loaded.provenance["recipe"])
    name = loaded.provenance.get("adapted_to") or loaded.provenance["trained_on"]
    arguments = settings["data"][name]["init_args"]
    worlds = arguments["world"]
    for world in worlds if isinstance(worlds, list) else [worlds]:
        camera = scene_camera(LAYOUTS[world["layout"]], world["height"], world["width"])
        assert loaded.data == DataSpec(
            world["height"],
            world["width"],
            world["num_frames"],
            arguments["num_bins"],
            world["sample_rate_hz"],
            camera.focal_length_px,
        )


@pytest.mark.parametrize("name", ["fog", "rain", "dim"])
def test_adapted_students_are_drop_in_replacements(name: str) -> None:
    """Of the same network, for the same data, each from the scenario that its row names."""
    shipped = load_network(SHIPPED_NETWORK)
    adapted = load_network(SHIPPED_NETWORK.with_name(f"student_{name}.safetensors"))
    assert adapted.network.init_args == shipped.network.init_args
    assert adapted.data == shipped.data
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `student_{name}."))
    stage, seed = adapted.provenance["stage"], adapted.provenance["seed"]
    assert f"stage `{stage}`, seed {seed}" in row
    recipe = re.search(r"configs/(\w+)\.yaml", row)
    assert recipe and f"output_dir: runs/{recipe[1]}\n" in adapted.provenance["recipe"]
