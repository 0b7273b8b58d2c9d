from collections import Counter
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.augment.augmentation import Augmentation, AugmentedDataset
from snn_depth.data.augment.pairing import PairedDataset
from snn_depth.data.augment.strong_view import StrongView
from snn_depth.data.sample import Batch, Sample, Target, View, collate
from snn_depth.objectives.base import target_of


class Numbered(Dataset[Sample]):
    """Every sample is filled with its number, so that it can be told from the others."""

    def __init__(self, num_samples: int, *, has_depth: bool = True) -> None:
        self.num_samples, self.has_depth = num_samples, has_depth

    def __len__(self) -> int:
        return self.num_samples

    def __getitem__(self, index: int) -> Sample:
        ramp = torch.arange(6, dtype=torch.uint8)
        images = {
            "spikes": ramp + torch.full((4, 1, 5, 6), index, dtype=torch.uint8),
            "rgb": torch.full((3, 5, 6), index, dtype=torch.uint8),
        }
        depth_m = torch.full((1, 5, 6), 1.0 + index) if self.has_depth else None
        intrinsics = torch.diag(torch.tensor([index, index, 1.0]))
        return Sample(
            {n: View(x, depth_m=depth_m, intrinsics=intrinsics) for n, x in images.items()}
        )


STILL = StrongView(
    mirror_probability=0.5, shuffled_bins=0, drop_share=0, max_gain=1, gain_std=0, num_erased=0
)


def pairs(
    num_sources: int = 6, num_targets: int = 4, *, has_depth: bool = True, **options: float
) -> PairedDataset:
    source = AugmentedDataset(Numbered(num_sources), Augmentation(), seed=0)
    target = Numbered(num_targets, has_depth=has_depth)
    return PairedDataset(source, target, STILL, **({"seed": 0} | options))  # type: ignore[arg-type]


def target_of_pair(data: PairedDataset, epoch: int, index: int) -> Target[Sample]:
    target = data[epoch, index].target
    assert target is not None
    return target


def number(target: Target[Sample]) -> int:
    return int(target.weak["spikes"].image.min())


def parts(sample: Sample) -> dict[str, Tensor]:
    views = sample.views.items()
    return {f"{s}.{name}": part for s, view in views for name, part in view.parts.items()}


@pytest.mark.parametrize(("num_sources", "num_targets"), [(6, 4), (4, 11), (5, 5), (7, 1)])
def test_every_target_sample_is_used_once_in_every_round(
    num_sources: int, num_targets: int
) -> None:
    data = pairs(num_sources, num_targets)
    assert len(data) == num_sources
    num_epochs = 3 * num_targets
    used = [
        number(target_of_pair(data, e, i)) for e in range(num_epochs) for i in range(num_sources)
    ]
    rounds = [used[k : k + num_targets] for k in range(0, len(used), num_targets)]
    assert all(sorted(one) == list(range(num_targets)) for one in rounds)
    if num_targets > 3:
        assert len(set(map(tuple, rounds))) > 1, "each round in an order of its own"


def test_source_is_what_it_is_without_a_target() -> None:
    data = pairs()
    for key in ((0, 0), (2, 5)):
        sample, alone = data[key], data.source[key]
        assert sample.target is not None and alone.target is None
        assert parts(sample).keys() == parts(alone).keys()
        assert all(torch.equal(parts(sample)[name], part) for name, part in parts(alone).items())


def test_pair_depends_on_seed_epoch_and_index_only() -> None:
    a, b, other = pairs(), pairs(), pairs(seed=1)
    b[5, 3]  # what was asked for before plays no part
    ours, theirs = target_of_pair(a, 2, 1), target_of_pair(b, 2, 1)
    assert torch.equal(ours.mirrored, theirs.mirrored)
    for one, same in ((ours.weak, theirs.weak), (ours.strong, theirs.strong)):
        for name, value in parts(one).items():
            assert torch.equal(value, parts(same)[name]), name
    choices = [
        [number(target_of_pair(d, e, i)) for e in range(3) for i in range(6)] for d in (a, other)
    ]
    assert choices[0] != choices[1]


