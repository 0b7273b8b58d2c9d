import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lava import benchmark, check_equal
from conversion.simulate import integer_simulator
from conversion.simulate.simulation import Trace
from snn_depth.command.parser import call_command
from snn_depth.data.spec import DataSpec
from snn_depth.training.checkpoint import save_network
from tests.conversion.calibrated_student import calibrated_student
from tests.conversion.small_graphs import counts, skip_graph


def test_only_equal_runs_are_compared() -> None:
    expected = integer_simulator.simulate(skip_graph(), counts())
    check_equal(integer_simulator.simulate(skip_graph(), counts()), expected)
    spikes = {**expected.spikes, "b": ~expected.spikes["b"]}
    membranes = {"out": expected.membranes["out"] + 1}
    for wrong, names in (
        (replace(expected, spikes=spikes), r"\['b'\]"),
        (replace(expected, membranes=membranes), r"\['out'\]"),
        (Trace({}, {}), r"\[\]"),
    ):
        with pytest.raises(ValueError, match=f"Lava and the simulator differ in layers {names}"):
            check_equal(wrong, expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--num-repeats", "0"], r"(?s)num_repeats.*0 does not conform to restriction v>0"),
        (["--num-repeats", "x"], "num_repeats"),
    ],
)
def test_user_errors(words: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call_command(benchmark, ["--output", "unused.json", *words])


@pytest.mark.slow
def test_small_pictures(
    tmp_path: Path,
    with_lava: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = tmp_path / "lava.json"
    checkpoint = tmp_path / "small.safetensors"
    save_network(checkpoint, calibrated_student(channel_multipliers=(1, 1)), DataSpec())
    benchmark(
        checkpoint=checkpoint,
        stock_sizes=["16x32"],
        fast_sizes=["16x32", "32x32"],
        num_samples=2,
        num_repeats=2,
        output=output,
        cache_dir=tmp_path,
    )
    results = json.loads(output.read_text())
    assert [(row["size"], row["synapses"], row["seed"]) for row in results["rows"]] == [
        ("16x32", "stock", 0),
        ("16x32", "fast", 0),
        ("16x32", "stock", 1),
        ("16x32", "fast", 1),
        ("32x32", "fast", 0),
        ("32x32", "fast", 1),
    ]
    for row in results["rows"]:
        figures = row["metrics"]
        assert row["num_time_steps"] == 8 and row["num_neurons"] > 1000
        assert figures["ratio"] == pytest.approx(figures["lava_s"] / figures["ours_s"])
        assert np.isfinite(list(figures.values())).all() and min(figures.values()) > 0
    assert results["summary"][0]["num_seeds"] == 2
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 80 and "16x32     stock" in printed
