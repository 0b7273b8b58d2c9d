import pytest
import torch

from snn_depth.geometry.rig import Rig, Sensor


def at(x: float, y: float = 0, z: float = 0) -> torch.Tensor:
    place = torch.eye(4, dtype=torch.float64)
    place[:3, 3] = torch.tensor([x, y, z])
    return place


def test_a_sensor_to_the_right_sees_things_further_left() -> None:
    rig = Rig({"spikes": Sensor((4, 6)), "nir": Sensor((8, 8), torch.eye(3), at(0.2))})
    assert torch.equal(rig.source_from_target("nir", "spikes"), at(-0.2))
    assert torch.equal(rig.source_from_target("spikes", "nir"), at(0.2))
    assert torch.equal(rig.source_from_target("nir", "nir"), torch.eye(4, dtype=torch.float64))


def test_turned_sensor() -> None:
    turned = at(1, 2, 3)
    turned[:3, :3] = torch.tensor([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])  # looks along rig's x
    rig = Rig({"spikes": Sensor((4, 6)), "thermal": Sensor((4, 6), None, turned)})
    ahead = torch.tensor([0.0, 0, 5, 1], dtype=torch.float64)
    in_rig = rig.source_from_target("spikes", "thermal") @ ahead
    torch.testing.assert_close(in_rig, torch.tensor([6.0, 2, 3, 1], dtype=torch.float64))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0, 3),), r"sensor size is \(0, 3\); accepted"),
        (((3, 3), torch.eye(4)), r"intrinsics are \(4, 4\); accepted: \(3, 3\)"),
        (((3, 3), None, torch.eye(3)), "rig_from_camera is"),
        (((3, 3), None, 2 * at(0)), "accepted: a rotation and a translation"),
        (((3, 3), None, at(float("nan"))), "accepted: a rotation and a translation"),
    ],
)
def test_impossible_sensors(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sensor(*arguments)
