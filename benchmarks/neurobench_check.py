"""Our operation counts against NeuroBench's: `python -m benchmarks.neurobench_check`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.operations.neurobench_comparison import RESULTS, compare_with_neurobench, result_row
from benchmarks.operations.neurobench_rules import OperationCounts
from conversion.student.samples import conversion_samples
from snn_depth.command.exit import run_command
from snn_depth.command.table import Table, number_columns
from snn_depth.evaluation.results import write_results
from snn_depth.files.digest import file_sha256
from snn_depth.files.stored_network import SHIPPED_NETWORK
from snn_depth.models.depth_network import DepthNetwork
from snn_depth.training.checkpoint import load_network


def comparison_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Counts by `result_row`, with `network` and `input`: several lines per network."""
    cells = []
    for row in rows:
        metrics = row["metrics"]
        exact, neurobench, unexplained = (
            {name: metrics[prefix + name] for name in ("dense", "macs", "accumulations")}
            for prefix in ("", "neurobench_", "unexplained_")
        )
        lines = {
            f"{row['network']} ({row['input']})": exact,
            **{f"  {difference['rule']}": difference for difference in row["differences"]},
            "  unexplained": unexplained,
            "  NeuroBench": neurobench,
        }
        cells += [[title, *_thousands(counts)] for title, counts in lines.items()]
    return Table(
        "operations per sample, in thousands",
        ["network", *number_columns("dense", "MACs", "additions")],
        cells,
        f"NeuroBench {rows[0]['neurobench_version']}; dense: all synapses in all steps",
    )


def _thousands(counts: Mapping[str, Any]) -> list[str]:
    return [f"{counts[name] / 1e3:,.1f}" for name in ("dense", "macs", "accumulations")]


def check(
    *,
    output: Path = RESULTS,
    checkpoints: Sequence[Path] = (SHIPPED_NETWORK,),
    num_samples: int = 4,
    cache_dir: Path = Path("data_cache"),
) -> None:
    """Compare operation counts with NeuroBench's, and write both.

    Args:
        output: Results to write (*.json).
        checkpoints: Networks (*.safetensors): spiking students, twins, RGB teachers.
        num_samples: Samples of the synthetic world.
        cache_dir: Where pictures of the synthetic world are kept.
    """
    rows = []
    for checkpoint in checkpoints:
        loaded = load_network(checkpoint)
        batch = conversion_samples(loaded.data, num_samples, (), cache_dir).batch()
        network = loaded.network
        if not isinstance(network, DepthNetwork):
            raise ValueError(f"{checkpoint} is a {type(network).__name__}; accepted: DepthNetwork")
        comparison = compare_with_neurobench(network, batch)
        if comparison.unexplained != OperationCounts():
            raise ValueError(
                f"{checkpoint}: NeuroBench differs by {comparison.unexplained} more than its rules "
                "explain"
            )
        rows.append(
            {
                "network": type(network).__name__,
                "input": network.input_key,
                "weights_sha256": file_sha256(checkpoint),
                "size": f"{loaded.data.height}x{loaded.data.width}",
                **result_row(comparison),
            }
        )
    write_results(output, "neurobench_check", rows)
    console = Console()
    console.print(comparison_table(rows).to_rich())
    console.print(f"results: {output}")


if __name__ == "__main__":
    run_command(check)
