from dataclasses import replace

import numpy as np
import pytest

from hardware.counts.workload import workload_of_run
from tests.conversion.small_graphs import counts, skip_graph
from tests.hardware.small_workload import small_workload


def test_records_are_kept_by_name() -> None:
    graph, workload = small_workload()
    assert (workload.num_steps, workload.num_samples) == (7, 3)
    assert workload.shapes == dict(graph.shapes)
    assert workload.num_pipeline_steps == graph.num_pipeline_steps
    assert workload.sent_by("a").dtype == np.bool_
    assert workload.sent_by("input").dtype != np.bool_
    assert [layer.num_neurons for layer in workload.layers] == [96, 36, 96, 5, 2]


def test_unrecorded_layer_is_an_error() -> None:
    graph, workload = small_workload()
    spikes = {y.name: y.sent_TBCHW for y in workload.layers if y.sent_TBCHW is not None}
    del spikes["b"]
    with pytest.raises(ValueError, match=r"no spikes are recorded of layers \['b'\]"):
        workload_of_run(graph, workload.inputs["input"], spikes)
    silent = replace(workload, layers=tuple(replace(y, sent_TBCHW=None) for y in workload.layers))
    with pytest.raises(ValueError, match="'a' sent; its synapses cannot be counted"):
        silent.sent_by("a")


def test_counts_are_not_taken_for_spikes() -> None:
    _, workload = small_workload()
    reads_spikes = replace(skip_graph(), binary_inputs=frozenset({"input"}))
    spikes = {y.name: y.sent_TBCHW for y in workload.layers if y.sent_TBCHW is not None}
    with pytest.raises(ValueError, match="values up to 3; accepted as spikes: 0 and 1"):
        workload_of_run(reads_spikes, counts(), spikes)
    binary = np.minimum(counts(), 1)
    assert workload_of_run(reads_spikes, binary, spikes).sent_by("input").dtype == np.bool_


def test_records_of_other_shapes_are_refused() -> None:
    _, workload = small_workload()
    with pytest.raises(ValueError, match="layer 'a': its record has shape"):
        replace(workload, inputs={"input": workload.inputs["input"][:-1]})
    with pytest.raises(ValueError, match=r"accepted: \(T, B, C, H, W\)"):
        replace(workload, inputs={"input": workload.inputs["input"][0]})
