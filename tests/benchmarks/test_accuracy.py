import json
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.accuracy.__main__ import accuracy, report_training_time
from snn_depth.command.parser import call_command
from snn_depth.training import stage as stage_module
from snn_depth.training.checkpoint import load_network
from tests.benchmarks.tiny_recipe import Settings, stage, tiny_settings

ROOT = Path(__file__).parents[2]
Row = dict[str, Any]


def write(file: Path, settings: Settings) -> str:
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    return str(file)


def run(folder: Path, *words: str, seeds: str = "1", output: str = "results.json") -> list[Row]:
    """Run the command on the recipes in a folder."""
    recipes = sorted(str(file) for file in folder.glob("*.yaml"))
    output_file = folder / output
    places = ("--output", str(output_file), "--work-dir", str(folder / "work"))
    call_command(accuracy, ["--recipe", *recipes, "--seeds", seeds, *places, *words])
    rows: list[Row] = json.loads(output_file.read_text())["rows"]
    return rows


def networks(folder: Path) -> list[str]:
    """Stages that were trained, without digest."""
    files = (folder / "work").rglob(stage_module.NETWORK_FILE)
    return sorted(file.parents[1].name.rpartition("-")[0] for file in files)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recipes that differ in their last stage, and one seed."""
    folder = tmp_path_factory.mktemp("matrix")
    settings = tiny_settings()
    write(folder / "longer.yaml", settings)
    settings["stages"]["ann_oracle"]["num_epochs"] = 1
    write(folder / "shorter.yaml", settings)
    run(folder)
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr(stage_module.lightning, "Trainer", fail)


def rows_of(folder: Path) -> dict[tuple[str, str, str], Row]:
    rows = json.loads((folder / "results.json").read_text())["rows"]
    return {(row["scenario"], row["predictor"], row["alignment"]): row for row in rows}


def test_recipes_share_what_they_have_in_common(finished: Path) -> None:
    assert networks(finished) == ["ann_oracle", "ann_oracle", "ann_source_only", "rgb_teacher"]
    rows = rows_of(finished)
    names = ["constant_median", "row_median", "playback_to_rgb_teacher", "rgb_teacher"]
    names += ["ann_source_only", "ann_oracle"]
    assert list(rows) == [
        (scenario, name, alignment)
        for scenario in ("longer", "shorter")
        for name in names
        for alignment in ("none", "median")
    ]
    for name in names[:-1]:
        ours, theirs = rows["longer", name, "none"], rows["shorter", name, "none"]
        assert ours | {"scenario": "shorter"} == theirs
    oracles = [rows[scenario, "ann_oracle", "none"] for scenario in ("longer", "shorter")]
    assert oracles[0]["metrics"] != oracles[1]["metrics"]
    assert oracles[0]["digest"] != oracles[1]["digest"]


def test_a_row_says_where_it_comes_from(finished: Path) -> None:
    rows = rows_of(finished)
    row = rows["longer", "ann_oracle", "none"]
    assert (row["method"], row["network"], row["test"], row["seed"]) == ("oracle", "ann", "test", 0)
    (file,) = (finished / "work").glob("ann_source_only-*/seed_0/network.safetensors")
    provenance = load_network(file).provenance
    source_only = rows["shorter", "ann_source_only", "median"]
    assert source_only["train_seconds"] == provenance["train_seconds"] > 0
    assert source_only["commit"] == provenance["commit"]
    assert "CPUs, torch" in source_only["machine"] == provenance["machine"]
    assert rows["longer", "constant_median", "none"]["network"] == "none"
    assert rows["longer", "constant_median", "none"]["train_seconds"] is None
    assert rows["longer", "playback_to_rgb_teacher", "none"]["network"] == "ann"


def test_gap_of_the_summary(finished: Path) -> None:
    summary = json.loads((finished / "results.json").read_text())["summary"]
    found = {
        (e["scenario"], e["method"]): e for e in summary if e["alignment"] == "none" and e["test"]
    }
    for scenario in ("longer", "shorter"):
        ends = [found[scenario, m]["abs_rel_mean"] for m in ("source_only", "oracle")]
        if ends[0] > ends[1]:
            teacher = found[scenario, "rgb_teacher"]
            expected = (ends[0] - teacher["abs_rel_mean"]) / (ends[0] - ends[1])
            assert teacher["gap_closed"] == pytest.approx(expected)
        assert found[scenario, "constant_median"]["gap_closed"] is None


@pytest.mark.usefixtures("no_training")
def test_a_repeated_command_trains_nothing(
    copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows_of(copied)
    shutil.rmtree(copied / "work")  # the rows are enough
    run(copied, "--markdown", str(copied / "tables" / "t.md"))
    assert rows_of(copied) == before
    tables = (copied / "tables" / "t.md").read_text()
    assert tables in capsys.readouterr().out
    assert "| ANN | oracle |" in tables and "| longer: test | shorter: test |" in tables


@pytest.mark.usefixtures("no_training")
def test_chosen_stages_are_scored_from_trained_networks(copied: Path) -> None:
    rows = run(copied, "--stages", "ann_oracle", output="new.json")
    assert {row["predictor"] for row in rows} == {"constant_median", "row_median", "ann_oracle"}
    before = rows_of(copied)
    for row in rows:
        assert row == before[row["scenario"], row["predictor"], row["alignment"]]


def test_changed_settings_replace_their_rows_only(copied: Path) -> None:
    before = rows_of(copied)
    settings = yaml.safe_load((copied / "shorter.yaml").read_text())
    settings["stages"]["ann_oracle"]["optimizer"] = {"learning_rate": 1e-3}
    write(copied / "shorter.yaml", settings)
    (copied / "longer.yaml").rename(copied / "not_asked_for")
    run(copied)
    after = rows_of(copied)
    assert {key for key, row in after.items() if row != before[key]} == {
        ("shorter", "ann_oracle", alignment) for alignment in ("none", "median")
    }
    assert after.keys() == before.keys()
    assert networks(copied).count("ann_oracle") == 3


class Killed(Exception):
    pass


def test_a_killed_run_goes_on(
    finished: Path, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies in the last stage's second epoch; every row before it is there already."""
    (copied / "results.json").unlink()
    (copied / "shorter.yaml").unlink()
    for folder in (copied / "work").glob("ann_oracle-*"):
        shutil.rmtree(folder)

    class Killer(stage_module.FiringRateWatch):
        def on_train_batch_start(self, trainer, module, batch, index):  # type: ignore[no-untyped-def]
            in_stage = "ann_oracle" in str(trainer.checkpoint_callback.dirpath)
            if in_stage and trainer.current_epoch == 1:
                raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(stage_module, "FiringRateWatch", Killer)
        with pytest.raises(Killed):
            run(copied)
    done = rows_of(copied)
    assert len(done) == 10 and not any(name == "ann_oracle" for _, name, _ in done)
    assert list((copied / "work").glob("ann_oracle-*/seed_0/last.ckpt"))
    run(copied)
    after, whole = rows_of(copied), rows_of(finished)
    assert {key: after[key] for key in done} == done
    assert len(after) == 12
    for key, row in after.items():
        assert row["metrics"] == whole[key]["metrics"], key


