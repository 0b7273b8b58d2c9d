"""Order of samples as a function of (seed, epoch), so that a resumed run is exact."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class EpochSampler(Sampler[tuple[int, int]]):
    """Shuffles by (seed, epoch) and gives every rank its own, equally long share.

    Args:
        num_samples: Size of the data set.
        batch_size: Samples per rank and step; what does not fill a batch on every rank is left
            out of the epoch.
        seed: Seed of the run.
        rank: This process.
        num_ranks: Number of processes.

    Raises:
        ValueError: When there is not one batch for every rank.
    """

    def __init__(
        self, num_samples: int, *, batch_size: int, seed: int, rank: int = 0, num_ranks: int = 1
    ) -> None:
        self.num_steps = num_samples // (batch_size * num_ranks)
        if self.num_steps == 0:
            raise ValueError(
                f"{num_samples} samples do not fill one batch of {batch_size} on each of "
                f"{num_ranks} processes"
            )
        self.num_samples, self.batch_size, self.seed = num_samples, batch_size, seed
        self.rank, self.num_ranks, self.epoch = rank, num_ranks, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next; Lightning calls it.

        Args:
            epoch: Number of the epoch, from 0.
        """
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_steps * self.batch_size

    def __iter__(self) -> Iterator[tuple[int, int]]:
        generator = torch.Generator().manual_seed(hash((self.seed, self.epoch)) % 2**63)
        order = torch.randperm(self.num_samples, generator=generator).tolist()
        share = order[self.rank :: self.num_ranks][: len(self)]
        return iter([(self.epoch, index) for index in share])
