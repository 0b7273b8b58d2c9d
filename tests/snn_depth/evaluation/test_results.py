import json
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

import snn_depth
from snn_depth.evaluation.results import current_commit, gap_closed, summarize, write_results


def row(seed, abs_rel, **keys):
    return {"scenario": "fog", "method": "student", **keys, "seed": seed} | {
        "metrics": {"abs_rel": abs_rel}
    }


def test_summary_groups_everything_but_the_seed():
    summary = summarize([row(0, 0.1), row(0, 0.5, method="row_median"), row(1, 0.3)])
    assert summary[0] == {
        "scenario": "fog",
        "method": "student",
        "num_seeds": 2,
        "abs_rel_mean": pytest.approx(0.2),
        "abs_rel_std": pytest.approx(0.02**0.5),  # sample standard deviation of .1 and .3
    }
    assert summary[1]["method"] == "row_median"
    assert (summary[1]["num_seeds"], summary[1]["abs_rel_std"]) == (1, None)


def test_where_and_how_long_a_run_took_does_not_tell_it_from_others():
    summary = summarize(
        [
            row(0, 0.1, train_seconds=30.0, machine="slow", commit="a"),
            row(1, 0.3, train_seconds=20.5, machine="fast", commit="b"),
        ]
    )
    assert [entry["num_seeds"] for entry in summary] == [2]
    assert summary[0]["train_seconds_max"] == 30.0
    assert not {"machine", "commit", "train_seconds"} & summary[0].keys()


def test_a_mean_over_an_undefined_number_is_undefined():
    (entry,) = summarize([row(0, 0.1), row(1, None)])
    assert (entry["abs_rel_mean"], entry["abs_rel_std"], entry["num_seeds"]) == (None, None, 2)


def test_gap_closed_by_hand():
    assert gap_closed(0.20, 0.30, 0.10) == pytest.approx(0.5)
    assert gap_closed(0.05, 0.30, 0.10) == pytest.approx(1.25)
    assert gap_closed(0.40, 0.30, 0.10) == pytest.approx(-0.5)
    for source_only, oracle in ((0.1, 0.1), (0.1, 0.3), (None, 0.1), (0.3, None)):
        assert gap_closed(0.2, source_only, oracle) is None
    assert gap_closed(0.2, float("nan"), 0.1) is None


def test_gap_is_between_methods_of_the_same_network_test_and_alignment():
    def of(method, network, seed, abs_rel, **keys):
        return row(seed, abs_rel, method=method, network=network, alignment="none", **keys)

    rows = [
        of("source_only", "snn", 0, 0.3),
        of("source_only", "snn", 1, 0.5),  # not compared: the others lack this seed
        of("oracle", "snn", 0, 0.1),
        of("full", "snn", 0, 0.15),
        of("source_only", "ann", 0, 0.5),
        of("full", "ann", 0, 0.4),
        of("oracle", "snn", 0, 0.0, test="night"),
        of("full", "snn", 0, 0.1, test="night"),
        of("source_only", "snn", 0, 0.3, test="rain"),
        of("oracle", "snn", 0, 0.1, test="rain"),
        of("full", "snn", 1, 0.2, test="rain"),
    ]
    found = {(e["method"], e["network"], e.get("test")): e["gap_closed"] for e in summarize(rows)}
    assert found == {
        ("source_only", "snn", None): 0,
        ("oracle", "snn", None): pytest.approx(1),
        ("full", "snn", None): pytest.approx(0.75),
        ("source_only", "ann", None): None,
        ("full", "ann", None): None,
        ("oracle", "snn", "night"): None,
        ("full", "snn", "night"): None,
        ("source_only", "snn", "rain"): 0,
        ("oracle", "snn", "rain"): pytest.approx(1),
        ("full", "snn", "rain"): None,
    }


def test_no_gap_between_runs_with_other_settings():
    rows = [
        row(0, abs_rel, method=method, network="snn", digest=digest)
        for method, abs_rel, digest in (
            ("source_only", 0.3, "old"),
            ("source_only", 0.4, "new"),
            ("full", 0.2, "x"),
            ("oracle", 0.1, "y"),
        )
    ]
    assert [entry["gap_closed"] for entry in summarize(rows)] == [None] * 4


def test_file_has_everything_needed_to_repeat_it(tmp_path, monkeypatch):
    program = ModuleType("__main__")
    program.__spec__ = ModuleSpec("snn_depth.evaluate", None)
    monkeypatch.setitem(sys.modules, "__main__", program)
    monkeypatch.setattr(sys, "argv", ["evaluate.py", "a b.h5"])
    write_results(tmp_path / "deep" / "fog.json", "fog", [row(0, 0.1)])
    results = json.loads((tmp_path / "deep" / "fog.json").read_text())
    assert results["schema_version"] == 1
    assert results["name"] == "fog"
    assert results["rows"] == [row(0, 0.1)]
    assert results["summary"][0]["abs_rel_mean"] == 0.1
    assert results["command"] == "python -m snn_depth.evaluate 'a b.h5'"
    assert results["machine"]["num_cpus"] >= 1
    assert {"date", "commit"} <= set(results)


def test_numbers_that_json_lacks_become_null(tmp_path):
    write_results(tmp_path / "r.json", "r", [row(0, float("nan"))])
    assert "NaN" not in (tmp_path / "r.json").read_text()
    assert json.loads((tmp_path / "r.json").read_text())["rows"][0]["metrics"]["abs_rel"] is None


def test_a_failed_write_leaves_the_old_file(tmp_path):
    target = tmp_path / "r.json"
    write_results(target, "old", [row(0, 0.1)])
    with pytest.raises(TypeError):
        write_results(target, "new", [row(0, object())])
    assert json.loads(target.read_text())["name"] == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_commit_is_that_of_the_code():
    folder = Path(snn_depth.__file__).parent
    command = ["git", "rev-parse", "HEAD"]
    head = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if head.returncode:
        assert current_commit() is None
    else:
        assert str(current_commit()).removesuffix("-dirty") == head.stdout.strip()
