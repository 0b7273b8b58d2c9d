import json
from pathlib import Path

import pytest

from benchmarks.tables import main, methods_by_scenario

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
    main([str(file), "--alignment", "median"])
    assert "| cfkd | 0.200 ± 0.010 |" in capsys.readouterr().out
    with pytest.raises(ValueError, match="no entry has metric 'rmse' with alignment 'none'"):
        main([str(file), "--metric", "rmse"])
