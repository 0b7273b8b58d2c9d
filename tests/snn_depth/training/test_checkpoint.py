import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet, DepthNetwork, SpikingDepthNet
from snn_depth.training.checkpoint import build_network, copy_weights, load_network, save_network


@pytest.mark.parametrize(
    "network", [SpikingDepthNet(decay_v=0.3), AnnDepthNet("rgb", max_depth_m=10.0)]
)
def test_round_trip_is_exact(network: DepthNetwork, tmp_path: Path) -> None:
    spec = DataSpec(height=32, width=48, focal_length_px=74.0)
    save_network(tmp_path / "n.safetensors", network, spec, {"seed": 3})
    loaded = load_network(tmp_path / "n.safetensors")
    assert loaded.data == spec and loaded.provenance == {"seed": 3}
    assert not loaded.network.training
    assert loaded.network.init_args == network.init_args
    torch.manual_seed(0)
    x = torch.rand(1, 3, 32, 32) if network.input_key == "rgb" else torch.rand(2, 1, 1, 32, 32)
    expected = network.eval()(x)
    torch.testing.assert_close(loaded.network(x).depth_m, expected.depth_m, rtol=0, atol=0)


def test_missing_corrupt_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        load_network(tmp_path / "none.safetensors")
    (tmp_path / "torn.safetensors").write_bytes(b"\x10\x00\x00")
    with pytest.raises(ValueError, match="not a readable safetensors file"):
        load_network(tmp_path / "torn.safetensors")
    save_file({"w": torch.zeros(1)}, tmp_path / "foreign.safetensors")
    with pytest.raises(ValueError, match="format None; accepted: 'snn-depth-network'"):
        load_network(tmp_path / "foreign.safetensors")


def test_truncated_file(tmp_path: Path) -> None:
    file = tmp_path / "n.safetensors"
    save_network(file, SpikingDepthNet(), DataSpec())
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match="not a readable safetensors file"):
        load_network(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": "7"}, "schema version 7; this program reads version 1"),
        ({"description": "{"}, "does not describe its network correctly"),
        (
            {"description": json.dumps({"network": {"kind": "os.system", "init_args": {}}})},
            "does not describe its network correctly",
        ),
    ],
)
def test_wrong_metadata(change: dict[str, str], message: str, tmp_path: Path) -> None:
    metadata = {"format": "snn-depth-network", "schema_version": "1"} | change
    save_file({"w": torch.zeros(1)}, tmp_path / "n.safetensors", metadata)
    with pytest.raises(ValueError, match=message):
        load_network(tmp_path / "n.safetensors")


def test_a_network_may_be_stored_as_another(tmp_path: Path) -> None:
    class TrainedOtherwise(SpikingDepthNet):
        @property
        def stored_as(self) -> type[SpikingDepthNet]:
            return SpikingDepthNet

    network = TrainedOtherwise(decay_v=0.3)
    save_network(tmp_path / "n.safetensors", network, DataSpec())
    loaded = load_network(tmp_path / "n.safetensors").network
    assert type(loaded) is SpikingDepthNet and loaded.init_args["decay_v"] == 0.3
    state = network.state_dict()
    assert all(torch.equal(v, state[k]) for k, v in loaded.state_dict().items())


def test_a_file_can_only_name_known_networks() -> None:
    with pytest.raises(ValueError, match=r"unknown network kind 'os.system'; accepted: \['Ann"):
        build_network("os.system", {})


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "n.safetensors"
    save_network(file, SpikingDepthNet(), DataSpec())
    before = file.read_bytes()
    with pytest.raises(TypeError):
        save_network(file, SpikingDepthNet(), DataSpec(), {"not json": object()})
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_copy_weights_names_what_does_not_fit() -> None:
    source, target = SpikingDepthNet(), SpikingDepthNet()
    copy_weights(source, target)
    for a, b in zip(source.parameters(), target.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    with pytest.raises(ValueError, match="other shape"):
        copy_weights(SpikingDepthNet(width=32), target)
    with pytest.raises(ValueError, match="left over"):
        copy_weights(source, SpikingDepthNet(channel_multipliers=(1, 2, 4)))