def test_bad_input(copied: Path) -> None:
    (copied / "shorter.yaml").unlink()
    with pytest.raises(ValueError, match="no recipe has a stage 'full'; accepted: rgb_teacher, an"):
        run(copied, "--stages", "ann_oracle", "full")
    with pytest.raises(ValueError, match=r"(?s)seeds.*0 does not conform to restriction v>0"):
        run(copied, seeds="0")
    with pytest.raises(ValueError, match=r"(?s)seed_list.*-1 does not conform to restriction v>=0"):
        run(copied, "--seed-list", "2", "-1")
    other = copied / "other.json"
    other.write_text('{"rows": [1]}')
    with pytest.raises(ValueError, match=r"other\.json is no results file of this program"):
        run(copied, output="other.json")
    assert other.read_text() == '{"rows": [1]}'


def test_long_training_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    def row(predictor: str, train_seconds: float | None) -> Row:
        return {"predictor": predictor, "seed": 1, "train_seconds": train_seconds}

    rows = [row("cfkd", 90.0), row("row_median", None)]
    rows += 2 * [row("playback_to_rgb_teacher", 250.0), row("full", 270.0)]
    rows += [row("rgb_teacher", 250.0)]
    with caplog.at_level(logging.INFO):
        report_training_time(rows, 5.0)
        assert caplog.messages == ["longest training: full, seed 1: 4.5 min"]
        report_training_time(rows, 4.0)
        assert caplog.messages[2:] == [
            "training took more than 4 min: rgb_teacher, seed 1: 4.2 min; full, seed 1: 4.5 min"
        ]
        report_training_time([row("row_median", None)], 4.0)
        assert len(caplog.messages) == 3


@pytest.mark.slow
def test_students_and_processes_at_once(tmp_path: Path) -> None:
    """Three processes, two of them with the same seed: nothing is trained twice, nothing lost."""
    settings = tiny_settings()
    settings["stages"] |= stage("source_only", "SpikingDepthNet", init_from="ann_source_only")
    settings["stages"] |= stage(
        "oracle", "SpikingDepthNet", init_from="ann_source_only", train_data="target"
    )
    recipe = write(tmp_path / "tiny.yaml", settings)
    command = [sys.executable, "-m", "benchmarks.accuracy", "--recipe", recipe]
    command += ["--output", str(tmp_path / "results.json"), "--work-dir", str(tmp_path / "work")]
    processes = [
        subprocess.Popen(
            [*command, "--seed-list", *seeds],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for seeds in (["0", "1"], ["1", "0"], ["0"])
    ]
    outputs = [process.communicate(timeout=600)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    results = json.loads((tmp_path / "results.json").read_text())
    assert len(results["rows"]) == 2 * 2 * 8  # seeds, alignments, predictors
    assert {entry["num_seeds"] for entry in results["summary"]} == {2}
    trained = [line for text in outputs for line in text.splitlines() if "neurons at" in line]
    assert len(trained) == len(networks(tmp_path)) == 2 * 5
    assert {row["network"] for row in results["rows"]} == {"none", "ann", "snn"}
    partial = [f for f in tmp_path.rglob("*") if ".partial" in f.name or f.suffix == ".ckpt"]
    assert not partial
