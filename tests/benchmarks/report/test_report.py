"""The command, from files to pages."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import pareto
from benchmarks.report.__main__ import COMPARED_NETWORKS, PARETO, WEIGHTS, report
from benchmarks.report.sections.pareto_section import pareto_section
from snn_depth.command.parser import call_command
from tests.benchmarks.conftest import Files

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def front(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the small student and its quantised twin."""
    output = tmp_path_factory.mktemp("pareto") / "pareto.json"
    words = ["--checkpoints", str(files.student), str(files.quantized)]
    call_command(pareto.pareto, [*words, "--output", str(output), "--data", str(files.recordings)])
    return output


@pytest.fixture(scope="module")
def folder(files: Files, front: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("out") / "report"
    call_command(report, options(files, front, output))
    return output


def options(files: Files, front: Path, output: Path, **changes: str) -> list[str]:
    words = {
        "output": str(output),
        "artifact": str(files.artifact),
        "networks": " ".join(map(str, files.networks)),
        "data": str(files.recordings),
        "window-s": "0.02",
        "pareto": str(front),
        **changes,
    }
    return [word for name, value in words.items() for word in (f"--{name}", *value.split())]


def test_all_forms_are_written(folder: Path) -> None:
    written = {path.name for path in folder.iterdir()}
    assert {"report.html", "report.md", "report.json", "tornado.svg", "pareto.svg"} <= written
    page = (folder / "report.html").read_text()
    assert page.count("<figure") == sum(name.endswith(".svg") for name in written) >= 8
    assert "src=" not in page and "<script" not in page
    assert not re.search(r"\b(nan|inf|None)\b", re.sub(r"<[^>]*>", " ", page))
    for title in ("Claim", "Provenance", "Quality", "Operations", "Layer by layer", "Limits"):
        assert f">{title}</h2>" in page
    assert "0 operations uncounted" in page
    markdown = (folder / "report.md").read_text()
    for picture in re.findall(r"\]\((\w+\.svg)\)", markdown):
        assert picture in written


def test_json_agrees_with_itself(folder: Path) -> None:
    data = json.loads((folder / "report.json").read_text())
    assert data["schema_version"] == 1
    names = [n["name"] for n in data["operations"]["networks"]]
    assert names[0] == "SNN, integers" and len(names) == 5
    totals, layers = data["operations"]["networks"][0], data["layers"]["layers"]
    assert totals["effective_macs"] == pytest.approx(sum(y["macs"] for y in layers))
    assert totals["effective_acs"] == pytest.approx(sum(y["accumulations"] for y in layers))
    assert totals["updates"] == sum(y["updates"] for y in layers)
    assert data["provenance"]["uncounted_operations"] == 0
    # What the claim says is what the tables say.
    rows = {
        (r["name"], i): r["mean_uj"]
        for i, r in enumerate(data["energy"]["memory_inclusive"]["rows"])
    }
    snn_uj = next(uj for (name, _), uj in rows.items() if name == "SNN, integers")
    total = data["layers"]["break_even"][-1]
    assert total["layer"] == "total" and total["snn_uj"] == pytest.approx(snn_uj)
    assert data["claim"]["ratio_at_nominal"] == pytest.approx(snn_uj / total["ann_uj"])
    reuse_10 = next(r for r in data["energy"]["memory_inclusive"]["ratios"] if r["reuse"] == 10)
    assert data["claim"]["ratio"] == pytest.approx(reuse_10["median"])
    low, high = reuse_10["interval"]
    assert low < reuse_10["median"] < high
    last = data["sweeps"]["anytime"][-1]
    assert last["energy_uj"] == pytest.approx(snn_uj) and last["num_steps"] == 4
    layers_uj = sum(sum(y["energy_uj"].values()) for y in layers)
    assert layers_uj < snn_uj < 1.2 * layers_uj  # binning is no layer
    assert data["mapping"]["num_chips"] == 1 and not data["mapping"]["violations"]
    assert data["measured"]["networks"][0]["cpu"]["latency_ms"]["median_ms"] > 0


def test_map_of_break_even_meets_the_measurement(folder: Path) -> None:
    data = json.loads((folder / "report.json").read_text())
    grid = data["sweeps"]["break_even_map"]
    column = [row[grid["steps"].index(4)] for row in grid["ratio"]]
    below = max(i for i, rate in enumerate(grid["rates"]) if rate <= grid["rate"])
    assert column[below] <= data["claim"]["ratio_at_nominal"] <= column[below + 1]


def test_without_the_fair_counterpart_no_ratio_is_given(
    files: Files, front: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command(
        report, options(files, front, tmp_path, networks=str(files.twin), **{"window-s": "0"})
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert "No energy ratio is given: there is no fair counterpart" in printed
    assert "the twin with 3 activation bits, as many as 4 steps of spikes can say" in printed
    assert (
        json.loads((tmp_path / "report.json").read_text())["energy"]["memory_inclusive"]["ratios"]
        is None
    )


def test_bad_input_is_refused_before_anything_is_measured(
    files: Files, front: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"(?s)window_s.*-1 does not conform to restriction v>=0"):
        call_command(report, options(files, front, tmp_path / "a", **{"window-s": "-1"}))
    with pytest.raises(ValueError, match=r"none\.json does not exist; make it with"):
        call_command(report, options(files, tmp_path / "none.json", tmp_path / "a"))
    other = tmp_path / "other.json"
    other.write_text('{"name": "lava"}')
    with pytest.raises(ValueError, match="holds 'lava'; accepted: results of pareto"):
        pareto_section(other)
    with pytest.raises(ValueError, match=r"lacks pilotnet_lif\.net"):
        call_command(report, options(files, front, tmp_path / "a", pilotnet=str(tmp_path)))
    assert not (tmp_path / "a").exists()


def test_pareto_pairs_a_student_with_its_counterpart(front: Path) -> None:
    rows = json.loads(front.read_text())["rows"]
    snn, ann = rows
    assert (snn["network"], snn["num_steps"], snn["counterpart"]) == ("snn", 4, "quantized")
    assert (ann["network"], ann["activation_bits"], ann["counterpart"]) == ("ann", 3, None)
    ours, theirs = snn["metrics"], ann["metrics"]
    assert ours["energy_ratio_nominal"] == pytest.approx(ours["energy_uj"] / theirs["energy_uj"])
    assert ours["energy_ratio_low"] < ours["energy_ratio"] < ours["energy_ratio_high"]
    assert theirs["energy_uj"] == theirs["energy_uj_reuse_10"] < theirs["energy_uj_reuse_1"]
    assert ours["abs_rel_difference"] == pytest.approx(ours["abs_rel"] / theirs["abs_rel"] - 1)


def test_pareto_takes_what_it_can_price(files: Files, tmp_path: Path) -> None:
    words = ["--output", str(tmp_path / "p.json"), "--data", str(files.recordings)]
    with pytest.raises(ValueError, match="floating-point AnnDepthNet; accepted: SpikingDepthNet"):
        call_command(pareto.pareto, ["--checkpoints", str(files.twin), *words])


def test_defaults_are_in_the_repository() -> None:
    for path in (WEIGHTS / "student.h5", *COMPARED_NETWORKS, PARETO):
        assert path.is_file(), path
    assert pareto_section(PARETO).data["summary"]
