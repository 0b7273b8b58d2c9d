"""What really happens in a depth network while it runs: every input and output of its parts.

Shape suffixes: T time steps, B batch, C channels, H rows, W columns.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import DepthNetwork

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Observation:
    """A run in float64, from rest.

    Attributes:
        network: The copy that ran, in float64.
        sent_TBCHW: By name of every population that sends, and of the input: what the projections
            from it were given.
        currents_TBCHW: By name of every population, the readout included: what its neurons were
            given. For a readout without neurons the sum of its projections.
    """

    network: DepthNetwork
    sent_TBCHW: Mapping[str, Array]
    currents_TBCHW: Mapping[str, Array]


def network_input(network: DepthNetwork, batch: Batch) -> Tensor:
    """What a network reads of a batch, if its run can be observed.

    Counts (T, B, 1, H, W) or RGB (B, 3, H, W).

    Raises:
        ValueError: For a network of another kind or in training mode, or a batch without that part.
    """
    if not isinstance(network, DepthNetwork):
        raise ValueError(
            f"network is a {type(network).__name__}; accepted: a DepthNetwork, whose projections "
            "are known one by one"
        )
    if network.training:
        raise ValueError("network is in training mode; call network.eval(), which fixes statistics")
    return network.read(batch)


@torch.no_grad()
def observe(network: DepthNetwork, x: Tensor) -> Observation:
    """Run a network on its input, and note what its projections and its neurons are given.

    The network, in evaluation mode, is left as it is.

    Raises:
        ValueError: Naming the layer, when something stands between the neurons of a population and
            the projections that read it, or neurons are not a module and cannot be observed.
    """
    copy = deepcopy(network).cpu().double()
    notes = _Notes(x.shape[1] if network.reads_spikes else x.shape[0])
    for population in copy.graph.all_populations:
        for projection in population.projections:
            name = copy.projection_name(projection.source, population.name)
            note = partial(notes.projection, projection.source, population.name)
            copy.projections[name].register_forward_hook(note)
    inside = {id(module) for module in copy.projections.modules()}
    for module in copy.modules():
        if module is not copy and id(module) not in inside:
            module.register_forward_pre_hook(notes.enter_neurons)
            module.register_forward_hook(notes.leave_neurons)
    copy(x.cpu().double())
    for population in copy.graph.populations:
        notes.check_neurons(population.name)
    return Observation(copy, notes.sent, {**notes.arrived, **notes.given})


class _Notes:
    """What hooks see.

    Attributes:
        sent: By source, what its projections were given.
        arrived: By target, the sum of what came out of its projections.
        given: By population, what its neurons were given.
        fired: By population, what came out of its neurons.
    """

    def __init__(self, batch_size: int) -> None:
        self.sent: dict[str, Array] = {}
        self.arrived: dict[str, Array] = {}
        self.given: dict[str, Array] = {}
        self.fired: dict[str, Array] = {}
        self._batch_size = batch_size
        self._target = ""  # of the last projection: the neurons that run next are its own
        self._depth = 0

    def projection(
        self, source: str, target: str, module: nn.Module, arguments: tuple[Tensor], output: Tensor
    ) -> None:
        """A projection has run."""
        self._target = target
        sent = self._to_array(arguments[0])
        if not np.array_equal(self.sent.setdefault(source, sent), sent):
            raise ValueError(f"layer {source!r}: the projections from it are not given the same")
        self.arrived[target] = self.arrived.get(target, 0) + self._to_array(output)

    def enter_neurons(self, module: nn.Module, arguments: tuple[Any, ...]) -> None:
        """Neurons, or a part of them, are about to run."""
        if self._depth == 0:
            self.given.setdefault(self._target, arguments[0].clone().numpy())
        self._depth += 1

    def leave_neurons(self, module: nn.Module, arguments: tuple[Any, ...], output: Any) -> None:
        """Neurons, or a part of them, have run."""
        self._depth -= 1
        if self._depth == 0:
            sent = output[0] if isinstance(output, tuple) else output
            self.fired[self._target] = sent.clone().numpy()

    def check_neurons(self, name: str) -> None:
        """Make sure that the neurons of a population were seen, and nothing stands behind them."""
        if name not in self.fired:
            raise ValueError(
                f"layer {name!r}: its neurons cannot be observed, for they are not a module"
            )
        if not np.array_equal(self.fired[name], self.sent[name]):
            raise ValueError(
                f"layer {name!r}: the projections from it are not given what its neurons send"
            )

    def _to_array(self, x: Tensor) -> Array:
        """Time and batch apart again: the network folds one into the other."""
        return x.unflatten(0, (-1, self._batch_size)).clone().numpy()
