import torch
from torch import Tensor
from torch.utils.data import Dataset

from snn_depth.data.augment.augmentation import Augmentation, AugmentedDataset, mirror


def make_sample() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "spikes": torch.randint(0, 17, (8, 1, 6, 10), dtype=torch.uint8, generator=generator),
        "rgb": torch.randint(0, 256, (3, 6, 10), dtype=torch.uint8, generator=generator),
        "depth_m": torch.rand(1, 6, 10, generator=generator),
        "intrinsics": torch.tensor([[7.0, 0, 4.0], [0, 7.0, 3.0], [0, 0, 1.0]]),
    }


class One(Dataset[dict[str, Tensor]]):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return make_sample()


def test_mirror_twice_is_identity_and_moves_the_principal_point() -> None:
    sample = make_sample()
    once = mirror(sample)
    assert once["intrinsics"][0, 2] == 9 - 4
    assert torch.equal(once["depth_m"][..., 0], sample["depth_m"][..., -1])
    for key, value in mirror(once).items():
        assert torch.equal(value, sample[key])


def test_same_seed_epoch_and_index_give_the_same_sample() -> None:
    augmentation = Augmentation(min_light=0.3, color_jitter=0.2)
    a, b = (AugmentedDataset(One(), augmentation, seed=4) for _ in range(2))
    for key, value in a[2, 3].items():
        assert torch.equal(value, b[2, 3][key])
    assert not torch.equal(a[2, 3]["spikes"], a[3, 3]["spikes"])


def test_less_light_drops_that_share_of_spikes() -> None:
    sample = make_sample() | {"spikes": torch.full((8, 1, 50, 50), 16, dtype=torch.uint8)}
    augmentation = Augmentation(flip_probability=0.0, min_light=0.25)
    generator = torch.Generator().manual_seed(1)
    light = torch.rand(5, generator=torch.Generator().manual_seed(1))[1]
    out = augmentation(sample, generator)
    expected = 16 * (0.25 + 0.75 * light)
    assert abs(out["spikes"].float().mean() - expected) < 0.05
    assert out["rgb"].float().mean() < sample["rgb"].float().mean()


def test_default_only_mirrors() -> None:
    sample = make_sample()
    for seed in range(8):
        out = Augmentation()(sample, torch.Generator().manual_seed(seed))
        assert torch.equal(out["spikes"], sample["spikes"]) or torch.equal(
            out["spikes"], sample["spikes"].flip(-1)
        )


def test_averages_of_counts_are_dimmed_without_rounding() -> None:
    averages = make_sample()["spikes"].float() * 0.3
    generator = torch.Generator().manual_seed(0)
    changed = Augmentation(flip_probability=0, min_light=0.5)({"spikes": averages}, generator)
    factor = (changed["spikes"] / averages)[averages > 0]
    assert 0.5 < factor.min() and factor.max() < 1
    assert torch.allclose(factor, factor[0])
