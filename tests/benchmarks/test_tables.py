import json
from pathlib import Path

import pytest

from benchmarks.tables import matrix_tables, merged_order, methods_by_scenario, print_table
from snn_depth.command.parser import call_command

SUMMARY = [
    {
        "scenario": scenario,
        "method": method,
        "alignment": alignment,
        "abs_rel_mean": mean,
        "abs_rel_std": std,
    }
    for scenario, method, alignment, mean, std in [
        ("test", "cfkd", "none", 0.25, 0.01),
        ("test", "cfkd", "median", 0.2, 0.01),
        ("fog", "cfkd", "none", 0.5, None),
        ("test", "row_median", "none", 0.6, 0.0),
    ]
]


def test_table_by_hand() -> None:
    assert methods_by_scenario(SUMMARY, "abs_rel").splitlines() == [
        "| method | test | fog |",
        "|---|---|---|",
        "| cfkd | 0.250 ± 0.010 | 0.500 |",
        "| row_median | 0.600 |  |",
    ]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "results.json"
    file.write_text(json.dumps({"summary": SUMMARY}))
    call_command(print_table, [str(file), "--alignment", "median"])
    assert "| cfkd | 0.200 ± 0.010 |" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no entry has metric 'rmse' with alignment 'none'"):
        call_command(print_table, [str(file), "--metric", "rmse"])


def entry(
    method: str,
    network: str,
    mean: float | None,
    *,
    scenario: str = "weather",
    test: str = "fog",
    num_seeds: int = 3,
    gap: float | None = None,
    alignment: str = "none",
) -> dict[str, object]:
    return {
        "scenario": scenario,
        "test": test,
        "method": method,
        "network": network,
        "alignment": alignment,
        "num_seeds": num_seeds,
        "abs_rel_mean": mean,
        "abs_rel_std": None if mean is None or num_seeds == 1 else 0.01,
        "delta1_mean": 0.9,
        "delta1_std": None,
        "gap_closed": gap,
    }


MATRIX = [
    entry("constant_median", "none", None),
    entry("playback_to_rgb_teacher", "ann", 0.4, gap=-2.0),
    entry("full", "snn", 0.2, test="rain", num_seeds=1, gap=0.425),
    entry("source_only", "snn", 0.3, gap=0.0),
    entry("full", "snn", 0.2, gap=0.5),
    entry("full", "ann", 0.19),
    entry("twin", "ann", 0.18),
    entry("oracle", "snn", 0.1, gap=1.0),
    entry("full_5_percent_labels", "snn", 0.15, gap=0.75),
    entry("full", "snn", 0.12, alignment="median", gap=0.9),
]


def test_matrix_by_hand() -> None:
    first, table, second, ablations = matrix_tables(MATRIX, alignments=["none"]).split("\n\n")
    assert first.startswith("abs_rel, alignment: none (metres as predicted), mean ± standard dev")
    assert "n = 3 seeds where a cell names no other" in first and "gap closed" in first
    assert table.splitlines() == [
        "| network | method | weather: fog | weather: rain |",
        "|---|---|---|---|",
        "|  | constant_median | undefined |  |",
        "| ANN | playback_to_rgb_teacher | 0.400 ± 0.010 |  |",
        "| ANN | full | 0.190 ± 0.010 |  |",
        "| ANN | twin | 0.180 ± 0.010 |  |",
        "| SNN | source_only | 0.300 ± 0.010 |  |",
        "| SNN | full | 0.200 ± 0.010 (50%) | 0.200 (42%, n = 1) |",
        "| SNN | oracle | 0.100 ± 0.010 |  |",
    ]
    assert second.startswith("Ablations, abs_rel, alignment: none")
    assert ablations.splitlines()[1:] == [
        "|---|---|---|",
        "| SNN | source_only | 0.300 ± 0.010 |",
        "| SNN | full | 0.200 ± 0.010 (50%) |",
        "| SNN | oracle | 0.100 ± 0.010 |",
        "| SNN | full_5_percent_labels | 0.150 ± 0.010 (75%) |",
    ]


def test_rows_of_columns_that_differ_are_merged() -> None:
    columns = [["none", "start", "end"], ["start", "middle", "end", "last"], ["first", "none"]]
    rows = [[("ann", name) for name in names] for names in columns]
    names = [name for _, name in merged_order(rows)]
    assert names == ["first", "none", "start", "middle", "end", "last"]


def test_matrix_says_how_it_is_aligned() -> None:
    text = matrix_tables(MATRIX)
    plain, scaled = text.split("abs_rel, alignment: median (scaled per image)")
    assert "0.120" in scaled and "0.120" not in plain and "Ablations" not in scaled
    other = matrix_tables(MATRIX, "delta1", ["none"])
    assert "0.900 |" in other and "gap closed" not in other and "50%" not in other
    with pytest.raises(ValueError, match="no entry has metric 'rmse'"):
        matrix_tables(MATRIX, "rmse")


def test_command_knows_a_matrix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "matrix.json"
    file.write_text(json.dumps({"summary": MATRIX}))
    call_command(print_table, [str(file), "--alignment", "median"])
    assert capsys.readouterr().out.strip() == matrix_tables(MATRIX, alignments=["median"])


def test_the_page_on_scenarios_shows_the_stored_results() -> None:
    root = Path(__file__).parents[2]
    results = json.loads((root / "benchmarks" / "results" / "bicross.json").read_text())
    assert matrix_tables(results["summary"]) in (root / "docs" / "scenarios.md").read_text()
