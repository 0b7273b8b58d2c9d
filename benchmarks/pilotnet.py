"""The models of `hardware` against a published measurement: `python -m benchmarks.pilotnet`."""

from pathlib import Path

from rich.console import Console

from benchmarks.chip.pilotnet_run import RESULTS, as_row, count_pilotnet, residuals
from hardware.energy.published_run import PILOTNET_LIF
from snn_depth.command.exit import run_command
from snn_depth.evaluation.results import write_results


def pilotnet(*, data: Path, output: Path = RESULTS) -> None:
    """Confront the energy and latency models with the published run of PilotNet-LIF.

    Args:
        data: Folder with lava-dl's `pilotnet_lif.net` and its ground truth, input.npy, conv-0.npy,
            and so on.
        output: Results to write (*.json): the counts, which the report prices where it has no such
            folder.
    """
    run = count_pilotnet(data)
    write_results(output, "pilotnet", [as_row(run)])
    console = Console()
    for residual in residuals(run):
        inside = "inside" if residual.measured_is_inside else "outside"
        console.print(
            f"{residual.title}: {residual.predicted_uj:.3g} uJ per step, {residual.residual:+.1%} "
            f"of the measured {PILOTNET_LIF.dynamic_uj} uJ, which is {inside} the interval "
            f"{residual.caveat}"
        )
    low_us, high_us = run.step_us
    console.print(f"step: {low_us:.0f} to {high_us:.0f} us; measured {PILOTNET_LIF.step_us} us")
    console.print(f"results: {output}")


if __name__ == "__main__":
    run_command(pilotnet)
