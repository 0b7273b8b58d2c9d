import numpy as np
import pytest

from hardware.cores.partition import Partition, column_slabs, compact_blocks


def test_blocks_own_every_neuron_once() -> None:
    partition = Partition((5, 4, 7), (2, 4, 3))
    assert partition.grid == (3, 1, 3)
    assert partition.num_cores == 9
    for owned, n in zip(partition.ownership, (5, 4, 7), strict=True):
        assert owned.sum(0).tolist() == [1] * n
    assert partition.ownership[0].astype(int).tolist() == [
        [1, 1, 0, 0, 0],
        [0, 0, 1, 1, 0],
        [0, 0, 0, 0, 1],
    ]


def test_blocks_have_neurons() -> None:
    with pytest.raises(ValueError, match=r"block is \(1, 0, 1\)"):
        Partition((1, 1, 1), (1, 0, 1))


@pytest.mark.parametrize(
    ("columns", "widths"), [(1, [1]), (2, [2, 1]), (5, [8, 4, 2, 1]), (8, [8, 4, 2, 1])]
)
def test_slabs_are_powers_of_two(columns: int, widths: list[int]) -> None:
    slabs = list(column_slabs((3, 6, columns)))
    assert [slab.block for slab in slabs] == [(3, 6, width) for width in widths]
    assert [slab.num_cores for slab in slabs] == [-(-columns // width) for width in widths]


def test_compact_blocks_start_with_the_fewest_cores() -> None:
    candidates = compact_blocks((4, 6, 9), max_neurons=60)
    assert all(np.prod(p.block) <= 60 for p in candidates)
    num_cores = [p.num_cores for p in candidates]
    assert num_cores == sorted(num_cores)
    every_grid = {
        -(-4 // c) * -(-6 // h) * -(-9 // w)
        for c in range(1, 5)
        for h in range(1, 7)
        for w in range(1, 10)
        if c * h * w <= 60
    }
    assert set(num_cores) == every_grid
