"""What a student's populations do, in the form in which the simulators report it."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from conversion.simulate.simulation import Trace
from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.graph import READOUT
from snn_depth.models.padding import pad_to_stride
from snn_depth.neurons.lif import LIFOutput


def padded_input(network: SpikingDepthNet, counts_TBCHW: Tensor) -> npt.NDArray[np.float64]:
    """Counts of any size as the simulators take them: padded to the network's stride."""
    padded = pad_to_stride(counts_TBCHW.double(), network.graph.max_stride)
    return np.ascontiguousarray(padded.cpu().numpy())


@torch.inference_mode()
def run_student(
    network: SpikingDepthNet,
    counts: Tensor | Mapping[str, Tensor],
    dtype: torch.dtype = torch.float64,
) -> Trace:
    """Run a student in evaluation mode from rest; note all spikes, and the readout's membranes.

    The network is left as it is. Counts per time bin are (T, B, 1, H, W), or every input's by its
    name.
    """
    copy = deepcopy(network).cpu().to(dtype)
    spikes: list[npt.NDArray[np.bool_]] = []
    readout: list[npt.NDArray[Any]] = []

    def note_spikes(module: nn.Module, arguments: object, output: LIFOutput) -> None:
        spikes.append(output.spikes.numpy() > 0)

    def note_membranes(module: nn.Module, arguments: object, output: tuple[Tensor, Tensor]) -> None:
        readout.append(output[0].numpy())

    copy.lif.register_forward_hook(note_spikes)
    copy.integrator.register_forward_hook(note_membranes)
    if isinstance(counts, Mapping):
        copy({name: each.cpu().to(dtype) for name, each in counts.items()})
    else:
        copy(counts.cpu().to(dtype))
    names = [population.name for population in copy.graph.populations]
    return Trace(dict(zip(names, spikes, strict=True)), {READOUT: readout[0]})
