import numpy as np
import pytest

from hardware.cores.core_load import CoreLoad
from hardware.cores.step_time import step_time
from hardware.energy.constant import load_constants

VALUES = {
    "message_in_ns": 10.0,
    "synop_conv_ns": 2.0,
    "synop_dense_ns": 5.0,
    "update_ns": 1.0,
    "spike_ns": 100.0,
    "message_out_ns": 20.0,
    "barrier_ns": 500.0,
}


def load(name: str, **changes: list[list[float]]) -> CoreLoad:
    """Two steps, one sample, two cores; what is not given is nothing."""
    parts = ("synops", "dense_synops", "spikes", "messages_in", "messages_out")
    given = {f"{p}_TBK": np.array(changes.get(p, [[0, 0], [0, 0]]), float)[:, None] for p in parts}
    return CoreLoad(name, **given, neurons_K=np.array([300.0, 200.0]))


LOADS = [
    load("a", synops=[[1000, 0], [0, 0]], messages_in=[[50, 0], [0, 0]], spikes=[[1, 0], [0, 2]]),
    load("b", dense_synops=[[0, 0], [100, 400]], messages_out=[[0, 0], [10, 0]]),
]


def test_slowest_core_by_hand() -> None:
    """Both layers at once: a needs 2000+500+100+300, then 200+200; b 300, then 2000+200."""
    times = step_time(LOADS, {"a": 0, "b": 0}, VALUES, overlap=False)
    assert times.step_us_SB[:, 0].tolist() == pytest.approx([2.9 + 0.5, 2.2 + 0.5])
    assert times.mean_us == pytest.approx(3.05)
    assert times.sample_us_B.tolist() == pytest.approx([6.1])
    a, b = times.layers
    assert a.busiest_us == pytest.approx((2.9 + 0.4) / 2)
    assert a.imbalance == pytest.approx(1.65 / np.mean([2.9, 0.2, 0.3, 0.4]))
    assert (a.bottleneck, b.bottleneck) == ("synapses", "synapses")
    assert times.busiest is a


def test_overlapping_work_takes_as_long_as_its_longest_part() -> None:
    times = step_time(LOADS, {"a": 0, "b": 0}, VALUES, overlap=True)
    assert times.step_us_SB[:, 0].tolist() == pytest.approx([2.0 + 0.5, 2.0 + 0.5])


def test_layers_work_at_different_steps_of_a_sample() -> None:
    """In a stream b works on step 1 while a is at step 0 of the next sample."""
    stream = step_time(LOADS, {"a": 0, "b": 1}, VALUES, overlap=False)
    assert stream.step_us_SB[:, 0].tolist() == pytest.approx([2.9 + 0.5, 0.4 + 0.5])
    alone = step_time(LOADS, {"a": 0, "b": 1}, VALUES, overlap=False, num_drain_steps=1)
    assert alone.step_us_SB[:, 0].tolist() == pytest.approx([3.4, 0.9, 2.7])


def test_loihi_2_is_nowhere_slower_than_loihi_1() -> None:
    slow, fast = (load_constants(f"latency_loihi{n}").values for n in (1, 2))
    assert slow.keys() == fast.keys() == VALUES.keys()
    assert all(fast[name] <= slow[name] for name in slow)
