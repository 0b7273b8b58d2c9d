"""What a file of spikes does not say about itself."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from snn_depth.data.streams.array_files import AxisOrder
from snn_depth.data.streams.vidar import BitOrder

_USED_FOR = {
    ".dat": {"height", "width", "sample_rate_hz", "flip_rows", "bit_order", "head_columns"},
    ".npy": {"height", "width", "sample_rate_hz", "axis_order"},
    ".npz": {"height", "width", "sample_rate_hz", "axis_order", "key"},
    ".h5": {"height", "width"},
    ".hdf5": {"height", "width"},
}
SPIKE_SUFFIXES = tuple(_USED_FOR)


@dataclass(frozen=True, kw_only=True)
class SpikeFileOptions:
    """How a file of spikes is to be read, or was written.

    Attributes:
        height: Rows, for .dat files without a config.yaml beside them.
        width: Columns, likewise.
        sample_rate_hz: Spike frames per second, for files that do not say.
        axis_order: Axes of an .npy or .npz array.
        flip_rows: Whether the rows of a .dat file are stored bottom-up, as the camera does.
        bit_order: Order of the bits in a .dat file's bytes.
        head_columns: Padding columns of a .dat file that are dropped (the 416-column variant
            of the 400-column camera has 16).
        key: Array in an .npz file; needed when it has several.
    """

    height: int | None = None
    width: int | None = None
    sample_rate_hz: float = 20_000.0
    axis_order: AxisOrder = "THW"
    flip_rows: bool = True
    bit_order: BitOrder = "little"
    head_columns: int = 0
    key: str | None = None

    def ignored(self, path: Path) -> dict[str, Any]:
        """The given options that make no difference for a file's format, with their defaults."""
        used = _USED_FOR[spike_suffix(path)]
        return {
            option.name: option.default
            for option in fields(self)
            if option.name not in used and getattr(self, option.name) != option.default
        }

    def used_for(self, path: Path) -> Self:
        """These options without those that are ignored for a file."""
        return replace(self, **self.ignored(path))

    def check_size(self, what: str, height: int, width: int) -> None:
        """Refuse frames of another size than the one that is given."""
        if (height, width) != (self.height or height, self.width or width):
            raise ValueError(
                f"{what} has frames of {height}x{width}, "
                f"not of height {self.height} and width {self.width}"
            )


DEFAULT_OPTIONS = SpikeFileOptions()


def spike_suffix(path: Path) -> str:
    """The suffix in lower case; ValueError when it is that of no spike file."""
    suffix = path.suffix.lower()
    if suffix not in SPIKE_SUFFIXES:
        raise ValueError(f"{path} has the suffix {suffix!r}; accepted: {', '.join(SPIKE_SUFFIXES)}")
    return suffix
