"""Sharing work between machines: `--shard 2/4` is the second of four shares."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """One of several shares of a list that together are the list.

    Attributes:
        index: Which one, from 1.
        count: How many there are.
    """

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """A share from 'i/n'.

        Raises:
            ValueError: If it has another form, or i is not from 1 to n.
        """
        numbers = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
        index, count = map(int, numbers.groups()) if numbers else (0, 0)
        if not 1 <= index <= count:
            raise ValueError(f"shard is {text!r}; accepted: 1/n to n/n, such as 1/4 ... 4/4")
        return cls(index, count)

    def of(self, items: Sequence[Item]) -> Sequence[Item]:
        """Every n-th item, so that neighbours of like size go to different machines."""
        return items[self.index - 1 :: self.count]
