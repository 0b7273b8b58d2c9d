"""The weights that ship with the project are the ones that their page describes."""

import hashlib
import re

from snn_depth.checkpoint import SHIPPED_NETWORK, load_network
from snn_depth.models.depth_network import SpikingDepthNet

PAGE = (SHIPPED_NETWORK.parent / "README.md").read_text()


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
