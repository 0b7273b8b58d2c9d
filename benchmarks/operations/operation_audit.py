"""Every operation that torch executes in a network is counted somewhere, or it is an error.

A counter that knows some layers and skips the others reports too little and says nothing. Here the
network runs once while torch shows each single operation, and each must find its place: a synapse
of a projection that was counted, work of the neurons, work off the chip, weights prepared once,
mere movement. There is no place for the rest.

Shape suffixes: T time steps, B batch, C channels, H rows, W columns.
"""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.operations.network_observation import network_input
from benchmarks.operations.operation_kinds import FREE, Kind, kind_in_neurons, kind_of
from benchmarks.throughput.lif_kernels import lif_kernels
from conversion.graph.layer_graph import Edge
from hardware.counts.workload import Workload
from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import DepthNetwork, SpikingDepthNet


@dataclass(frozen=True)
class OperationTotal:
    """All executions of one operation in one kind of place.

    Attributes:
        name: torch's name of it, as "aten.relu".
        num_elements: Elements over all of them: of the largest tensor that each reads or writes.
    """

    name: str
    kind: Kind
    num_calls: int
    num_elements: int


@dataclass(frozen=True)
class OperationAudit:
    """Where every operation of a run went; none is left over.

    Attributes:
        num_projections: Convolutions that ran, each one counted projection.
    """

    operations: tuple[OperationTotal, ...]
    num_projections: int
    num_samples: int

    def elements_per_sample(self, kind: Kind) -> float:
        """Elements that operations of a kind computed, per sample."""
        return sum(o.num_elements for o in self.operations if o.kind == kind) / self.num_samples


@torch.no_grad()
def audit_operations(network: DepthNetwork, batch: Batch, workload: Workload) -> OperationAudit:
    """Run a network on the samples of its workload and find the place of every operation.

    The neurons run as plain loops of the native backend, which computes what the others do. The
    network, in evaluation mode, is left as it is.

    Raises:
        ValueError: For an operation that has no place, with the module in which it happens, and for
            convolutions or sums that are not those of the workload.
    """
    x = network_input(network, batch).cpu()
    copy = deepcopy(network).cpu()
    if isinstance(copy, SpikingDepthNet):
        copy.lif.backend = "native"
    sorter = _Sorter(copy)
    with lif_kernels("eager"), sorter:  # a compiled loop is one operation that nobody could sort
        copy(x)
    sorter.check_all_known()
    sorter.check_convolutions(workload)
    sorter.check_sums(workload)
    operations = tuple(
        OperationTotal(name, kind, sorter.num_calls[name, kind], num_elements)
        for (name, kind), num_elements in sorted(sorter.num_elements.items())
    )
    return OperationAudit(operations, len(sorter.convolutions), workload.num_samples)


