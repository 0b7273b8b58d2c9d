import json
import subprocess
from pathlib import Path

import pytest

import snn_depth
from snn_depth.results import current_commit, summarize, write_results


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


def test_file_has_everything_needed_to_repeat_it(tmp_path):
    write_results(tmp_path / "deep" / "fog.json", "fog", [row(0, 0.1)])
    results = json.loads((tmp_path / "deep" / "fog.json").read_text())
    assert results["schema_version"] == 1
    assert results["name"] == "fog"
    assert results["rows"] == [row(0, 0.1)]
    assert results["summary"][0]["abs_rel_mean"] == 0.1
    assert results["command"].startswith("python -m ")
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
