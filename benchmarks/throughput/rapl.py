"""Energy counters of the processor's packages (Intel RAPL, also AMD's), where Linux shows them.

They count the whole package: all cores, whoever uses them, without main memory.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.throughput.energy_window import CounterReading, EnergyWindow, window_between

POWERCAP = Path("/sys/class/powercap")
# The counters are updated about every millisecond (Intel SDM volume 3, "RAPL interfaces").
COUNTER_STEP_S = 0.001


@dataclass(frozen=True)
class PackageCounter:
    """Counter of one package.

    Attributes:
        wraps_at_j: Where it starts from 0 again.
    """

    folder: Path
    wraps_at_j: float

    def read(self) -> CounterReading:
        """The time and the counter now."""
        return CounterReading(time.perf_counter(), _read_uj(self.folder / "energy_uj") * 1e-6)


@dataclass(frozen=True)
class Packages:
    """All packages of the machine, at least one."""

    counters: tuple[PackageCounter, ...]

    def read(self) -> tuple[CounterReading, ...]:
        """Every counter now."""
        return tuple(counter.read() for counter in self.counters)

    def window_since(
        self, start: Sequence[CounterReading], num_inferences: int, *, min_duration_s: float
    ) -> EnergyWindow:
        """The window from an earlier reading to now, over all packages; see `window_between`."""
        parts = [
            window_between(
                before,
                counter.read(),
                num_inferences,
                min_duration_s=min_duration_s,
                wraps_at_j=counter.wraps_at_j,
            )
            for before, counter in zip(start, self.counters, strict=True)
        ]
        energy_j = sum(part.energy_j for part in parts)
        return EnergyWindow(parts[0].duration_s, energy_j, num_inferences)


def find_packages(root: Path = POWERCAP) -> Packages:
    """The packages of this machine, whose counters can be read.

    Raises:
        ValueError: Why there is nothing to read.
    """
    # Parts of a package ("intel-rapl:0:0") are contained in it, and "psys" contains all.
    folders = sorted(
        folder
        for folder in root.glob("intel-rapl:*")
        if folder.name.count(":") == 1 and _name(folder).startswith("package")
    )
    if not folders:
        raise ValueError(f"{root} shows no energy counter of a processor package (intel-rapl)")
    try:
        packages = Packages(
            tuple(PackageCounter(f, _read_uj(f / "max_energy_range_uj") * 1e-6) for f in folders)
        )
        packages.read()
    except OSError as error:
        raise ValueError(f"energy counters are not readable by this user: {error}") from error
    return packages


def _name(folder: Path) -> str:
    try:
        return (folder / "name").read_text().strip()
    except OSError:
        return ""


def _read_uj(path: Path) -> int:
    return int(path.read_text())
