import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.neurobench_check import check, comparison_table
from benchmarks.operations.network_workload import workload_of_network
from benchmarks.operations.neurobench_comparison import (
    RESULTS,
    NeuroBenchComparison,
    compare_with_neurobench,
    neurobench_version,
    result_row,
    stored_rows,
    with_plain_weights,
)
from benchmarks.operations.neurobench_rules import (
    Difference,
    OperationCounts,
    exact_counts,
    neurobench_differences,
)
from conversion.student.samples import conversion_samples
from snn_depth.command.parser import call_command
from snn_depth.data.sample import Batch, View
from snn_depth.data.spec import DataSpec
from snn_depth.files.digest import file_sha256
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.models.depth_network import DepthNetwork
from snn_depth.training.checkpoint import load_network, save_network
from tests.benchmarks.tiny_networks import all_kinds, spike_batch, student, twin

without_neurobench = pytest.mark.skipif(
    neurobench_version() is not None, reason="NeuroBench is installed"
)
with_neurobench = pytest.mark.skipif(
    neurobench_version() is None, reason="not run: pip install neurobench"
)


def ones_in_place_of_all(network: DepthNetwork, batch: Batch) -> OperationCounts:
    """What NeuroBench does, in a few lines: each Conv2d again, with ones for all that is not 0."""
    copy = with_plain_weights(network)
    counts = OperationCounts()

    def count(module: nn.Module, arguments: tuple[Tensor]) -> None:
        nonlocal counts
        (x,) = arguments
        layer = deepcopy(module)
        assert isinstance(layer, nn.Conv2d)
        layer._forward_pre_hooks.clear()
        layer.bias = None
        layer.weight.data = (layer.weight != 0).double()
        effective = round(float(layer((x != 0).double()).sum()))
        layer.weight.data.fill_(1.0)
        dense = round(float(layer(torch.ones_like(x)).sum()))
        spiking = bool(torch.isin(x, torch.tensor([-1.0, 0.0, 1.0]).double()).all())
        counts += OperationCounts(dense, *((0, effective) if spiking else (effective, 0)))

    for module in copy.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_pre_hook(count)
    with torch.no_grad():
        copy(network.read(batch).double())
    return counts


def sum_of(differences: tuple[Difference, ...]) -> OperationCounts:
    return sum((difference.added for difference in differences), OperationCounts())


def cases() -> Iterator[tuple[DepthNetwork, Batch]]:
    """Every kind of network, odd sizes, weights that are zero, counts that look like spikes."""
    for network in all_kinds():
        yield network, spike_batch(2, 13, 30)
    pruned = twin()
    with torch.no_grad():
        for name, weight in pruned.named_parameters():
            if name.endswith("0.weight"):
                weight[torch.rand_like(weight) < 0.3] = 0.0
    yield pruned, spike_batch(2)
    yield student(), Batch({"spikes": View((spike_batch(2)["spikes"].image > 8).float())})


@pytest.mark.parametrize("case", range(6))
def test_the_rules_explain_all_of_the_difference(case: int) -> None:
    network, batch = list(cases())[case]
    workload = workload_of_network(network, batch)
    exact = exact_counts(workload)
    differences = neurobench_differences(with_plain_weights(network), workload)
    expected = ones_in_place_of_all(network, batch)
    assert exact + sum_of(differences) == expected
    unfolded, zeros, by_data = (difference.added for difference in differences)
    assert unfolded.dense > 0 and unfolded.macs + unfolded.accumulations > 0
    assert (zeros.macs < 0) == (case in (3, 4))
    assert (by_data.accumulations > 0) == (case == 5)
    assert by_data.macs == -by_data.accumulations


def test_upsampled_convolution_by_hand() -> None:
    """One pixel of a grid of 1x2, three taps: 2x4 pixels with 9 taps each, cut at the border."""
    network = twin()
    workload = workload_of_network(network, Batch({"spikes": View(torch.ones(1, 1, 1, 4, 8))}))
    layer = next(y for y in workload.layers if any(e.kind == "conv_transpose" for e in y.edges))
    edge = next(e for e in layer.edges if e.kind == "conv_transpose")
    assert edge.source == "enc1b" and layer.shape == (16, 2, 4)
    sent = {y.name: y.sent_TBCHW for y in workload.layers}["enc1b"]
    assert sent is not None and sent.shape == (1, 1, 16, 1, 2)
    one_pixel = np.zeros_like(sent)
    one_pixel[0, 0, 3, 0, 0] = 1.0
    source = next(y for y in workload.layers if y.name == "enc1b")
    layers = (replace(source, edges=(), sent_TBCHW=one_pixel), replace(layer, edges=(edge,)))
    alone = replace(workload, layers=layers)
    exact, (unfolded, _, _) = exact_counts(alone), neurobench_differences(network, alone)
    assert exact.macs == 2 * 3 * 16  # it reaches both rows, and all columns but the last
    # It stands in 2x2 upsampled pixels, each of which reaches both rows; columns: 2 and 3.
    assert unfolded.added.macs == 4 * (2 + 3) * 16 - exact.macs


