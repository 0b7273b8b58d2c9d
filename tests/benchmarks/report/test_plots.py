import math
from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.report import plots

DRAWINGS = {
    "pareto": plots.pareto_plot(
        [plots.Point("a", "snn", 10.0, 0.3, True), plots.Point("b", "ann", 20.0, 0.2, True)],
        energy="modelled",
    ),
    "stacked": plots.stacked_plot({"a": {"x": 1.0, "y": 2.0}, "b": {"x": 0.5, "y": 0}}, unit="uJ"),
    "tornado": plots.tornado_plot([("c", 0.5, 2.0)], nominal=1.0, label="ratio"),
    "imbalance": plots.imbalance_plot(["l"], np.array([1.0]), np.array([2.0])),
    "distribution": plots.distribution_plot({"a": ("snn", np.array([1.0, 2.0, 3.0]))}),
    "core_map": plots.core_map_plot(
        np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([5.0, 9.0]), ["a", "b"]
    ),
    "anytime": plots.anytime_plot(np.array([0.3, 0.2]), np.array([1.0, 2.0])),
    "break_even": plots.break_even_plot(
        [1, 2],
        np.array([0.1, 1.0]),
        np.array([[0.5, 0.8], [2.0, 3.0]]),
        ours=(2, 0.4),
        published={"said": np.array([0.5, math.nan])},
        points={"once": (1.5, 0.2)},
    ),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_drawings_are_svg_with_text(name: str) -> None:
    root = ElementTree.fromstring(DRAWINGS[name])
    assert root.tag.endswith("svg")
    assert any(element.tag.endswith("text") for element in root.iter())


def test_same_data_give_the_same_drawing() -> None:
    again = plots.tornado_plot([("c", 0.5, 2.0)], nominal=1.0, label="ratio")
    assert again == DRAWINGS["tornado"]


def test_break_even_lies_where_the_ratio_passes_one() -> None:
    rates = np.array([0.01, 0.1, 1.0])
    assert plots.rate_of_ratio_one(rates, 10 * rates) == pytest.approx(0.1)
    assert plots.rate_of_ratio_one(rates, 20 * rates) == pytest.approx(0.05)
    assert math.isnan(plots.rate_of_ratio_one(rates, 0.1 * rates))
    assert math.isnan(plots.rate_of_ratio_one(rates, 1000 * rates))
