import math

import pytest
import torch
from torch import Tensor

from snn_depth.data.augment.strong_view import StrongView, erase, shuffle_bins

NOTHING = StrongView(
    mirror_probability=0, shuffled_bins=0, drop_share=0, max_gain=1, gain_std=0, num_erased=0
)


def only(**settings: float) -> StrongView:
    """A view with these changes and no others."""
    return StrongView(**(vars(NOTHING) | settings))  # type: ignore[arg-type]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_counts(num_bins: int = 8, height: int = 20, width: int = 30) -> Tensor:
    counts = torch.randint(0, 17, (num_bins, 1, height, width), generator=generator(5))
    return counts.to(torch.uint8)


def test_all_off_changes_nothing() -> None:
    counts = make_counts()
    view, mirrored = NOTHING(counts, generator())
    assert torch.equal(view, counts) and view.dtype == torch.uint8 and mirrored is False


def test_default_differs_from_the_weak_view_and_leaves_it_untouched() -> None:
    counts = make_counts()
    before = counts.clone()
    for seed in range(5):
        view, _ = StrongView()(counts, generator(seed))
        assert view.shape == counts.shape and view.dtype == torch.uint8
        assert not torch.equal(view, counts) and not torch.equal(view, counts.flip(-1))
    assert torch.equal(counts, before)


def test_the_generator_decides_everything() -> None:
    counts = make_counts()
    torch.manual_seed(0)
    first, first_mirrored = StrongView()(counts, generator(3))
    torch.manual_seed(1)  # the global generator plays no part
    again, again_mirrored = StrongView()(counts, generator(3))
    other, _ = StrongView()(counts, generator(4))
    assert torch.equal(first, again) and first_mirrored is again_mirrored
    assert not torch.equal(first, other)


def test_bins_are_shuffled_within_their_group_and_nothing_else_happens() -> None:
    """Every bin holds its own number, so that the order can be read off."""
    counts = torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1).expand(10, 1, 4, 4)
    orders = set()
    for seed in range(20):
        view, _ = only(shuffled_bins=4)(counts, generator(seed))
        order = view[:, 0, 0, 0].tolist()
        assert [sorted(order[:4]), sorted(order[4:8]), sorted(order[8:])] == [
            [0, 1, 2, 3],
            [4, 5, 6, 7],
            [8, 9],
        ]
        orders.add(tuple(order))
    assert len(orders) > 10, "visible to a network that reads bins"


@pytest.mark.parametrize("group_size", [0, 1])
def test_groups_of_one_bin_have_no_order(group_size: int) -> None:
    counts = make_counts()
    assert torch.equal(shuffle_bins(counts, group_size, generator()), counts)


def test_mirrored_flag_is_right_and_has_its_probability() -> None:
    counts, num_mirrored = make_counts(2, 4, 5), 0
    for seed in range(400):
        view, mirrored = only(mirror_probability=0.3)(counts, generator(seed))
        assert torch.equal(view, counts.flip(-1) if mirrored else counts)
        num_mirrored += mirrored
    assert num_mirrored / 400 == pytest.approx(0.3, abs=0.07)  # 3 standard deviations


def test_counts_stay_in_a_byte() -> None:
    counts = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 1, 2).expand(4, 1, 50, 2)
    for seed in range(20):
        view, _ = only(max_gain=2.0)(counts, generator(seed))
        assert view.dtype == torch.uint8
        assert (view[..., 0] < view[..., 1]).all(), "neither end wraps around"


def test_drop_loses_a_uniform_share_up_to_its_end() -> None:
    counts = torch.full((4, 1, 40, 40), 100, dtype=torch.uint8)
    shares = torch.tensor(
        [
            1 - only(drop_share=0.4)(counts, generator(seed))[0].double().mean().item() / 100
            for seed in range(200)
        ]
    )
    assert 0 <= shares.min() < 0.03 and 0.37 < shares.max() <= 0.4
    assert shares.mean().item() == pytest.approx(0.2, abs=0.03)


def test_contrast_changes_around_the_mean() -> None:
    counts = torch.tensor([80, 120], dtype=torch.uint8).view(1, 1, 1, 2).expand(1, 1, 200, 2)
    gains = []
    for seed in range(200):
        view, _ = only(max_gain=2.0)(counts, generator(seed))
        low, high = view.double().mean(dim=(0, 1, 2)).tolist()
        assert (low + high) / 2 == pytest.approx(100, abs=0.3)
        gains.append((high - low) / 40)
    assert 0.5 <= min(gains) + 0.01 and max(gains) <= 2.01
    assert min(gains) < 0.55 and max(gains) > 1.85
    assert sum(map(math.log, gains)) / 200 == pytest.approx(0, abs=0.09)  # as often less as more


def test_gain_belongs_to_the_pixel() -> None:
    """The same gain in all bins, another one in the next pixel."""
    counts = torch.full((200, 1, 16, 16), 100, dtype=torch.uint8)
    view, _ = only(gain_std=0.1)(counts, generator())
    first, second = view[:100].double().mean(0) / 100, view[100:].double().mean(0) / 100
    assert (first - second).abs().max() < 0.01
    assert first.std().item() == pytest.approx(0.1, abs=0.02)


def test_erased_rectangles_have_no_spike_and_the_rest_is_untouched() -> None:
    counts = torch.full((3, 1, 20, 40), 9, dtype=torch.uint8)
    for seed in range(30):
        view, _ = only(num_erased=1, max_erased_side=0.5)(counts, generator(seed))
        erased = (view == 0).all(dim=0)[0]
        assert (view[:, 0, ~erased] == 9).all()
        rows, columns = erased.any(dim=1).nonzero(), erased.any(dim=0).nonzero()
        if len(rows):
            height = int(rows.max() - rows.min()) + 1
            width = int(columns.max() - columns.min()) + 1
            assert erased.sum() == height * width, "one rectangle"
            assert height <= 10 and width <= 20


def test_erase_reaches_every_place_and_the_whole_picture() -> None:
    hit = torch.zeros(12, 12, dtype=torch.bool)
    for seed in range(3000):
        counts = torch.ones(12, 12)
        erase(counts, 1, 0.5, generator(seed))
        hit |= counts == 0
    assert hit.all()
    counts = torch.ones(12, 12)
    erase(counts, 200, 1.0, generator())
    assert (counts == 0).all()


def test_one_setting_does_not_shift_the_mirror() -> None:
    counts = make_counts(4, 6, 6)
    for seed in range(20):
        flags = [
            view(counts, generator(seed))[1]
            for view in (only(mirror_probability=0.5), StrongView(), StrongView(shuffled_bins=0))
        ]
        assert len(set(flags)) == 1


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("shuffled_bins", 3, "0, or 4 or more"),
        ("shuffled_bins", -4, "0, or 4 or more"),
        ("mirror_probability", 1.5, "0 to 1"),
        ("drop_share", -0.1, "0 to 1"),
        ("max_erased_side", 2.0, "0 to 1"),
        ("max_gain", 0.9, "1 or more"),
        ("gain_std", -1.0, "0 or more"),
        ("num_erased", -1, "0 or more"),
    ],
)
def test_bad_settings(name: str, value: float, accepted: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}; accepted: {accepted}"):
        StrongView(**{name: value})
