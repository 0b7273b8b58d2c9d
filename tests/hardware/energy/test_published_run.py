import numpy as np
import pytest

from hardware.cores.chip_events import chip_events
from hardware.cores.mapping import map_network
from hardware.counts.event_counts import count_events
from hardware.counts.traffic import count_traffic
from hardware.energy.constant import load_constants
from hardware.energy.energy_events import ChipEvents
from hardware.energy.published_run import PILOTNET_LIF, energy_residuals
from tests.hardware.cores.test_mapping import small_chip
from tests.hardware.small_workload import small_workload


def test_residuals_by_hand() -> None:
    """16 steps of 49,246,886 synops and 2,536,144 updates, without spikes and messages."""
    events = ChipEvents(synops_dense=0.0, synops_conv=49_246_886.0, updates=2_536_144.0, spikes=0.0)
    calibrated, davies = energy_residuals(
        PILOTNET_LIF, events, [load_constants("loihi2_pilotnet"), load_constants("davies2018")]
    )
    assert calibrated.predicted_uj == pytest.approx((49.246886 * 18 + 2.536144 * 81) / 16)
    assert davies.predicted_uj == pytest.approx((49.246886 * 23.6 + 2.536144 * 81) / 16)
    assert davies.residual == pytest.approx(davies.predicted_uj / 68.3 - 1)
    assert "no evidence" in calibrated.caveat and not davies.caveat
    assert calibrated.measured_is_inside == (68.3 in calibrated.interval_uj)
    assert davies.interval_uj.low < davies.predicted_uj < davies.interval_uj.high


def test_chip_events_are_those_counted() -> None:
    graph, workload = small_workload()
    chip = small_chip(graded_spikes=True, num_cores=8, cores_per_tile=2, mesh_columns=2)
    counts = count_events(workload)
    traffic = count_traffic(workload, map_network(graph, chip))
    events = chip_events(counts, traffic, pipelined=False)
    dense = counts.layers[3].synops_TB.sum(0)  # layer d is the only dense one
    assert np.array_equal(events.synops_dense, dense) and dense.any()
    assert np.array_equal(events.synops_conv + dense, counts.synops_B)
    assert np.array_equal(events.spikes, counts.spikes_B)
    assert set(np.ravel(events.updates)) == {counts.num_updates(pipelined=False)}
    between = sum(t.messages_B - t.input_messages_B for t in traffic)
    assert np.array_equal(events.messages, between) and between.any()
    assert np.array_equal(events.hops_x, sum(t.hops_east_west_B for t in traffic))
    assert np.array_equal(events.hops_y, sum(t.hops_north_south_B for t in traffic))
