import pytest

from snn_depth.files.listing import list_files


def test_numbers_sort_as_numbers(tmp_path):
    for name in ("10.png", "9.png", "b2.png", "a10.png", "notes.txt"):
        (tmp_path / name).touch()
    names = [path.name for path in list_files(tmp_path, "*", {".png"})]
    assert names == ["9.png", "10.png", "a10.png", "b2.png"]


def test_missing_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder not found"):
        list_files(tmp_path / "absent", "*", {".png"})
    with pytest.raises(ValueError, match=r"no files match '\*' in .*; accepted types: .png"):
        list_files(tmp_path, "*", {".png"})