def test_unexplained_is_what_is_left() -> None:
    differences = (Difference("a", OperationCounts(1, 2, 3)), Difference("b", OperationCounts(4)))
    comparison = NeuroBenchComparison(
        OperationCounts(10, 10, 10), OperationCounts(15, 12, 14), differences, 2, 1, "2.3.0"
    )
    assert comparison.unexplained == OperationCounts(0, 0, 1)
    row = result_row(comparison)
    assert row["metrics"]["macs"] == 5.0 and row["metrics"]["neurobench_macs"] == 6.0
    assert row["metrics"]["unexplained_accumulations"] == 0.5
    assert row["differences"][0] == {"rule": "a", "dense": 0.5, "macs": 1.0, "accumulations": 1.5}
    table = comparison_table([{"network": "net", "input": "spikes", **row}])
    assert len(table.rows) == 5


@without_neurobench
def test_without_neurobench_nothing_is_counted(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not run: .* pip install neurobench"):
        compare_with_neurobench(twin(), spike_batch(1))


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"not run: .* python -m benchmarks\.neurobench_check"):
        stored_rows(tmp_path / "missing.json")


def test_the_stored_check_is_of_the_shipped_student_and_explained() -> None:
    """Otherwise run the command of `benchmarks.neurobench_check` again."""
    rows = stored_rows(RESULTS)
    (shipped,) = [row for row in rows if row["network"] == "SpikingDepthNet"]
    assert shipped["weights_sha256"] == hashlib.sha256(SHIPPED_NETWORK.read_bytes()).hexdigest()
    for row in rows:
        metrics = row["metrics"]
        assert row["neurobench_version"] and row["date"]
        for name in ("dense", "macs", "accumulations"):
            assert metrics[f"unexplained_{name}"] == 0
            known = metrics[name] + sum(difference[name] for difference in row["differences"])
            assert metrics[f"neurobench_{name}"] == pytest.approx(known)


@pytest.mark.slow
@pytest.mark.parametrize("row", stored_rows(RESULTS), ids=lambda row: row["network"])
def test_the_stored_check_is_reproduced(row: dict[str, Any], tmp_path: Path) -> None:
    """Our counts and what the rules add to them; NeuroBench's own where it is installed."""
    shipped = {file_sha256(file): file for file in SHIPPED_NETWORK.parent.glob("*.safetensors")}
    loaded = load_network(shipped[row["weights_sha256"]])
    assert isinstance(loaded.network, DepthNetwork)
    batch = conversion_samples(loaded.data, row["num_samples"], (), tmp_path).batch()
    workload = workload_of_network(loaded.network, batch)
    differences = neurobench_differences(with_plain_weights(loaded.network), workload)
    neurobench = exact_counts(workload) + sum_of(differences)
    if neurobench_version() is not None:
        neurobench = compare_with_neurobench(loaded.network, batch).neurobench
    found = {"": exact_counts(workload), "neurobench_": neurobench}
    for prefix, counts in found.items():
        per_sample = {f"{prefix}{k}": n / row["num_samples"] for k, n in asdict(counts).items()}
        stored = {name: row["metrics"][name] for name in per_sample}
        assert per_sample == pytest.approx(
            stored, rel=1e-3
        )  # pictures differ by CPU, in few spikes


@with_neurobench
@pytest.mark.slow
@pytest.mark.parametrize("case", range(6))
def test_neurobench_itself(case: int) -> None:
    network, batch = list(cases())[case]
    comparison = compare_with_neurobench(network, batch)
    assert comparison.unexplained == OperationCounts()
    assert comparison.neurobench == ones_in_place_of_all(network, batch)


@with_neurobench
@pytest.mark.slow
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint, output = tmp_path / "twin.safetensors", tmp_path / "check.json"
    save_network(checkpoint, twin(), DataSpec(height=16, width=32))
    check(output=output, checkpoints=[checkpoint], num_samples=1, cache_dir=tmp_path)
    results: dict[str, Any] = json.loads(output.read_text())
    assert [row["network"] for row in results["rows"]] == ["AnnDepthNet"]
    assert "operations per sample" in capsys.readouterr().out


def test_user_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"checkpoint .* does not exist"):
        call_command(
            check, ["--output", str(tmp_path / "x.json"), "--checkpoints", str(tmp_path / "none")]
        )
