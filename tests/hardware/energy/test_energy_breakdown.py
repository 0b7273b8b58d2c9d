import numpy as np

from hardware.energy.energy_breakdown import add_up, breakdown


def test_totals() -> None:
    one = breakdown("one", {"a": np.array([1.0, 2.0]), "b": 0.5}, 2)
    two = breakdown("two", {"a": 4.0, "b": np.array([[1.0], [3.0], [5.0]])}, 2)
    assert one.total_pj.tolist() == [1.5, 2.5]
    assert two.terms_pj["a"].shape == (2,)
    assert two.total_pj.tolist() == [[5, 5], [7, 7], [9, 9]]
    both = add_up("both", [one, two])
    assert both.name == "both"
    assert both.terms_pj["a"].tolist() == [5, 6]
    assert np.array_equal(both.total_pj, one.total_pj + two.total_pj)
