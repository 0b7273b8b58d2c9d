"""A results file that grows row by row, also under several processes."""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from snn_depth.evaluation.results import SCHEMA_VERSION, write_results

logger = logging.getLogger(__name__)
Row = dict[str, Any]
# By scenario, test set and predictor: what determines the row.
Digests = Mapping[tuple[str, str, str], str]
LABELS = {"scenario", "test", "predictor", "seed", "alignment", "digest", "metrics"}


class ResultRows:
    """Rows of some scenarios in a results file, beside rows of others.

    Rows of these scenarios with another digest than the recipes have now, or of something that
    they no longer score, are outdated: they are not counted, and dropped with the next writing.

    Args:
        file: Results file (*.json); made with the first row.
        digests: Digests of the rows of these scenarios.
    """

    def __init__(self, file: Path, digests: Digests) -> None:
        self.file, self.digests = file, digests
        self.scenarios = {scenario for scenario, _, _ in digests}
        self._lock = FileLock(file.with_name(f".{file.name}.lock"))

    def read(self) -> list[Row]:
        """All rows that are not outdated; none when there is no file.

        Raises:
            ValueError: When the file is not such a results file.
        """
        rows = self._all_rows()
        outdated = [row for row in rows if self.is_outdated(row)]
        if outdated:
            names = sorted({f"{row['predictor']} in {row['scenario']}" for row in outdated})
            logger.warning(
                "%d rows were made with other settings and are replaced: %s",
                len(outdated),
                ", ".join(names),
            )
        return [row for row in rows if not self.is_outdated(row)]

    def is_outdated(self, row: Row) -> bool:
        """Whether a row of these scenarios is not what their recipes would give now."""
        name = row["scenario"], row["test"], row["predictor"]
        return row["scenario"] in self.scenarios and row["digest"] != self.digests.get(name)

    def has(self, scenario: str, test: str, predictor: str, seed: int) -> bool:
        """Whether there are rows, not outdated, of one run.

        Args:
            scenario: Name of the scenario.
            test: Name of the test set.
            predictor: Name of what is scored.
            seed: Seed of the run.
        """
        return any(
            (row["scenario"], row["test"], row["predictor"], row["seed"])
            == (scenario, test, predictor, seed)
            for row in self._all_rows()
            if not self.is_outdated(row)
        )

    def add(self, new: Sequence[Row]) -> None:
        """Write rows into the file, in place of those that they repeat.

        Args:
            new: Rows with everything in `LABELS`.

        Raises:
            OSError: When the file cannot be written.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:  # between reading and writing no other process may write
            rows = {identity(row): row for row in [*self.read(), *new]}
            in_order = in_recipe_order(list(rows.values()), self.digests)
            write_results(self.file, self.file.stem, in_order)

    def _all_rows(self) -> list[Row]:
        if not self.file.exists():
            return []
        try:
            results = json.loads(self.file.read_text())
            rows: list[Row] = results["rows"]
            fits = results["schema_version"] == SCHEMA_VERSION
            fits = fits and all(row.keys() >= LABELS for row in rows)
        except (ValueError, KeyError, TypeError, AttributeError):
            fits = False
        if not fits:
            raise ValueError(
                f"{self.file} is no results file of this program; accepted: one that it made, or "
                "a new file"
            )
        return rows


def in_recipe_order(rows: Sequence[Row], digests: Digests) -> list[Row]:
    """Rows by scenario, those of each as its recipe has them; tables show this order."""
    scenarios = list(dict.fromkeys(row["scenario"] for row in rows))
    positions = {name: position for position, name in enumerate(digests)}

    def place(row: Row) -> tuple[int, int]:
        name = row["scenario"], row["test"], row["predictor"]
        return scenarios.index(row["scenario"]), positions.get(name, len(positions))

    return sorted(rows, key=place)


def identity(row: Row) -> tuple[Any, ...]:
    """What at most one row may have."""
    return tuple(row[key] for key in ("scenario", "test", "predictor", "seed", "alignment"))
