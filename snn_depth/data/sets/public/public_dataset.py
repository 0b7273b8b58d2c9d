"""What every public data set knows about its layout on disk."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from snn_depth.data.sample import Sample


@dataclass(frozen=True)
class LayoutReport:
    """What was found of a data set.

    Attributes:
        num_samples: Usable samples by split, scene or whatever the data set is divided into.
        problems: One sentence for each file or folder that is missing or wrong, naming it.
    """

    num_samples: dict[str, int]
    problems: list[str]


class DatasetLayout(ABC):
    """Mixin of data sets that are read from the folders in which they are published.

    Attributes:
        title: Name of the data set, e.g. "Virtual KITTI 2".
        expected_tree: Its folders and files as text, shown where a layout is wrong.
    """

    title: ClassVar[str]
    expected_tree: ClassVar[str]

    @classmethod
    @abstractmethod
    def recognises(cls, root: Path) -> bool:
        """Whether characteristic names say that `root` is this data set, whole or not.

        Looks at names only, so that it is cheap on a data set of any size.
        """

    @classmethod
    @abstractmethod
    def check_layout(cls, root: Path) -> LayoutReport:
        """What is there and what is missing or wrong; nothing is raised for either."""

    @classmethod
    @abstractmethod
    def preview(cls, root: Path) -> Sample:
        """Read one sample at its own size, for a picture: RGB or spikes or both, and depth.

        Raises:
            ValueError: If there is no whole sample, or a file of it cannot be read.
            OSError: If a file of it does not exist.
        """

    @classmethod
    def layout_error(cls, root: Path, problem: str) -> ValueError:
        """The error for a folder in which something is wrong: says what, and the expected tree."""
        return ValueError(
            f"{root} is not laid out as {cls.title}: {problem}; expected:\n{cls.expected_tree}"
        )