def test_only_spikes_and_camera_of_a_target_are_visible() -> None:
    target = target_of_pair(pairs(), 0, 0)
    visible = {"spikes.image", "spikes.intrinsics", "spikes.rig_from_camera"}
    assert parts(target.weak).keys() == parts(target.strong).keys() == visible


def test_views_belong_together() -> None:
    data, flags = pairs(), Counter[bool]()
    for epoch in range(20):
        target = target_of_pair(data, epoch, 0)
        mirrored = bool(target.mirrored)
        flags[mirrored] += 1
        weak, strong = target.weak["spikes"], target.strong["spikes"]
        expected = weak.image.flip(-1) if mirrored else weak.image
        assert torch.equal(strong.image, expected)
        assert weak.intrinsics[0, 0] == number(target)
        assert strong.intrinsics[0, 2] == (5 if mirrored else 0)
    assert min(flags.values()) > 3 and len(flags) == 2


def test_batch_has_a_target_batch_of_its_own() -> None:
    batch = collate([pairs()[0, i] for i in range(3)])
    target = target_of(batch)
    weak, strong = target.weak["spikes"], target.strong["spikes"]
    assert weak.image.shape == strong.image.shape == (4, 3, 1, 5, 6)
    assert weak.image.dtype == strong.image.dtype == torch.float32
    assert target.mirrored.dtype == torch.bool and target.mirrored.shape == (3,)
    assert not weak.has("depth_m") and not strong.has("depth_m") and "rgb" not in target.weak


@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("depth_m", lambda batch: batch["spikes"].depth_m),
        ("depth_m", lambda batch: batch["spikes"].valid_mask),
        ("rgb", lambda batch: batch["rgb"]),
    ],
)
def test_reading_what_is_hidden_raises(key: str, read: Callable[[Batch], object]) -> None:
    target = target_of(collate([pairs()[0, 0]]))
    for batch in (target.weak, target.strong, target.weak.to("cpu")):
        with pytest.raises(ValueError, match=rf"'{key}' is needed.*is hidden during adaptation"):
            read(batch)


@pytest.mark.parametrize(
    ("share", "num_targets", "num_labels"),
    [(0.0, 20, 0), (0.05, 20, 1), (0.01, 20, 1), (0.1, 30, 3), (0.07, 100, 7), (1.0, 20, 20)],
)
def test_label_share_is_exact(share: float, num_targets: int, num_labels: int) -> None:
    data = pairs(num_targets, num_targets, label_share=share)
    labelled = set()
    for index in range(num_targets):
        target = target_of_pair(data, 0, index)
        if not target.weak["spikes"].has("depth_m"):
            continue
        if target.weak["spikes"].valid_mask.any():
            assert (target.weak["spikes"].depth_m == 1 + number(target)).all()
            labelled.add(number(target))
    assert len(labelled) == num_labels
    in_second_epoch = {
        number(t)
        for t in (target_of_pair(data, 1, i) for i in range(num_targets))
        if t.weak["spikes"].has("depth_m") and t.weak["spikes"].valid_mask.any()
    }
    assert in_second_epoch == labelled, "always the same ones"


def test_larger_share_adds_labels() -> None:
    small, large = (pairs(num_targets=20, label_share=s).labelled for s in (0.1, 0.5))
    assert small < large


def test_samples_without_label_have_no_valid_pixel() -> None:
    target = target_of(collate([pairs(4, 4, label_share=0.5)[0, i] for i in range(4)]))
    assert target.weak["spikes"].valid_mask.flatten(1).any(dim=1).sum() == 2


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match=r"target_label_share is 1\.5; accepted: 0 to 1"):
        pairs(label_share=1.5)
    with pytest.raises(
        ValueError, match=r"share is 0\.1, but the target has no depth; accepted: 0"
    ):
        pairs(has_depth=False, label_share=0.1)
    assert len(pairs(has_depth=False)) == 6, "a target without depth is the normal case"
