from pathlib import Path

import pytest
from PIL import Image

from snn_depth.command.parser import call_command
from snn_depth.data.world.__main__ import make_world


def test_command_makes_recordings_and_a_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    size = ["--height", "16", "--width", "32", "--num-workers", "1"]
    call_command(make_world, [str(tmp_path), "--domain", "fog", "--num-scenes", "1", *size])
    (recording,) = tmp_path.rglob("*.h5")
    (sheet,) = tmp_path.glob("*.png")
    with Image.open(sheet) as picture:
        assert picture.size == (3 * 32, 8 * 16)  # RGB, depth, texture of eight key frames
    said = capsys.readouterr().out.replace("\n", "")
    assert str(recording.parent) in said and str(sheet) in said


def test_wrong_values_are_errors_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="num_scenes is 0; accepted: 1 or more"):
        call_command(make_world, [str(tmp_path), "--num-scenes", "0"])
    with pytest.raises(ValueError, match="snow"):
        call_command(make_world, [str(tmp_path), "--domain", "snow"])
