"""What a torch network does, in the form in which operations are counted.

The spiking student in floating point, its conventional twin, the quantised twin and the RGB teacher
are counted by one program. That nothing is missed is proved for each: from what the layers sent,
the synapses that are counted must compute what the network's neurons were given.

Shape suffixes: T time steps, B batch, C channels, H rows, W columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.operations.network_observation import Observation, network_input, observe
from conversion.graph.layer_graph import Edge
from conversion.simulate.synapses import Synapses
from conversion.student.extract import projection_edge
from hardware.counts.workload import WorkLayer, Workload
from snn_depth.data.sample import Batch
from snn_depth.models.depth_network import DepthNetwork, SpikingDepthNet
from snn_depth.models.graph import READOUT, Population

# Normalisation folded or not rounds differently; what is missed is of the currents' own size.
RELATIVE_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class ProjectedLayer:
    """The synapses of one population.

    Attributes:
        edges: One per projection, normalisation and upsampling folded.
        bias: What they add without input, shape (C,).
    """

    population: Population
    edges: tuple[Edge, ...]
    bias: npt.NDArray[np.float64]


def workload_of_network(network: DepthNetwork, batch: Batch) -> Workload:
    """Layers, synapses and what was sent, from a run of the torch network in float64.

    A conventional network takes one step, in which layer follows layer: nothing waits in a
    pipeline. Its input is the sum of the bins. All that it sends is graded.

    Raises:
        ValueError: For a network that cannot be counted; naming the layer, when it computes
            something else than the synapses that would be counted.
    """
    observation = observe(network, network_input(network, batch))
    layers = projected_layers(observation.network)
    check_currents(observation, layers)
    spiking = isinstance(network, SpikingDepthNet)
    sent = observation.sent_TBCHW
    work_layers = []
    for layer in layers:
        name = layer.population.name
        sent_TBCHW = None if name == READOUT else sent[name]
        if sent_TBCHW is not None and spiking:
            sent_TBCHW = sent_TBCHW.astype(bool)
        _, _, channels, rows, columns = observation.currents_TBCHW[name].shape
        work_layers.append(WorkLayer(name, (channels, rows, columns), layer.edges, sent_TBCHW))
    graph = network.graph
    inputs = {name: sent[name] for name in graph.input_names}
    if spiking:
        return Workload(inputs, tuple(work_layers), graph.num_pipeline_steps, graph.arrival_steps)
    return Workload(inputs, tuple(work_layers), 0, dict.fromkeys(graph.arrival_steps, 0))


def projected_layers(network: DepthNetwork) -> tuple[ProjectedLayer, ...]:
    """The synapses of all populations, in the network's order, the readout last.

    Raises:
        ValueError: For a projection that is more than one convolution, naming it.
    """
    layers = []
    for population in network.graph.all_populations:
        edges, biases = [], []
        for projection in population.projections:
            name = network.projection_name(projection.source, population.name)
            edge, bias = projection_edge(
                f"projections.{name}", projection.source, network.projections[name]
            )
            edges.append(edge)
            biases.append(bias)
        layers.append(ProjectedLayer(population, tuple(edges), np.sum(biases, axis=0)))
    return tuple(layers)


def check_currents(observation: Observation, layers: Sequence[ProjectedLayer]) -> None:
    """Prove that the synapses are all there is: they give what the neurons were given.

    Every step of one sample is computed again, by `conversion.simulate.synapses` in float64.

    Raises:
        ValueError: Naming the first layer that differs.
    """
    for layer in layers:
        name = layer.population.name
        expected = observation.currents_TBCHW[name][:, 0]
        found = np.zeros_like(expected) + layer.bias[:, None, None]
        for edge in layer.edges:
            synapses = Synapses(edge, expected.shape[1:], np.float64)
            found += synapses(observation.sent_TBCHW[edge.source][:, 0])
        largest = np.abs(expected).max()
        difference = np.abs(found - expected).max()
        if not difference <= RELATIVE_TOLERANCE * max(1.0, largest):
            raise ValueError(
                f"layer {name!r}: its neurons are given currents that differ by {difference:.3g} "
                f"(of {largest:.3g}) from those of the synapses that would be counted"
            )
