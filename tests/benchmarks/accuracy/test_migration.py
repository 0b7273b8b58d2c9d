"""No row of the results is outdated; rows of the first version find their digests."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy.migration import first_digests, migrated, migration
from benchmarks.accuracy.result_rows import ResultRows
from benchmarks.accuracy.scenario import Scenario, read_scenarios, row_digests
from benchmarks.accuracy.variants import with_variants
from snn_depth.evaluation.results import summarize
from tests.test_configs import SCENARIOS

pytestmark = pytest.mark.slow  # digests of all recipes and rows
ROOT = Path(__file__).parents[3]
RESULTS = ROOT / "benchmarks" / "results" / "bicross.json"
# Digests that the rows of the results had before recipes built on each other and modules moved.
FIRST = json.loads((ROOT / "tests" / "data" / "first_row_digests.json").read_text())
Row = dict[str, Any]


@pytest.fixture(scope="module")
def scenarios() -> list[Scenario]:
    files = [ROOT / "configs" / f"{name}.yaml" for name in SCENARIOS]
    return [with_variants(scenario) for scenario in read_scenarios(files)]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    found: list[Row] = json.loads(RESULTS.read_text())["rows"]
    return found


def name_of(row: Row) -> str:
    return "/".join((row["scenario"], row["test"], row["predictor"]))


def test_no_row_is_outdated(scenarios: list[Scenario], rows: list[Row]) -> None:
    results = ResultRows(RESULTS, row_digests(scenarios))
    assert results.scenarios == set(SCENARIOS) and len(rows) >= 510
    assert {row["scenario"] for row in rows} <= results.scenarios
    assert [name_of(row) for row in rows if results.is_outdated(row)] == []
    changed = row_digests(scenarios) | {("real_spike", "target_test", "full"): "other"}
    outdated = [row for row in rows if ResultRows(RESULTS, changed).is_outdated(row)]
    assert {name_of(row) for row in outdated} == {"real_spike/target_test/full"}


def test_rows_of_the_first_version_find_their_digests(
    scenarios: list[Scenario], rows: list[Row]
) -> None:
    before, now = first_digests(scenarios), row_digests(scenarios)
    names = {name_of(row): (row["scenario"], row["test"], row["predictor"]) for row in rows}
    assert FIRST.keys() <= names.keys()
    assert {name: before[names[name]] for name in FIRST} == FIRST
    # Only where files counted by their place is there anything to do.
    differing = {key[0] for key in now if now[key] != before[key]}
    assert differing & {name.split("/")[0] for name in FIRST} == {"kitti_sequence", "seven_scenes"}
    for row in rows:
        if name_of(row) in FIRST:
            old = row | {"digest": FIRST[name_of(row)]}
            assert migrated(old, before, now) == row == migrated(row, before, now)
    other = rows[0] | {"digest": "of other settings"}
    assert migrated(other, before, now) == other, "what is outdated stays so"


def test_command(tmp_path: Path, rows: list[Row], capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    content = json.loads(RESULTS.read_text())
    old = [row | {"digest": FIRST[name_of(row)]} for row in rows if name_of(row) in FIRST]
    file.write_text(json.dumps(content | {"rows": old}))
    migration(results=file, recipe=[ROOT / "configs" / "kitti_sequence.yaml"])
    written = json.loads(file.read_text())
    kitti = [row for row in rows if row["scenario"] == "kitti_sequence" and name_of(row) in FIRST]
    assert [r for r in written["rows"] if r["scenario"] == "kitti_sequence"] == kitti
    assert written["summary"] == summarize(written["rows"])
    assert f"{len(kitti)} of {len(old)} rows have new digests" in capsys.readouterr().out
    file.write_text("{}")
    with pytest.raises(ValueError, match=r"results\.json is no results file of schema version 1"):
        migration(results=file, recipe=[])
