import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from lightning.fabric.utilities.apply_func import move_data_to_device
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from snn_depth.data.sample import Batch, Sample, Target, View, checked, collate, part_names
from snn_depth.data.view_fields import Window
from snn_depth.geometry.poses import relative_transform
from snn_depth.geometry.warp import reproject

WHY = "`hidden` of its stage names it"


def rigid(angle_y: float, angle_x: float, *shift_m: float) -> Tensor:
    """A turn about y, then about x, and a shift."""
    cos_y, sin_y, cos_x, sin_x = (f(a) for a in (angle_y, angle_x) for f in (math.cos, math.sin))
    turn_y = torch.tensor([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
    turn_x = torch.tensor([[1, 0, 0], [0, cos_x, -sin_x], [0, sin_x, cos_x]])
    place = torch.eye(4, dtype=torch.float64)
    place[:3, :3], place[:3, 3] = (turn_x @ turn_y).double(), torch.tensor(shift_m)
    return place


def camera(focal_px: float, cx: float, cy: float) -> Tensor:
    return torch.tensor([[focal_px, 0, cx], [0, focal_px, cy], [0, 0, 1]], dtype=torch.float64)


def moment(seed: int) -> Sample:
    """Spikes and RGB that share neither pixels nor place, in float64."""
    generator = torch.Generator().manual_seed(seed)
    spikes = torch.rand(2, 1, 12, 20, generator=generator, dtype=torch.float64)
    rgb = torch.rand(3, 16, 18, generator=generator, dtype=torch.float64)
    return Sample(
        {
            "spikes": View(
                spikes,
                intrinsics=camera(18, 8.3, 6.1),
                rig_from_camera=rigid(0.02, -0.01, 0.3, 0.1, -0.1),
                depth_m=2 + torch.rand(1, 12, 20, generator=generator, dtype=torch.float64),
            ),
            "rgb": View(
                rgb, intrinsics=camera(15, 9.7, 7.2), rig_from_camera=rigid(-0.03, 0, -0.2, 0, 0)
            ),
        }
    )


def posed_pair() -> Sample:
    neighbour = replace(moment(1), centre_from_rig=rigid(0.05, 0.03, 0.1, -0.05, 0.4))
    return replace(moment(0), neighbours={1: neighbour})


def warp(sample: Sample, sensor: str) -> tuple[Tensor, Tensor]:
    """A neighbour's picture as the spike camera would see it, and where it can be known."""
    view, neighbour = sample["spikes"], sample.neighbours[1]
    other = neighbour[sensor]
    assert neighbour.centre_from_rig is not None
    centre_from_other = neighbour.centre_from_rig @ other.rig_from_camera
    places = reproject(
        view.depth_m[None],
        view.intrinsics[None],
        other.intrinsics[None],
        relative_transform(centre_from_other, view.rig_from_camera)[None],
        other.size,
    )
    return places.sample(other.image.reshape(1, -1, *other.size)), places.in_view


@pytest.mark.parametrize("sensor", ["spikes", "rgb"])
def test_the_warp_of_a_mirrored_pair_is_the_mirrored_warp(sensor: str) -> None:
    pair = posed_pair()
    warped, known = warp(pair, sensor)
    mirrored, known_there = warp(pair.mirror(), sensor)
    assert known.double().mean() > 0.5, "the case must be seen"
    assert torch.equal(known_there, known.flip(-1))
    seen = known_there.expand_as(warped)
    torch.testing.assert_close(mirrored[seen], warped.flip(-1)[seen])


def test_mirror_by_hand() -> None:
    pair = posed_pair().mirror()
    assert pair["spikes"].intrinsics[0, 2] == pytest.approx(19 - 8.3)
    assert pair["rgb"].intrinsics[0, 2] == pytest.approx(17 - 9.7)
    assert pair["spikes"].rig_from_camera[:3, 3].tolist() == pytest.approx([-0.3, 0.1, -0.1])
    mirrored = pair.neighbours[1].centre_from_rig
    m = torch.diag(torch.tensor([-1.0, 1, 1, 1], dtype=torch.float64))
    before = posed_pair().neighbours[1].centre_from_rig
    assert mirrored is not None and before is not None
    assert torch.equal(mirrored, m @ before @ m)
    twice, once = pair.mirror(), posed_pair()
    assert torch.equal(twice.neighbours[1]["rgb"].image, once.neighbours[1]["rgb"].image)


def simple(index: int = 0, **parts: Tensor) -> Sample:
    """As recordings give it: both sensors have the same pixels and share their depth."""
    depth_m = torch.full((1, 4, 6), 1.0 + index)
    depth_m[0, 0] = 0
    common = {"depth_m": depth_m, "intrinsics": camera(5, 2.5, 1.5).float(), **parts}
    return Sample(
        {
            "spikes": View(torch.full((2, 1, 4, 6), index, dtype=torch.uint8), **common),
            "rgb": View(torch.full((3, 4, 6), 51 * index, dtype=torch.uint8), **common),
        }
    )


def test_batch() -> None:
    batch = collate([simple(i, time_s=torch.tensor(0.5 * i)) for i in range(3)])
    assert isinstance(batch, Batch) and len(batch) == 3
    spikes, rgb = batch["spikes"], batch["rgb"]
    assert spikes.image.shape == (2, 3, 1, 4, 6) and spikes.image.dtype == torch.float32
    assert spikes.image[1, :, 0, 0, 0].tolist() == [0, 1, 2]
    assert rgb.image.shape == (3, 3, 4, 6)
    assert rgb.image[:, 0, 0, 0].tolist() == pytest.approx([0, 0.2, 0.4])
    assert spikes.depth_m.shape == (3, 1, 4, 6) and spikes.intrinsics.shape == (3, 3, 3)
    assert spikes.valid_mask.dtype == torch.bool
    assert not spikes.valid_mask[:, :, 0].any() and spikes.valid_mask[:, :, 1:].all()
    assert torch.equal(spikes.rig_from_camera, torch.eye(4).expand(3, 4, 4)), "one camera is a rig"
    assert rgb.time_s.tolist() == [0, 0.5, 1]


class Simple(Dataset[Sample]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Sample:
        return simple(index)


@pytest.mark.parametrize("num_workers", [0, 1])
def test_views_of_the_same_pixels_share_their_depth(num_workers: int) -> None:
    (batch,) = DataLoader(Simple(), 3, collate_fn=collate, num_workers=num_workers)
    mirrored = simple().mirror()
    for sample in (batch, mirrored, batch.mirror(), batch.to("meta")):
        assert sample["spikes"].depth_m is sample["rgb"].depth_m


def test_neighbours_and_target_are_stacked_and_moved_too() -> None:
    target = Target(simple(2), simple(1), torch.tensor(True))
    neighbour = replace(simple(1), centre_from_rig=torch.eye(4))
    sample = replace(simple(), neighbours={-1: neighbour}, target=target)
    batch = collate([sample, sample])
    assert batch.target is not None and batch.target.mirrored.tolist() == [True, True]
    assert isinstance(batch.target.weak, Batch) and isinstance(batch.neighbours[-1], Batch)
    assert batch.target.weak["spikes"].image[0, 0, 0, 0, 0] == 2
    there = move_data_to_device(batch, torch.device("meta"))
    assert there.target is not None and there.target.mirrored.is_meta
    for one in (there, there.target.weak, there.target.strong, there.neighbours[-1]):
        parts = [part for view in one.views.values() for part in view.parts.values()]
        assert len(parts) == 8 and all(part.is_meta for part in parts)
    place = there.neighbours[-1].centre_from_rig
    assert place is not None and place.shape == (2, 4, 4) and place.is_meta


def test_what_is_not_there_is_named() -> None:
    sample = Sample({"rgb": View(torch.zeros(3, 4, 6))})
    with pytest.raises(ValueError, match=r"'spikes' is needed, but the data has only \['rgb'\]"):
        sample["spikes"]
    with pytest.raises(ValueError, match="'depth_m' is needed, but the data has only"):
        _ = sample["rgb"].depth_m
    with pytest.raises(ValueError, match="'depth_m' is needed"):
        _ = sample["rgb"].valid_mask
    assert "spikes" not in sample and not sample["rgb"].has("depth_m") and sample.labelled is None


@pytest.mark.parametrize(
    ("hidden", "spikes_have", "rgb_has"),
    [("depth_m", False, False), ("spikes.depth_m", False, True), ("rgb", True, False)],
)
def test_hidden_fields_cannot_be_read(hidden: str, spikes_have: bool, rgb_has: bool) -> None:
    sample = replace(simple(), neighbours={1: simple(1)}).hide([hidden], WHY)
    batch = collate([sample, sample]).to("cpu")
    for one in (sample, sample.mirror(), batch, batch.neighbours[1]):
        for sensor, has in (("spikes", spikes_have), ("rgb", rgb_has)):
            if has:
                assert one[sensor].depth_m.shape[-2:] == (4, 6)
                continue
            with pytest.raises(ValueError, match=f"is needed, but {WHY}"):
                _ = one[sensor].depth_m
        assert one["spikes"].intrinsics is not None


def test_a_hidden_place_is_not_taken_for_that_of_the_rig() -> None:
    view = simple()["spikes"].hide(["rig_from_camera"], WHY)
    for one in (view, view.mirror(), view.replace(depth_m=None)):
        with pytest.raises(ValueError, match=WHY):
            _ = one.rig_from_camera


def test_samples_of_one_batch_have_the_same_parts() -> None:
    with pytest.raises(ValueError, match="samples of one batch have different parts"):
        collate([simple(), simple(time_s=torch.tensor(1.0))])
    with pytest.raises(ValueError, match=r"different parts: .*neighbours\[1\]"):
        collate([simple(), replace(simple(), neighbours={1: simple()})])


def test_a_dictionary_is_refused_with_what_to_return() -> None:
    message = r"a data set gave a dict; accepted: snn_depth\.data\.sample\.Sample, such as"
    for call in (checked, lambda sample: collate([sample])):
        with pytest.raises(ValueError, match=message):
            call({"spikes": torch.zeros(2, 1, 4, 6)})


def test_crop_and_resize_leave_points_where_they_are_seen() -> None:
    """A point of the scene falls on the same colour before and after."""
    view = moment(0)["spikes"]
    cut = view.crop(Window(top=2, left=5, height=8, width=10))
    assert cut.size == (8, 10)
    assert torch.equal(cut.image, view.image[..., 2:10, 5:15])
    assert torch.equal(cut.depth_m, view.depth_m[..., 2:10, 5:15])
    moved = view.intrinsics - cut.intrinsics
    assert moved[:, 2].tolist() == pytest.approx([5, 2, 0]) and not moved[:, :2].any()
    small = view.resize((6, 10))
    torch.testing.assert_close(small.image, F.avg_pool2d(view.image, 2))
    assert torch.equal(small.depth_m, view.depth_m[..., 1::2, 1::2])
    # The corner between the first four pixels, (0.5, 0.5), is the centre of the first large one.
    ray = view.intrinsics.inverse() @ torch.tensor([0.5, 0.5, 1.0], dtype=torch.float64)
    torch.testing.assert_close(small.intrinsics @ ray, ray.new_tensor([0, 0, 1]))
    assert torch.equal(small.rig_from_camera, view.rig_from_camera)
    stacked = collate([moment(0), moment(1)])["spikes"]
    assert stacked.crop(Window(2, 5, 8, 10)).image.shape == (2, 2, 1, 8, 10)
    assert stacked.resize((6, 10)).intrinsics.shape == (2, 3, 3)


def test_replacing_leaves_the_sample_as_it_was() -> None:
    sample = simple()
    other = sample.replace("spikes", depth_m=None)
    assert not other["spikes"].has("depth_m") and sample["spikes"].has("depth_m")
    assert other["rgb"] is sample["rgb"]
    assert part_names(other) == [n for n in part_names(sample) if n != "spikes.depth_m"]
    assert "image=(2, 1, 4, 6)" in repr(sample["spikes"])
