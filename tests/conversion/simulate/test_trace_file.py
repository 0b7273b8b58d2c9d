from pathlib import Path

import h5py
import numpy as np
import pytest

from conversion.graph.layer_graph import Arithmetic
from conversion.simulate import float_simulator, integer_simulator
from conversion.simulate.trace_file import read_trace, write_trace
from tests.conversion.small_graphs import counts, skip_graph


@pytest.mark.parametrize("arithmetic", ["float", "integer"])
@pytest.mark.parametrize("record_membranes", [True, False])
def test_round_trip(tmp_path: Path, arithmetic: Arithmetic, record_membranes: bool) -> None:
    simulator = integer_simulator if arithmetic == "integer" else float_simulator
    written = simulator.simulate(
        skip_graph(arithmetic), counts(), record_membranes=record_membranes
    )
    with h5py.File(tmp_path / "trace.h5", "w") as file:
        write_trace(file.create_group("trace"), written)
        read = read_trace(file["trace"])
        assert file["trace/spikes/a"].shape == (7, 3, 4, 4, 1)  # six columns in a byte
    assert read.spikes.keys() == written.spikes.keys()
    assert read.membranes.keys() == written.membranes.keys()
    for name, spikes in written.spikes.items():
        assert read.spikes[name].dtype == bool and np.array_equal(read.spikes[name], spikes)
    for name, v in written.membranes.items():
        assert read.membranes[name].dtype == v.dtype and np.array_equal(read.membranes[name], v)


def test_a_missing_entry_is_an_error(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "trace.h5", "w") as file:
        write_trace(file, integer_simulator.simulate(skip_graph(), counts()))
        del file["spikes/a"].attrs["num_columns"]
        with pytest.raises(KeyError, match="num_columns"):
            read_trace(file)
