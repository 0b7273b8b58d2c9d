import pytest

from hardware.energy.constant import load_constants
from hardware.energy.energy_naive import (
    LABEL,
    accumulate_pj,
    multiply_accumulate_pj,
    naive_energy_pj,
)
from tests.hardware.layer_counts import edge_counts, layer_counts, network_counts

NM45 = load_constants("nm45").values


def test_usual_numbers() -> None:
    assert "comparability" in LABEL
    for arithmetic, mac_pj, ac_pj in (
        ("fp32", 4.6, 0.9),
        ("fp16", 1.5, 0.4),
        ("int32", 3.2, 0.1),
        ("int8", 0.23, 0.03),
    ):
        assert multiply_accumulate_pj(arithmetic, NM45) == pytest.approx(mac_pj)
        assert accumulate_pj(arithmetic, NM45) == pytest.approx(ac_pj)


def test_by_hand() -> None:
    """Two steps, two samples; a graded edge and a spiking one."""
    counts = network_counts(
        layer_counts(
            edge_counts([[1, 0], [0, 0]], [[9, 0], [0, 0]], source="input", graded=True),
            spikes=[[1, 1], [1, 1]],
        ),
        layer_counts(
            edge_counts([[1, 1], [1, 1]], [[10, 20], [30, 40]]), spikes=[[0, 0], [0, 0]], name="b"
        ),
        binning=[[5, 0], [2, 0]],
    )
    spent = naive_energy_pj(counts, "fp32", NM45, skips_zeros=True)
    assert spent.tolist() == pytest.approx([(40 + 7) * 0.9 + 9 * 4.6, 60 * 0.9])
    dense = naive_energy_pj(counts, "int8", NM45, skips_zeros=False)
    macs = 2 * 576
    assert dense.tolist() == pytest.approx([47 * 0.03 + macs * 0.23, 60 * 0.03 + macs * 0.23])


def test_pilotnet() -> None:
    """The naive rule's verdict on a network whose chip was measured at 1094 uJ dynamic."""
    snn = network_counts(layer_counts(edge_counts([[755_963]], [[48_600_000]]), spikes=[[755_963]]))
    edge = edge_counts([[0]], [[0]], graded=True, num_synapses=14_145_000)
    ann = network_counts(layer_counts(edge, spikes=[[0]]))
    snn_uj = naive_energy_pj(snn, "fp32", NM45, skips_zeros=True)[0] / 1e6
    ann_uj = naive_energy_pj(ann, "fp32", NM45, skips_zeros=False)[0] / 1e6
    assert snn_uj == pytest.approx(43.7, abs=0.05)
    assert ann_uj == pytest.approx(65.1, abs=0.05)


def test_unknown_arithmetic() -> None:
    with pytest.raises(ValueError, match="'fp8'; accepted: fp32, fp16, int32, int8"):
        accumulate_pj("fp8", NM45)  # type: ignore[arg-type]
