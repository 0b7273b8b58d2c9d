from pathlib import Path

import pytest

from hardware.cores.chip import chip_names, load_chip


@pytest.mark.parametrize("name", chip_names())
def test_every_number_has_a_source(name: str) -> None:
    chip = load_chip(name)
    for attribute in vars(chip):
        value = getattr(chip, attribute)
        if isinstance(value, int) and not isinstance(value, bool):
            assert len(chip.sources[attribute]) > 10, attribute
    assert chip.mesh_rows * chip.mesh_columns * chip.cores_per_tile == chip.num_cores


def test_both_loihis_are_known() -> None:
    assert {"loihi1", "loihi2"} <= set(chip_names())
    assert not load_chip("loihi1").graded_spikes
    assert load_chip("loihi2").input_axons_per_core is None


def test_unknown_chip_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"chip 'loihi9' is not known; accepted: .*loihi1, loihi2"):
        load_chip("loihi9")


def test_own_chip_is_read_and_checked(tmp_path: Path) -> None:
    source = (Path(__file__).parents[3] / "hardware/chips/loihi2.toml").read_text()
    own = tmp_path / "own.toml"
    own.write_text(source.replace('title = "Loihi 2"', 'title = "Mine"'))
    assert load_chip(own).title == "Mine"
    own.write_text(source.replace('partition = "columns"', 'partition = "rows"'))
    with pytest.raises(ValueError, match="partition is 'rows'; accepted: columns, compact"):
        load_chip(own)
    own.write_text(source.replace("[num_cores]", "[cores]"))
    with pytest.raises(ValueError, match=r"own\.toml does not give 'num_cores'"):
        load_chip(own)
    own.write_text("title = ")
    with pytest.raises(ValueError, match="is no TOML"):
        load_chip(own)
