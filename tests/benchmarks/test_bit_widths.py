import json
from pathlib import Path

import pytest
import yaml

from benchmarks.bit_tuning import tuning_settings
from benchmarks.bit_widths import bit_widths, markdown, spread, students_by_seed, variants
from conversion.student.quantized_student import QuantizedStudent
from snn_depth.command.parser import call_command
from snn_depth.data.spec import DataSpec
from snn_depth.models.depth_network import AnnDepthNet, SpikingDepthNet
from snn_depth.train import make_recipe
from snn_depth.training.checkpoint import load_network, save_network
from snn_depth.training.recipe_file import read_recipe
from tests.conversion.calibrated_student import calibrated_student
from tests.snn_depth.training.tiny_run import TinyData

ROOT = Path(__file__).parents[2]
DATA = DataSpec(height=32, width=64, num_frames=16, num_bins=2)


def stored(folder: Path, seed: int) -> Path:
    file = folder / f"student_{seed}.safetensors"
    network = calibrated_student(channel_multipliers=(1, 2))
    save_network(file, network, DATA, {"seed": seed})
    return file


def test_every_number_of_bits_with_and_without_tuning() -> None:
    assert list(variants([8, 4])) == [
        (None, False),
        (None, True),
        (8, False),
        (8, True),
        (4, False),
        (4, True),
    ]


def test_settings_fit_the_student(tmp_path: Path) -> None:
    settings = read_recipe(ROOT / "configs" / "quantize.yaml")
    checkpoint = stored(tmp_path, 3)
    loaded = load_network(checkpoint)
    for bits in (None, 5):
        recipe, text = make_recipe(
            tuning_settings(settings, checkpoint, loaded, bits, 3, tmp_path / "work")
        )
        (stage,) = recipe.stages.values()
        network = stage.network()
        assert network.init_args == loaded.network.init_args
        assert stage.init_from == str(checkpoint) and recipe.seeds == [3]
        assert f"init_from: {checkpoint}" in text
        if bits is None:
            assert type(network) is SpikingDepthNet
        else:
            assert isinstance(network, QuantizedStudent)
            assert (network.num_weight_bits, network.largest_input) == (5, 8)
    assert "seeds" not in settings, "the recipe itself stays"


def test_spread_by_hand() -> None:
    assert spread(TinyData(10), 3).indices == [0, 3, 6]
    with pytest.raises(ValueError, match="num_samples is 11; accepted: 1 to 10"):
        spread(TinyData(10), 11)


def test_table_by_hand() -> None:
    def entry(bits: int | None, tuned: bool, mean: float, std: float | None) -> dict[str, object]:
        return {
            "num_weight_bits": bits,
            "fine_tuned": tuned,
            "abs_rel_mean": mean,
            "abs_rel_std": std,
            "abs_rel_change_mean": mean / 0.2 - 1,
            "firing_rate_mean": 0.165,
        }

    summary = [entry(None, False, 0.2, None), entry(None, True, 0.19, None)]
    summary += [entry(4, False, 0.25, 0.01), entry(4, True, 0.21, 0.002)]
    assert markdown(summary).splitlines()[2:] == [
        "| float | 0.200 (+0.0%) | 16.5% | 0.190 (-5.0%) | 16.5% |",
        "| 4 | 0.250 ± 0.010 (+25.0%) | 16.5% | 0.210 ± 0.002 (+5.0%) | 16.5% |",
    ]


def test_bad_input(tmp_path: Path) -> None:
    ann = tmp_path / "ann.safetensors"
    save_network(ann, AnnDepthNet(), DATA)
    with pytest.raises(ValueError, match=r"ann.safetensors holds a AnnDepthNet; accepted: Spik"):
        students_by_seed([ann])
    file = stored(tmp_path, 1)
    with pytest.raises(ValueError, match="were both trained with seed 1; accepted: one"):
        students_by_seed([file, file])
    output = tmp_path / "results.json"
    with pytest.raises(ValueError, match="num_weight_bits is 3; accepted: 4 to 8"):
        call_command(bit_widths, ["--output", str(output), "--widths", "8", "3"])
    two_stages = ("--recipe", str(ROOT / "configs" / "debug.yaml"))
    with pytest.raises(ValueError, match=r"debug.yaml has 3 stages; accepted: 1"):
        call_command(bit_widths, ["--output", str(output), "--checkpoints", str(file), *two_stages])
    assert not output.exists()


@pytest.mark.slow
def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two students, twice: the second time nothing is trained, and the figures are the same."""
    settings = read_recipe(ROOT / "configs" / "quantize.yaml")
    size = {"height": 32, "width": 64, "num_frames": 16, "frames_per_scene": 4, "num_scenes": 1}
    for data in settings["data"].values():
        data["init_args"]["world"] |= size
        data["init_args"] |= {"num_bins": 2, "num_workers": 1, "cache_dir": str(tmp_path / "data")}
    settings["stages"]["quantized"]["batch_size"] = 2
    settings["engine"] = {"accelerator": "cpu", "precision": "32-true"}
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    output = tmp_path / "results.json"
    arguments = [
        *("--output", str(output), "--recipe", str(tmp_path / "recipe.yaml")),
        *("--checkpoints", str(stored(tmp_path, 0)), str(stored(tmp_path, 1))),
        *("--widths", "8", "4", "--num-samples", "3", "--work-dir", str(tmp_path / "work")),
    ]
    call_command(bit_widths, arguments)
    table = capsys.readouterr().out
    assert "| float |" in table and "| 4 |" in table
    first = json.loads(output.read_text())
    assert len(first["rows"]) == 2 * 6
    by_method = {row["method"]: row["metrics"] for row in first["rows"] if row["seed"] == 1}
    assert by_method["float"]["abs_rel_change"] == 0
    assert len({metrics["abs_rel"] for metrics in by_method.values()}) == 6
    networks = sorted((tmp_path / "work").rglob("network.safetensors"))
    assert len(networks) == 2 * 3
    written = [file.stat().st_mtime_ns for file in networks]
    call_command(bit_widths, arguments)
    assert [file.stat().st_mtime_ns for file in networks] == written
    assert json.loads(output.read_text())["rows"] == first["rows"]
