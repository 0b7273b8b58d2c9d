import pytest

from snn_depth.data.augment.sampler import EpochSampler


def order(epoch: int, seed: int = 0, **options: int) -> list[int]:
    sampler = EpochSampler(20, batch_size=4, seed=seed, **options)
    sampler.set_epoch(epoch)
    keys = list(sampler)
    assert all(e == epoch for e, _ in keys)
    return [index for _, index in keys]


def test_order_depends_on_seed_and_epoch_only() -> None:
    assert order(3) == order(3)
    assert order(3) != order(4)
    assert order(3) != order(3, seed=1)
    assert sorted(order(3)) == list(range(20))


def test_ranks_share_the_epoch_without_overlap() -> None:
    shares = [order(1, rank=rank, num_ranks=2) for rank in range(2)]
    assert [len(s) for s in shares] == [8, 8]  # 20 samples: two whole batches of 4 each
    assert not set(shares[0]) & set(shares[1])


def test_too_few_samples() -> None:
    with pytest.raises(ValueError, match="3 samples do not fill one batch of 4"):
        EpochSampler(3, batch_size=4, seed=0)
