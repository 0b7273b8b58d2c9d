from pathlib import Path

import pytest

from snn_depth.data.streams.spikecv_config import find_frame_size, read_frame_size

SPIKECV = "filename: x\nspike_w: 12\nspike_h: 5\nis_labeled: false\nlabeled_data_type: [0]\n"


@pytest.mark.parametrize("folder", [".", "sequence"])
def test_beside_the_recording_or_one_level_up(tmp_path: Path, folder: str) -> None:
    (tmp_path / "config.yaml").write_text(SPIKECV)
    assert find_frame_size(tmp_path / folder / "spikes.dat") == (5, 12)


def test_the_nearer_one_counts(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(SPIKECV)
    (tmp_path / "sequence").mkdir()
    (tmp_path / "sequence" / "config.yaml").write_text("spike_h: 1\nspike_w: 2\n")
    assert find_frame_size(tmp_path / "sequence" / "spikes.dat") == (1, 2)


@pytest.mark.parametrize("text", ["learning_rate: 0.1\n", "- a\n- b\n", ""])
def test_other_programs_configs_do_not_count(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    assert read_frame_size(tmp_path / "config.yaml") is None


@pytest.mark.parametrize(
    "text", ["spike_h: 250\n", "spike_h: 0\nspike_w: 4\n", "spike_h: 2.5\nspike_w: true\n"]
)
def test_bad_sizes(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"config\.yaml: spike_h is .* positive integers"):
        read_frame_size(tmp_path / "config.yaml")


@pytest.mark.parametrize("content", [b"a: [1,\n", b"\xff\xfe\xfa", b"\x00"])
def test_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.yaml").write_bytes(content)
    with pytest.raises(ValueError, match="not readable as YAML"):
        read_frame_size(tmp_path / "config.yaml")