class _Sorter(TorchDispatchMode):
    """Sorts operations as torch executes them in a copy of a network, which keeps its hooks."""

    def __init__(self, network: DepthNetwork) -> None:
        super().__init__()
        self.num_calls: Counter[tuple[str, Kind]] = Counter()
        self.num_elements: Counter[tuple[str, Kind]] = Counter()
        self.convolutions: list[tuple[str, tuple[Any, ...]]] = []
        self._unknown: dict[str, None] = {}  # in order of appearance
        self._num_sums = 0
        self._network = network
        self._modules: list[tuple[str, nn.Module]] = []  # those that run, outermost first
        self._num_projections_left = len(network.projections)
        self._prepared: dict[int, Tensor] = {}  # held, so that no other tensor takes their number
        for tensor in (*network.parameters(), *network.buffers()):
            self._prepared[id(tensor)] = tensor
        for name, module in network.named_modules():
            module.register_forward_pre_hook(
                lambda m, _, name=name: self._modules.append((name, m))
            )
            module.register_forward_hook(lambda m, _, output: self._leave(m))

    def _leave(self, module: nn.Module) -> None:
        self._modules.pop()
        if any(module is projection for projection in self._network.projections.values()):
            self._num_projections_left -= 1

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        output = func(*args, **(kwargs or {}))
        name = str(func).rpartition(".")[0]
        read = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        written = [leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor)]
        kind: Kind | None
        only_weights = all(id(tensor) in self._prepared for tensor in read)
        if only_weights:
            self._prepared.update((id(tensor), tensor) for tensor in written)
        if name in FREE:
            kind = "free"
        else:
            kind = "weights" if only_weights else self._kind_in_place(name)
        if kind is None:
            module_name, module = self._modules[-1]
            self._unknown[f"{name} in {module_name!r} ({type(module).__name__})"] = None
            return output
        num_elements = max((tensor.numel() for tensor in read + written), default=0)
        self.num_calls[name, kind] += 1
        self.num_elements[name, kind] += num_elements
        if kind == "synaptic":
            self.convolutions.append((self._projection_name(), _size_of_convolution(*args)))
        if kind == "neuron" and len(self._modules) == 1:
            self._num_sums += num_elements
        return output

    def _kind_in_place(self, name: str) -> Kind | None:
        """What an operation counts as where it happens; None where nobody counts it."""
        if self._projection_name():
            return kind_of(name, "projection")
        if len(self._modules) > 1:
            return kind_in_neurons(name, self._modules[1][1])
        if self._num_projections_left <= 0:
            return kind_of(name, "decoding")
        started = self._num_projections_left < len(self._network.projections)
        return kind_of(name, "population" if started else "input")

    def _projection_name(self) -> str:
        """Name of the projection that runs; empty where none does."""
        running = [module for _, module in self._modules]
        for name, projection in self._network.projections.items():
            if any(projection is module for module in running):
                return name
        return ""

    def check_all_known(self) -> None:
        """Refuse operations that found no place."""
        if self._unknown:
            raise ValueError(
                f"{len(self._unknown)} operations are counted nowhere: {', '.join(self._unknown)}"
            )

    def check_convolutions(self, workload: Workload) -> None:
        """Refuse convolutions that were not counted, or counted but did not run."""
        counted = {
            self._network.projection_name(edge.source, layer.name): (
                *_size_of_edge(edge),
                workload.sent_by(edge.source).size,
            )
            for layer in workload.layers
            for edge in layer.edges
        }
        ran = Counter(name for name, _ in self.convolutions)
        for name in {**counted, **ran}:
            if ran[name] != (name in counted):
                raise ValueError(
                    f"projection {name!r} ran {ran[name]} convolutions, of which "
                    f"{int(name in counted)} are counted"
                )
        for name, size in self.convolutions:
            if size != counted[name]:
                raise ValueError(
                    f"projection {name!r} ran a convolution of weights, stride, padding, dilation, "
                    f"transposition, groups and inputs {size}; counted: {counted[name]}"
                )

    def check_sums(self, workload: Workload) -> None:
        """Refuse additions between populations other than the sums of their projections."""
        expected = (
            workload.num_steps
            * workload.num_samples
            * sum(
                (len(layer.edges) - 1) * layer.num_neurons
                for layer in workload.layers
                if layer.sent_TBCHW is not None
            )
        )
        if self._num_sums != expected:
            raise ValueError(
                f"{self._num_sums} numbers are added between populations; the sums of their "
                f"projections are {expected}"
            )


def _size_of_edge(edge: Edge) -> tuple[Any, ...]:
    return (
        edge.weight.shape,
        edge.stride,
        edge.padding,
        edge.dilation,
        edge.kind == "conv_transpose",
        edge.groups,
    )


def _size_of_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
) -> tuple[Any, ...]:
    """As `_size_of_edge` of the edge that it should be, and the number of its inputs."""
    size = (tuple(weight.shape), tuple(stride), tuple(padding), tuple(dilation), transposed, groups)
    return (*size, x.numel())
