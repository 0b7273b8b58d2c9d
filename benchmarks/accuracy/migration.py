"""Rows with digests of the first version: `python -m benchmarks.accuracy.migration`.

There files of data counted by where they lie, now by a name or by their content. A row with the
digest that its recipe would have had is given the one that it has now; all others stay as they
are. Rows are in the order of their recipes then.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.result_rows import Digests, Row, in_recipe_order
from benchmarks.accuracy.scenario import Scenario, read_scenarios, row_digests
from benchmarks.accuracy.variants import with_variants
from snn_depth.command.exit import run_command
from snn_depth.evaluation.results import SCHEMA_VERSION, finite, summarize
from snn_depth.files.atomic import atomic_path
from snn_depth.training.digests import RecipeDigests


def migration(*, results: Path, recipe: Sequence[Path]) -> None:
    """Give rows of a results file the digests of today.

    Args:
        results: Results file of benchmarks.accuracy (*.json).
        recipe: Recipes (*.yaml) that the rows are of.
    """
    content = json.loads(results.read_text())
    if content.get("schema_version") != SCHEMA_VERSION:
        raise ValueError(f"{results} is no results file of schema version {SCHEMA_VERSION}")
    scenarios = [with_variants(scenario) for scenario in read_scenarios(recipe)]
    before, now = first_digests(scenarios), row_digests(scenarios)
    rows = [migrated(row, before, now) for row in content["rows"]]
    num_changed = sum(a != b for a, b in zip(rows, content["rows"], strict=True))
    rows = in_recipe_order(rows, now)
    with atomic_path(results) as temporary:
        content |= {"rows": rows, "summary": summarize(rows)}
        temporary.write_text(json.dumps(finite(content), indent=2) + "\n")
    print(f"{results}: {num_changed} of {len(rows)} rows have new digests")


def migrated(row: Row, before: Digests, now: Digests) -> Row:
    """A row with its digest of today, where it has that of the first version."""
    name = row["scenario"], row["test"], row["predictor"]
    if name in now and row["digest"] == before[name]:
        return row | {"digest": now[name]}
    return row


def first_digests(scenarios: Sequence[Scenario]) -> Digests:
    """The same as the first version computed them."""
    return {
        (scenario.name, *name): value
        for scenario in scenarios
        for name, value in scenario.row_digests_by(
            RecipeDigests(scenario.recipe, scenario.text, by_place=True)
        ).items()
    }


if __name__ == "__main__":
    run_command(migration)
