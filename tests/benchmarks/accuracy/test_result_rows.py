import json
import logging
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy.result_rows import ResultRows
from snn_depth.evaluation.results import write_results

Row = dict[str, Any]


def row(predictor: str = "full", seed: int = 0, digest: str = "new", **keys: Any) -> Row:
    labels = {"scenario": "weather", "test": "fog", "method": predictor, "predictor": predictor}
    about = {"seed": seed, "alignment": "none", "digest": digest}
    return labels | about | {"metrics": {"abs_rel": 0.1}} | keys


@pytest.fixture
def results(tmp_path: Path) -> ResultRows:
    digests = {("weather", "fog", "full"): "new", ("weather", "fog", "cfkd"): "new"}
    return ResultRows(tmp_path / "results" / "r.json", digests)


def written(results: ResultRows) -> list[Row]:
    rows: list[Row] = json.loads(results.file.read_text())["rows"]
    return rows


def test_rows_grow_and_are_replaced_in_place(results: ResultRows) -> None:
    assert results.read() == [] and not results.has("weather", "fog", "full", 0)
    results.add([row(), row(alignment="median")])
    results.add([row(seed=1)])
    assert results.has("weather", "fog", "full", 0) and results.has("weather", "fog", "full", 1)
    for other in (("scene", "fog"), ("weather", "rain")):
        assert not results.has(*other, "full", 0)
    assert not results.has("weather", "fog", "cfkd", 0)
    again = row(metrics={"abs_rel": 0.2})
    results.add([again])
    assert written(results) == results.read() == [again, row(alignment="median"), row(seed=1)]
    summary = json.loads(results.file.read_text())["summary"]
    assert summary[0]["abs_rel_mean"] == pytest.approx(0.15)


def test_outdated_rows_go_with_the_first_new_one(
    results: ResultRows, caplog: pytest.LogCaptureFixture
) -> None:
    old = [
        row(digest="old", seed=2),
        row("cfkd"),
        row("scp_only"),  # no stage of the recipe any more
        row(digest="theirs", scenario="scene"),
    ]
    write_results(results.file, "r", old)
    with caplog.at_level(logging.WARNING):
        assert results.read() == [old[1], old[3]]
    assert "2 rows were made with other settings" in caplog.text
    assert "full in weather, scp_only in weather" in caplog.text
    assert not results.has("weather", "fog", "full", 2)
    assert written(results) == old, "nothing is lost before there is something new"
    results.add([row()])
    assert written(results) == [row(), old[1], old[3]], "in the order of the recipe"


def test_other_files_are_refused(results: ResultRows) -> None:
    for rows in ([{"method": "8 bits", "metrics": {}}], [3]):
        write_results(results.file, "r", [])
        content = json.loads(results.file.read_text()) | {"rows": rows}
        for text in (json.dumps(content), "[]", "{}", "no JSON"):
            results.file.write_text(text)
            with pytest.raises(ValueError, match=r"r\.json is no results file of this program"):
                results.read()
            with pytest.raises(ValueError, match="is no results file of this program"):
                results.add([row()])
            assert results.file.read_text() == text
