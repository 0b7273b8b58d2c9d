from pathlib import Path
from typing import Any

import pytest

from hardware.energy.constant import (
    FOLDER,
    Constant,
    ConstantSet,
    constant_set_names,
    load_constants,
    nominal_values,
)

GOOD: dict[str, Any] = {
    "value": 2.0,
    "low": 1.0,
    "high": 4.0,
    "unit": "pJ",
    "source": "somebody, Table 1",
    "grade": "measured",
}
ENERGY_SETS = (
    "nm45",
    "davies2018",
    "sanafe_loihi",
    "keras_spiking_loihi",
    "loihi2_pilotnet",
    "other_chips",
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": 0.5}, "value 0.5 is not between low 1.0 and high 4.0"),
        ({"value": 5}, "value 5 is not between"),
        ({"low": 0.0}, "low is 0.0; accepted: positive"),
        ({"low": -1.0}, "low is -1.0; accepted: positive"),
        ({"high": float("nan")}, "high is nan; accepted: positive"),
        ({"high": float("inf")}, "high is inf; accepted: positive"),
        ({"value": True}, "value is True; accepted: positive"),
        ({"value": "2"}, "value is '2'; accepted: positive"),
        (
            {"grade": "guessed"},
            "grade is 'guessed'; accepted: measured, fitted, simulated, derived",
        ),
        ({"source": " "}, "source is ' '"),
        ({"unit": ""}, "unit is ''"),
    ],
)
def test_bad_constants(changes: dict[str, Any], message: str) -> None:
    Constant(**GOOD)
    with pytest.raises(ValueError, match=message):
        Constant(**{**GOOD, **changes})


def test_every_shipped_number_says_where_it_is_from() -> None:
    assert set(ENERGY_SETS) <= set(constant_set_names())
    for name in constant_set_names():
        constants = load_constants(name)
        assert constants.name == name
        assert constants.title
        for key, constant in constants.constants.items():
            assert len(constant.source) > 8, (name, key)
            unit = constant.unit.lower().replace("/", "_per_").replace(" ", "_")
            assert key.endswith(f"_{unit}"), (name, key, unit)


def test_ranges_of_shipped_numbers_are_explained() -> None:
    for name in ENERGY_SETS:
        lines = (FOLDER / f"{name}.toml").read_text().splitlines()
        comments = " ".join(line for line in lines if line.startswith("#"))
        assert "range" in comments.lower(), name


def test_shipped_values() -> None:
    assert load_constants("nm45").values["fp32_add_pj"] == 0.9
    assert load_constants("sanafe_loihi").values["update_pj"] == pytest.approx(51.2 + 21.6)
    assert load_constants("keras_spiking_loihi").values["synop_pj"] == pytest.approx(23.6 + 3.5)
    davies = load_constants("davies2018")
    assert {c.grade for c in davies.constants.values()} == {"simulated"}
    assert davies.caveat == ""
    loihi2 = load_constants("loihi2_pilotnet")
    assert loihi2.calibrated_on == "PilotNet-LIF"
    assert "no evidence" in loihi2.caveat


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text)
    return path


ENTRY = '[a_pj]\nvalue = 2\nlow = 1.0\nhigh = 3.0\nunit = "pJ"\nsource = "me"\ngrade = "fitted"\n'


def test_own_file(tmp_path: Path) -> None:
    path = write(tmp_path, f'title = "Mine"\n{ENTRY}note = "all-in"\n')
    mine = load_constants(path)
    constant = Constant(2, 1.0, 3.0, "pJ", "me", "fitted", "all-in")
    assert mine == ConstantSet("own", "Mine", {"a_pj": constant})
    assert mine.values == nominal_values({"a_pj": constant}) == {"a_pj": 2.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "own.toml is no TOML"),
        (ENTRY, "own.toml: title"),
        ('title = "x"\ncalibrated_on = 3\n' + ENTRY, "own.toml: title, and calibrated_on"),
        ('title = "x"\n', "own.toml holds no constants"),
        ('title = "x"\na_pj = 3.0\n', r"own.toml: 'a_pj' is 3.0; accepted: a table"),
        (f'title = "x"\n{ENTRY}hihg = 3\n', r"own.toml: 'a_pj' lacks \[\] .*\['hihg'\]"),
        (
            'title = "x"\n' + ENTRY.replace('source = "me"\n', ""),
            r"own.toml: 'a_pj' lacks \['source'\]",
        ),
        ('title = "x"\n' + ENTRY.replace("low = 1.0", "low = 2.5"), "own.toml: 'a_pj': value 2 is"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_constants(write(tmp_path, text))


def test_unknown_set(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'nowhere' are not known; accepted: .*davies2018"):
        load_constants("nowhere")
    with pytest.raises(ValueError, match="not known"):
        load_constants(tmp_path / "absent.toml")
