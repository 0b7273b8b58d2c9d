import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.energy.constant import load_constants
from hardware.energy.energy_events import ChipEvents, chip_energy, static_energy_pj

# PilotNet-LIF, first 16 steps of lava-dl's ground truth.
PILOTNET = ChipEvents(
    synops_dense=0.0,
    synops_conv=49_246_886.0,
    updates=2_536_144.0,
    spikes=755_963.0,
    messages=755_963.0,
)
MEASURED_MJ = 1.094


@pytest.mark.parametrize(
    ("name", "predicted_mj", "unpriced"),
    [
        ("davies2018", 1.37, ("spikes",)),
        ("keras_spiking_loihi", 1.54, ("spikes", "messages")),
        ("sanafe_loihi", 1.50, ()),
        ("loihi2_pilotnet", 1.09, ("spikes", "messages")),
    ],
)
def test_pilotnet(name: str, predicted_mj: float, unpriced: tuple[str, ...]) -> None:
    energy = chip_energy(PILOTNET, load_constants(name).values)
    assert energy.dynamic_pj[0] / 1e9 == pytest.approx(predicted_mj, abs=0.005)
    assert energy.unpriced == unpriced


def test_pilotnet_alternatives_of_the_calibration() -> None:
    """All splits of the measured energy that the constants' file names."""
    for synop_pj, update_pj in ((22.2, 0.0), (19.5, 52.0), (18.0, 81.0)):
        spent = chip_energy(PILOTNET, {"synop_pj": synop_pj, "update_pj": update_pj})
        assert spent.dynamic_pj[0] / 1e9 == pytest.approx(MEASURED_MJ, rel=0.005)


def test_first_table_of_the_reference() -> None:
    """Per step: 3.035 M synops, 158,509 updates, 46.6 k spikes, three hops each."""
    events = ChipEvents(0.0, 3.035e6, 158_509.0, 46.6e3, 46.6e3, 2 * 46.6e3, 46.6e3)
    davies = load_constants("davies2018").values
    spent = chip_energy(events, davies)
    assert spent.terms_pj["synops"][0] / 1e6 == pytest.approx(71.6, abs=0.05)
    assert spent.dynamic_pj[0] / 1e6 == pytest.approx(85.0, abs=0.05)
    for name, expected_uj in (("keras_spiking_loihi", 95.1), ("sanafe_loihi", 92.8)):
        without_hops = ChipEvents(0.0, 3.035e6, 158_509.0, 46.6e3, 46.6e3)
        spent = chip_energy(without_hops, load_constants(name).values)
        assert spent.dynamic_pj[0] / 1e6 == pytest.approx(expected_uj, abs=0.05)


@given(st.lists(st.integers(0, 1000), min_size=7, max_size=7))
def test_against_the_loop(numbers: list[int]) -> None:
    prices = {
        "synop_dense_pj": 2.0,
        "synop_conv_pj": 3.0,
        "update_pj": 5.0,
        "spike_pj": 7.0,
        "message_pj": 11.0,
        "hop_x_pj": 13.0,
        "hop_y_pj": 17.0,
    }
    energy = chip_energy(ChipEvents(*map(float, numbers)), prices)
    total = 0.0
    for number, price in zip(numbers, prices.values(), strict=True):
        for _ in range(number):
            total += price
    assert energy.total_pj[0] == pytest.approx(total)
    assert energy.total_pj.tolist() == energy.dynamic_pj.tolist()
    assert energy.unpriced == ()
    assert energy.terms_pj["hops"][0] == 13 * numbers[5] + 17 * numbers[6]


def test_special_prices_come_first() -> None:
    events = ChipEvents(1.0, 1.0, 0.0, 0.0)
    assert chip_energy(events, {"synop_pj": 5.0}).total_pj[0] == 10
    assert chip_energy(events, {"synop_pj": 5.0, "synop_conv_pj": 1.0}).total_pj[0] == 6
    assert chip_energy(events, {"synop_conv_pj": 1.0}).unpriced == ("synops_dense",)


def test_static_power() -> None:
    """0.2321 W on two chips for 152.8 us."""
    assert static_energy_pj(0.2321, 152.8, 2) == pytest.approx(0.2321 * 152.8e-6 * 2 * 1e12)
    events = ChipEvents(0.0, 0.0, np.array([1.0, 2.0]), 0.0)
    values = load_constants("loihi2_pilotnet").values
    energy = chip_energy(events, values, duration_us=np.array([100.0, 200.0]), num_chips=2)
    assert energy.terms_pj["static"] == pytest.approx([0.2321 * 2e8, 0.2321 * 4e8])
    assert energy.dynamic_pj == pytest.approx([81, 162])
    davies = load_constants("davies2018").values
    assert chip_energy(events, davies, duration_us=1.0).unpriced == ("static power",)
    assert chip_energy(events, davies).unpriced == ()


def test_silence_costs_updates_alone() -> None:
    for name in ("davies2018", "sanafe_loihi", "keras_spiking_loihi", "loihi2_pilotnet"):
        energy = chip_energy(ChipEvents(0.0, 0.0, 10.0, 0.0), load_constants(name).values)
        assert {term for term, part in energy.terms_pj.items() if part.any()} == {"updates"}


def test_samples_and_draws() -> None:
    events = ChipEvents(np.array([1.0, 2.0, 3.0]), 0.0, 1.0, 0.0)
    prices = {"synop_pj": np.array([[1.0], [10.0]]), "update_pj": np.array([[1.0], [1.0]])}
    assert chip_energy(events, prices).total_pj.tolist() == [[2, 3, 4], [11, 21, 31]]


@pytest.mark.parametrize("count", [-1.0, float("nan"), np.array([1.0, -2.0])])
def test_bad_counts(count: float) -> None:
    with pytest.raises(ValueError, match=r"spikes holds .*; accepted: 0 or more"):
        ChipEvents(0.0, 0.0, 0.0, count)
