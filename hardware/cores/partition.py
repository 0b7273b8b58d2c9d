"""How the neurons of a layer are spread over cores: a grid of blocks along (C, H, W)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from conversion.graph.layer_graph import Shape
from hardware.counts.connections import BoolMatrix


@dataclass(frozen=True)
class Partition:
    """Blocks of equal sides, but for the last ones along each axis; one core each."""

    shape: Shape
    block: Shape

    def __post_init__(self) -> None:
        if min(self.block) < 1:
            raise ValueError(f"block is {self.block}; accepted: sides of 1 or more")

    @property
    def grid(self) -> Shape:
        """Blocks along each axis."""
        channels, rows, columns = (-(-n // b) for n, b in zip(self.shape, self.block, strict=True))
        return channels, rows, columns

    @property
    def num_cores(self) -> int:
        """Blocks in all."""
        return math.prod(self.grid)

    @cached_property
    def ownership(self) -> tuple[BoolMatrix, BoolMatrix, BoolMatrix]:
        """Per axis (blocks, neurons): which indices a block holds."""
        channels, rows, columns = (
            np.arange(n)[None] // b == np.arange(g)[:, None]
            for n, b, g in zip(self.shape, self.block, self.grid, strict=True)
        )
        return channels, rows, columns


def column_slabs(shape: Shape) -> Iterator[Partition]:
    """Slabs of all channels and rows and of power-of-two width, the widest first.

    This is how Lava's compiler cuts convolutions: with the widest slab whose nominal size stays
    within a core it gives the numbers of cores that are published for PilotNet-LIF.
    """
    channels, rows, columns = shape
    for exponent in reversed(range((columns - 1).bit_length() + 1)):
        yield Partition(shape, (channels, rows, 2**exponent))


def compact_blocks(shape: Shape, max_neurons: int) -> list[Partition]:
    """All grids of nearly equal blocks, the fewest cores first.

    Of as many cores, those with the smallest surface come first: what reaches a block from outside
    has to be sent to more than one core.
    """
    channels, rows, columns = (sorted({-(-n // p) for p in range(1, n + 1)}) for n in shape)
    blocks = (b for b in product(channels, rows, columns) if math.prod(b) <= max_neurons)
    # A halo runs around rows and columns; channels are all read by all.
    return sorted(
        (Partition(shape, block) for block in blocks),
        key=lambda p: (p.num_cores, p.block[1] + p.block[2], p.block),
    )
