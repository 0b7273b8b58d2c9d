"""Our operation counts against NeuroBench's.

NeuroBench is no dependency of the project, for it brings audio libraries of its own; in an
environment that has the project's packages, this is enough:

    pip install --no-deps neurobench tonic

Where it is not installed, reports show what `python -m benchmarks.neurobench_check` has written
elsewhere: `RESULTS`. What differs has known reasons (`neurobench_rules`), and they must explain all
of it.
"""

import json
from copy import deepcopy
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, type_before_parametrizations
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.operations.network_observation import network_input
from benchmarks.operations.network_workload import workload_of_network
from benchmarks.operations.neurobench_rules import (
    Difference,
    OperationCounts,
    exact_counts,
    neurobench_differences,
)
from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import DepthNetwork

RESULTS = Path(__file__).parents[1] / "results" / "neurobench_check.json"


@dataclass(frozen=True)
class NeuroBenchComparison:
    """Counts of the same run, summed over its samples.

    Attributes:
        differences: What its rules are known to add.
        num_steps: Steps of each, 1 for a conventional network.
    """

    exact: OperationCounts
    neurobench: OperationCounts
    differences: tuple[Difference, ...]
    num_samples: int
    num_steps: int
    neurobench_version: str

    @property
    def unexplained(self) -> OperationCounts:
        """What is left of the difference; all zeros when everything is understood."""
        known = sum((difference.added for difference in self.differences), self.exact)
        return self.neurobench - known


def neurobench_version() -> str | None:
    """Version of the installed NeuroBench; None where there is none."""
    try:
        return version("neurobench")
    except PackageNotFoundError:
        return None


def compare_with_neurobench(network: DepthNetwork, batch: Batch) -> NeuroBenchComparison:
    """Count what a network does, and let NeuroBench count it.

    Both see the network in float64, for NeuroBench adds up its counts in the network's own
    numbers, and float32 has no odd ones above 2**24.

    Raises:
        ValueError: When NeuroBench is not installed, when the network cannot be counted, or when
            NeuroBench failed: it reports its errors as zeros.
    """
    installed = neurobench_version()
    if installed is None:
        raise ValueError("not run: NeuroBench is not installed; pip install neurobench")
    workload = workload_of_network(network, batch)
    copy = with_plain_weights(network)
    return NeuroBenchComparison(
        exact_counts(workload),
        _count_by_neurobench(copy, network_input(network, batch)),
        neurobench_differences(copy, workload),
        workload.num_samples,
        workload.num_steps,
        installed,
    )


def with_plain_weights(network: DepthNetwork) -> DepthNetwork:
    """A copy in float64 whose quantised weights are plain parameters.

    NeuroBench writes ones into `weight.data`; where a weight is computed from another one, that
    changes nothing, and it would add up the weights themselves.
    """
    copy = deepcopy(network).cpu().double()
    for module in list(copy.modules()):
        if isinstance(module, nn.Conv2d) and is_parametrized(module, "weight"):
            weight = nn.Parameter(module.weight.detach(), requires_grad=False)
            # torch's remove_parametrizations changes the class, which the original has in common.
            module.__class__ = type_before_parametrizations(module)
            del module.parametrizations
            module.weight = weight
    return copy


class _BatchFirst(nn.Module):
    """NeuroBench takes samples first, and a number or tensor for each."""

    def __init__(self, network: DepthNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Depth of a batch (B, T, ...) of spikes or (B, ...) of pictures."""
        time_first = x.transpose(0, 1) if self.network.reads_spikes else x
        depth_m: Tensor = self.network(time_first).depth_m
        return depth_m


@torch.no_grad()
def _count_by_neurobench(network: DepthNetwork, x: Tensor) -> OperationCounts:
    """NeuroBench's counts for all samples, given to it as one batch; the network is float64."""
    models = import_module("neurobench.models")
    benchmarks = import_module("neurobench.benchmarks")
    metrics = import_module("neurobench.metrics.workload")
    batch_first = x.transpose(0, 1) if network.reads_spikes else x
    num_samples = len(batch_first)
    data = TensorDataset(batch_first.double(), torch.zeros(num_samples))
    benchmark = benchmarks.Benchmark(
        models.TorchModel(_BatchFirst(network)),
        DataLoader(data, batch_size=num_samples),
        [],
        [],
        [[], [metrics.SynapticOperations]],
    )
    found = benchmark.run(quiet=True)["SynapticOperations"]
    if not isinstance(found, dict) or not found["Dense"]:
        raise ValueError(f"NeuroBench counted nothing: {found}; its errors are reported as zeros")
    return OperationCounts(
        round(found["Dense"] * num_samples),
        round(found["Effective_MACs"] * num_samples),
        round(found["Effective_ACs"] * num_samples),
    )


def result_row(comparison: NeuroBenchComparison) -> dict[str, Any]:
    """The comparison per sample, as results files keep it.

    `metrics` (ours, `neurobench_*`, `unexplained_*`), the `differences` by rule, and what the
    figures depend on.
    """

    def per_sample(counts: OperationCounts) -> dict[str, float]:
        return {name: n / comparison.num_samples for name, n in asdict(counts).items()}

    metrics = per_sample(comparison.exact)
    for prefix, counts in (
        ("neurobench", comparison.neurobench),
        ("unexplained", comparison.unexplained),
    ):
        metrics |= {f"{prefix}_{name}": n for name, n in per_sample(counts).items()}
    return {
        "num_samples": comparison.num_samples,
        "num_time_steps": comparison.num_steps,
        "neurobench_version": comparison.neurobench_version,
        "differences": [
            {"rule": difference.rule, **per_sample(difference.added)}
            for difference in comparison.differences
        ],
        "metrics": metrics,
    }


def stored_rows(path: Path = RESULTS) -> list[dict[str, Any]]:
    """Rows of a results file, each with the `date` and the `commit` of the run.

    Raises:
        ValueError: When there is no such file, and what to do.
    """
    if not path.is_file():
        raise ValueError(
            f"not run: {path} does not exist; pip install neurobench, and "
            "python -m benchmarks.neurobench_check"
        )
    results = json.loads(path.read_text())
    origin = {"date": results["date"], "commit": results["commit"]}
    return [{**row, **origin} for row in results["rows"]]
