from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.augment.augmentation import Augmentation, AugmentedDataset
from snn_depth.data.sample import Sample, View


def make_sample() -> Sample:
    generator = torch.Generator().manual_seed(0)
    spikes = torch.randint(0, 17, (8, 1, 6, 10), dtype=torch.uint8, generator=generator)
    rgb = torch.randint(0, 256, (3, 6, 10), dtype=torch.uint8, generator=generator)
    common = {
        "depth_m": torch.rand(1, 6, 10, generator=generator),
        "intrinsics": torch.tensor([[7.0, 0, 4.0], [0, 7.0, 3.0], [0, 0, 1.0]]),
    }
    return Sample({"spikes": View(spikes, **common), "rgb": View(rgb, **common)})


def parts(sample: Sample) -> Iterator[tuple[str, Tensor]]:
    for sensor, view in sample.views.items():
        yield from ((f"{sensor}.{name}", part) for name, part in view.parts.items())


class One(Dataset[Sample]):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Sample:
        return make_sample()


def test_mirror_twice_is_identity_and_moves_the_principal_point() -> None:
    sample = make_sample()
    once = sample.mirror()
    assert once["spikes"].intrinsics[0, 2] == 9 - 4
    assert torch.equal(once["spikes"].depth_m[..., 0], sample["spikes"].depth_m[..., -1])
    twice = dict(parts(once.mirror()))
    assert len(twice) == 8
    for name, value in parts(sample):
        assert torch.equal(twice[name], value)


def test_same_seed_epoch_and_index_give_the_same_sample() -> None:
    augmentation = Augmentation(min_light=0.3, color_jitter=0.2)
    a, b = (AugmentedDataset(One(), augmentation, seed=4) for _ in range(2))
    other = dict(parts(b[2, 3]))
    for name, value in parts(a[2, 3]):
        assert torch.equal(value, other[name])
    assert not torch.equal(a[2, 3]["spikes"].image, a[3, 3]["spikes"].image)


def test_less_light_drops_that_share_of_spikes() -> None:
    counts = torch.full((8, 1, 50, 50), 16, dtype=torch.uint8)
    sample = Sample({"spikes": View(counts), "rgb": make_sample()["rgb"]})
    augmentation = Augmentation(flip_probability=0.0, min_light=0.25)
    generator = torch.Generator().manual_seed(1)
    light = torch.rand(5, generator=torch.Generator().manual_seed(1))[1]
    out = augmentation(sample, generator)
    expected = 16 * (0.25 + 0.75 * light)
    assert abs(out["spikes"].image.float().mean() - expected) < 0.05
    assert out["rgb"].image.float().mean() < sample["rgb"].image.float().mean()


def test_default_only_mirrors() -> None:
    sample = make_sample()
    for seed in range(8):
        out = Augmentation()(sample, torch.Generator().manual_seed(seed))
        before, after = sample["spikes"].image, out["spikes"].image
        assert torch.equal(after, before) or torch.equal(after, before.flip(-1))


def test_averages_of_counts_are_dimmed_without_rounding() -> None:
    averages = make_sample()["spikes"].image.float() * 0.3
    generator = torch.Generator().manual_seed(0)
    sample = Sample({"spikes": View(averages)})
    changed = Augmentation(flip_probability=0, min_light=0.5)(sample, generator)
    factor = (changed["spikes"].image / averages)[averages > 0]
    assert 0.5 < factor.min() and factor.max() < 1
    assert torch.allclose(factor, factor[0])


def test_neighbours_stand_in_the_same_light() -> None:
    rgb = View(torch.full((3, 4, 6), 100, dtype=torch.uint8))
    sample = Sample({"rgb": rgb}, neighbours={1: Sample({"rgb": rgb})})
    changed = Augmentation(0.0, 0.3, 0.2)(sample, torch.Generator().manual_seed(0))
    assert not torch.equal(changed["rgb"].image, rgb.image)
    assert torch.equal(changed.neighbours[1]["rgb"].image, changed["rgb"].image)


def test_three_time_bins_are_no_picture() -> None:
    spikes = View(torch.ones(3, 1, 4, 6, dtype=torch.uint8))
    changed = Augmentation(0.0, 1.0, 0.4)(Sample({"spikes": spikes}), torch.Generator())
    assert torch.equal(changed["spikes"].image, spikes.image)


def test_floating_pictures_stay_in_their_range() -> None:
    sample = Sample({"rgb": View(torch.full((3, 4, 6), 0.4))})
    image = Augmentation(0.0, 0.5)(sample, torch.Generator().manual_seed(0))["rgb"].image
    assert image.is_floating_point()
    assert 0.1 < image.min() and image.max() < 0.4
