import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.chip.pilotnet_run import count_pilotnet, residuals, stored_run
from benchmarks.pilotnet import pilotnet
from benchmarks.report.sections.validation_section import validation_section
from snn_depth.command.parser import call_command


@pytest.fixture(scope="module")
def data(test_data_dir: Path) -> Path:
    folder = test_data_dir / "pilotnet_lif"
    if not folder.is_dir():
        pytest.skip(f"Intel's PilotNet LIF network not found at {folder}")
    return folder


def test_stored_counts_are_those_of_intels_spikes(data: Path) -> None:
    found, (stored, _) = count_pilotnet(data), stored_run()
    assert found.cores == stored.cores and found.memories == stored.memories
    assert found.step_us == pytest.approx(stored.step_us)
    for name, counts in found.events.by_name.items():
        assert np.array_equal(counts, stored.events.by_name[name]), name
    for ours, theirs in zip(found.counts.layers, stored.counts.layers, strict=True):
        assert (ours.name, ours.shape, ours.fires) == (theirs.name, theirs.shape, theirs.fires)
        assert np.array_equal(ours.spikes_TB, theirs.spikes_TB)
        assert np.array_equal(ours.synops_TB, theirs.synops_TB)
        assert ours.num_weights == theirs.num_weights


def test_counts_and_cores_are_those_published() -> None:
    run, _ = stored_run()
    assert run.counts.synops_B == 49_246_886
    assert run.counts.spikes_B == 755_963
    assert run.counts.num_updates(pipelined=True) == 2_536_144
    assert run.cores[:6] == (13, 25, 13, 3, 3, 2)
    low_us, high_us = run.step_us
    assert (round(low_us), round(high_us)) == (88, 486) and low_us < 152.8 < high_us


def test_residuals_of_all_models() -> None:
    """What every report prints; a change to constants or models shows here."""
    found = {residual.constants: residual for residual in residuals(stored_run()[0])}
    assert {name: round(residual.residual, 2) for name, residual in found.items()} == {
        "davies2018": 0.26,
        "keras_spiking_loihi": 0.41,
        "sanafe_loihi": 0.40,
        "loihi2_pilotnet": 0.0,
        "memory_rho_1": -0.37,
        "memory_rho_0": -0.89,
        "naive_fp32": -0.96,
        "naive_int8": -1.0,
    }
    inside = [name for name, residual in found.items() if residual.measured_is_inside]
    assert "loihi2_pilotnet" in inside and "davies2018" not in inside
    assert 68.3 / found["naive_fp32"].predicted_uj == pytest.approx(24.7, abs=0.1)


def test_command_writes_results(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command(pilotnet, ["--data", str(data), "--output", str(tmp_path / "p.json")])
    printed = " ".join(capsys.readouterr().out.split())
    assert "+26.2% of the measured 68.3 uJ, which is outside the interval" in printed
    assert "step: 88 to 486 us; measured 152.8 us" in printed
    assert json.loads((tmp_path / "p.json").read_text())["name"] == "pilotnet"


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"lacks pilotnet_lif\.net, input\.npy, conv-0\.npy"):
        count_pilotnet(tmp_path)


def test_report_prices_the_stored_counts_where_there_is_no_data() -> None:
    part = validation_section(None)
    assert part.data["origin"].startswith("counted on 2026-")
    assert len(part.data["residuals"]) == 8 and part.data["step_is_inside"]
    texts = [str(block) for block in part.blocks]
    assert any("agreement there is no evidence" in text for text in texts)
    assert any("13/25/13/3/3/2 = 59" in text for text in texts)
