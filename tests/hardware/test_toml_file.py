from pathlib import Path

import pytest

from hardware.toml_file import find_toml, names_in, read_toml


def test_files_are_found_by_name_or_path(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.toml").write_text(f'title = "{name}"')
    assert names_in(tmp_path) == ["a", "b"]
    assert read_toml(find_toml("b", tmp_path, "chip 'b' is")) == {"title": "b"}
    own = tmp_path / "own" / "c.toml"
    own.parent.mkdir()
    own.write_text("")
    assert find_toml(own, tmp_path, "") == find_toml(str(own), tmp_path, "") == own


def test_what_is_missing_or_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("title = ")
    with pytest.raises(ValueError, match=r"chip 'c' is not known; accepted: a, or a file of your"):
        find_toml("c", tmp_path, "chip 'c' is")
    with pytest.raises(ValueError, match=r"a\.toml is no TOML"):
        read_toml(tmp_path / "a.toml")
