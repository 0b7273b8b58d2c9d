"""Where the cores are: tiles on a mesh, chips in a row.

Layers follow each other along a snake over the mesh, so that a layer is near the one that it sends
to. Placement is a heuristic, and its cost small beside that of synapses: the reports show it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hardware.cores.chip import Chip

Coordinates = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Placement:
    """Coordinates of every core, one array entry each."""

    chips: Coordinates
    columns: Coordinates
    rows: Coordinates


@dataclass(frozen=True, eq=False)
class Hops:
    """Steps from router to router between pairs of cores."""

    east_west: Coordinates
    north_south: Coordinates
    chips: Coordinates


def place(num_cores: int, chip: Chip) -> Placement:
    """Fill the tiles of chip after chip, row by row, every other row backwards."""
    cores = np.arange(num_cores)
    chips, core = np.divmod(cores, chip.num_cores)
    rows, columns = np.divmod(core // chip.cores_per_tile, chip.mesh_columns)
    columns = np.where(rows % 2, chip.mesh_columns - 1 - columns, columns)
    return Placement(chips, columns + chips * chip.mesh_columns, rows)


def hops_between(placement: Placement, sources: slice, targets: slice) -> Hops:
    """Hops from every source to every target (sources, targets): along rows, then columns."""

    def distance(positions: Coordinates) -> Coordinates:
        found: Coordinates = np.abs(positions[sources, None] - positions[None, targets])
        return found

    return Hops(distance(placement.columns), distance(placement.rows), distance(placement.chips))
