import numpy as np
import pytest

from conversion.float_simulator import simulate
from conversion.subgraph import ancestors
from tests.conversion.small_graphs import counts, skip_graph


def test_ancestors_are_what_a_layer_depends_on() -> None:
    graph = skip_graph("float")
    assert [layer.name for layer in ancestors(graph, "c").layers] == ["a", "b", "c"]
    assert [layer.name for layer in ancestors(graph, "a").layers] == ["a"]
    whole = simulate(graph, counts()).spikes["b"]
    assert whole.any()
    assert np.array_equal(simulate(ancestors(graph, "b"), counts()).spikes["b"], whole)


def test_an_unknown_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="no layer 'e'; accepted: a, b, c, d, out"):
        ancestors(skip_graph(), "e")
