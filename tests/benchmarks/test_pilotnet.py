import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.pilotnet import RESULTS, as_row, main, validate
from benchmarks.report.validation import validation_part


@pytest.fixture(scope="module")
def data(test_data_dir: Path) -> Path:
    folder = test_data_dir / "pilotnet_lif"
    if not folder.is_dir():
        pytest.skip(f"Intel's PilotNet LIF network not found at {folder}")
    return folder


def rounded(row: dict[str, Any]) -> Any:
    return json.loads(json.dumps(row), parse_float=lambda number: round(float(number), 6))


def test_models_are_as_far_from_the_measurement_as_the_stored_residuals_say(data: Path) -> None:
    found = as_row(validate(data))
    assert rounded(found) == rounded(json.loads(RESULTS.read_text())["rows"][0])
    assert found["num_synops"] == 49_246_886
    assert found["num_spikes"] == 755_963
    assert found["num_updates"] == 2_536_144
    assert list(found["cores"])[:6] == [13, 25, 13, 3, 3, 2]
    residuals = {r["constants"]: round(r["residual"], 2) for r in found["residuals"]}
    assert residuals == {
        "davies2018": 0.26,
        "keras_spiking_loihi": 0.41,
        "sanafe_loihi": 0.40,
        "loihi2_pilotnet": 0.0,
    }
    inside = {r["constants"]: r["measured_is_inside"] for r in found["residuals"]}
    assert [name for name, is_inside in inside.items() if is_inside] == ["loihi2_pilotnet"]
    assert found["step_is_inside"] and [round(us) for us in found["step_us"]] == [88, 486]


def test_command_writes_results(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--data", str(data), "--output", str(tmp_path / "p.json")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "+26.2% of the measured 68.3 uJ, which is outside the interval" in printed
    assert "step: 88 to 486 us; measured 152.8 us" in printed
    assert json.loads((tmp_path / "p.json").read_text())["name"] == "pilotnet"


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"lacks pilotnet_lif\.net, input\.npy, conv-0\.npy"):
        validate(tmp_path)


def test_report_quotes_the_stored_residuals_where_there_is_no_data() -> None:
    part = validation_part(None)
    assert part.data["origin"].startswith("stored on 2026-")
    texts = [str(block) for block in part.section.blocks]
    assert any("agreement there is no evidence" in text for text in texts)
    assert any("13/25/13/3/3/2 = 59" in text for text in texts)
