"""A stranger's first hour: train, predict, simulate, evaluate, from the command line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]


def run(module: str, *arguments: str, cwd: Path) -> str:
    """Run a command as a user does; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_train_predict_simulate_evaluate(tmp_path: Path) -> None:
    runs = tmp_path / "run"
    out = run(
        "snn_depth.train",
        *("--config", str(ROOT / "configs/debug.yaml"), "--output_dir", str(runs)),
        cwd=tmp_path,
    )
    assert "cfkd" in out and "row_median" in out
    results = json.loads((runs / "results.json").read_text())
    assert {r["scenario"] for r in results["rows"]} == {"test"}
    network = runs / "seed_0" / "cfkd" / "network.safetensors"

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    rng = np.random.default_rng(0)
    scene = np.kron(rng.integers(0, 256, (12, 24, 3)), np.ones((8, 8, 1))).astype(np.uint8)
    for i in range(3):
        Image.fromarray(scene[:64, 4 * i : 4 * i + 128]).save(pictures / f"{i:03d}.png")
        np.save(tmp_path / f"{i:03d}.npy", np.full((64, 128), 10.0, np.float32))
    recording = tmp_path / "recording.h5"
    depth = ("--depth-folder", str(tmp_path), "--depth-pattern", "0*.npy")
    run(
        "snn_depth.simulate",
        *(str(pictures), str(recording), "--frame-rate-hz", "10", *depth),
        cwd=tmp_path,
    )
    run(
        "snn_depth.predict",
        *(str(recording), "--checkpoint", str(network), "--output", str(tmp_path / "depth")),
        cwd=tmp_path,
    )
    depth_m = np.load(tmp_path / "depth" / "depth_m.npy")
    assert depth_m.shape == (3, 64, 128) and (depth_m >= 1).all() and (depth_m <= 80).all()
    out = run("snn_depth.evaluate", str(network), str(recording), cwd=tmp_path)
    assert "abs_rel" in out and "alignment: none" in out
