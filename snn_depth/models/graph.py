"""The shape of a depth network: populations of neurons joined by convolutions.

The graph is plain data. The spiking student and its ANN twin both execute it, and the conversion
maps it to a chip, where a population becomes a group of neurons and a projection a group of
synapses. Several projections into one population add up before the threshold, so everything a
projection carries is a spike (or, from an input, a graded count). Inputs share one grid of pixels.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

INPUT = "input"  # name of the input of a network that has one; parameters are named after it
READOUT = "readout"


@dataclass(frozen=True)
class Projection:
    """A convolution from one population (or an input) into another.

    Attributes:
        source: Name of the population or input that sends.
        kernel_size: Side of the square kernel; odd, padded by kernel_size // 2.
        stride: Stride of the convolution.
        upsample: Nearest-neighbour upsampling before the convolution, 1 or 2. It folds exactly
            into a transposed convolution, so it costs no neurons and no time step.

    Raises:
        ValueError: For an even kernel, another upsampling, or upsampling with a stride.
    """

    source: str
    kernel_size: int = 3
    stride: int = 1
    upsample: int = 1

    def __post_init__(self) -> None:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size is {self.kernel_size}; accepted: odd numbers")
        if self.upsample not in (1, 2) or (self.upsample == 2 and self.stride != 1):
            raise ValueError(
                f"upsample {self.upsample} with stride {self.stride}; "
                "accepted: 1 with any stride, or 2 with stride 1"
            )


@dataclass(frozen=True)
class InputPort:
    """A named input: so many channels on the grid of pixels."""

    name: str
    num_channels: int


@dataclass(frozen=True)
class Population:
    """A grid of neurons and the projections that add up at its input."""

    name: str
    num_channels: int
    projections: tuple[Projection, ...]


@dataclass(frozen=True)
class NetworkGraph:
    """A directed acyclic graph of populations, in an order in which it can be executed.

    Attributes:
        inputs: What projections may name as their source beside populations; each is read.
        populations: Firing populations, every source before its targets.
        readout: The non-firing population at the end (inverse depth and uncertainty).

    Raises:
        ValueError: When a name is taken twice, a projection names a source that does not stand
            before it, the projections into one population come from grids of different size, or
            nothing reads an input.
    """

    inputs: tuple[InputPort, ...]
    populations: tuple[Population, ...]
    readout: Population

    def __post_init__(self) -> None:
        names = Counter(part.name for part in self._parts)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"inputs or populations share the name {twice[0]!r}")
        strides: dict[str, float] = dict.fromkeys(self.input_names, 1.0)
        for population in self.all_populations:
            for projection in population.projections:
                if projection.source not in strides:
                    raise ValueError(
                        f"population {population.name!r} receives from {projection.source!r}, "
                        f"which does not stand before it; known: {sorted(strides)}"
                    )
            into = {
                strides[p.source] * p.stride / p.upsample: p.source for p in population.projections
            }
            if len(into) != 1:
                raise ValueError(
                    f"projections into {population.name!r} differ in stride: {into}; "
                    "all must arrive on one grid"
                )
            strides[population.name] = next(iter(into))
        for name in self.input_names:
            if name not in self.last_reader:
                raise ValueError(f"no projection reads input {name!r}")

    @property
    def _parts(self) -> tuple[InputPort | Population, ...]:
        return (*self.inputs, *self.all_populations)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs."""
        return tuple(port.name for port in self.inputs)

    @property
    def all_populations(self) -> tuple[Population, ...]:
        """Firing populations, then the readout."""
        return (*self.populations, self.readout)

    @cached_property
    def strides(self) -> dict[str, int]:
        """Input pixels per grid cell along one side, by population name."""
        strides = dict.fromkeys(self.input_names, 1)
        for population in self.all_populations:
            first = population.projections[0]
            strides[population.name] = strides[first.source] * first.stride // first.upsample
        return strides

    @property
    def max_stride(self) -> int:
        """Coarsest grid; the sides of all inputs are padded to a multiple of it."""
        return max(self.strides.values())

    @cached_property
    def num_channels(self) -> dict[str, int]:
        """Channels by name of input or population."""
        return {part.name: part.num_channels for part in self._parts}

    @cached_property
    def last_reader(self) -> dict[str, int]:
        """Index in `all_populations` of the last one that reads each signal."""
        return {
            projection.source: index
            for index, population in enumerate(self.all_populations)
            for projection in population.projections
        }

    @cached_property
    def arrival_steps(self) -> dict[str, int]:
        """Time steps until the first input reaches a population on the chip.

        Every projection takes one step there (lava_and_loihi, timing: 1 + max over sources).
        """
        steps = dict.fromkeys(self.input_names, 0)
        for population in self.all_populations:
            steps[population.name] = 1 + max(steps[p.source] for p in population.projections)
        return steps

    @property
    def num_pipeline_steps(self) -> int:
        """Steps between an input and its effect on the readout."""
        return self.arrival_steps[READOUT]

    def delays(self) -> dict[tuple[str, str], int]:
        """Extra steps by which each projection must be delayed so that all arrive together.

        Returns:
            (source, target) -> steps, only the projections that need a delay.
        """
        steps = self.arrival_steps
        found = {}
        for population in self.all_populations:
            for projection in population.projections:
                delay = steps[population.name] - 1 - steps[projection.source]
                if delay:
                    found[projection.source, population.name] = delay
        return found

    def num_neurons(self, height: int, width: int) -> dict[str, int]:
        """Neurons by population name, the readout included.

        Both sides are in pixels of the input, multiples of `max_stride`.
        """
        return {
            p.name: p.num_channels
            * (height // self.strides[p.name])
            * (width // self.strides[p.name])
            for p in self.all_populations
        }

    def num_relay_neurons(self, height: int, width: int) -> int:
        """Relay neurons that balance the skips on a chip without synaptic delays.

        One relay per sending neuron and step; a chain is shared by the targets it passes. A 1x1
        projection with a stride reads only some of its source, and only those are relayed, unless
        a chain of the whole source passes anyway. An input costs nothing: whoever sends it sends
        it once more, later.
        """
        delays = self.delays()
        chains: dict[tuple[str, int], int] = {}  # source and stride of what is relayed -> steps
        for population in self.all_populations:
            for projection in population.projections:
                delay = delays.get((projection.source, population.name), 0)
                if projection.source not in self.input_names and delay:
                    stride = projection.stride if projection.kernel_size == 1 else 1
                    chain = (projection.source, stride)
                    chains[chain] = max(chains.get(chain, 0), delay)
        neurons = self.num_neurons(height, width)
        return sum(
            steps * neurons[source] // stride**2
            for (source, stride), steps in chains.items()
            if stride == 1 or steps > chains.get((source, 1), 0)
        )

    def summary(self, height: int, width: int) -> str:
        """One line on size and timing, printed when a network is built for training."""
        delays = self.delays()
        return (
            f"{len(self.populations)} populations, "
            f"{sum(self.num_neurons(height, width).values()):,} neurons at {height}x{width}, "
            f"{self.num_pipeline_steps} pipeline steps; skips need synaptic delays of up to "
            f"{max(delays.values(), default=0)} steps or "
            f"{self.num_relay_neurons(height, width):,} relay neurons"
        )


def residual_unet(
    num_input_channels: int,
    *,
    width: int,
    channel_multipliers: tuple[int, ...] = (1, 2, 4, 8),
    num_readout_channels: int = 2,
) -> NetworkGraph:
    """Encoder of stride-2 residual blocks, decoder of upsampling projections with skips.

    Stage 0 is a single 5x5 stride-2 stem. Every later encoder stage is one residual block of two
    populations whose shortcut projects into the second one, added before the threshold. The
    decoder climbs back to the stem's grid. With four stages the longest path has ten populations.

    The decoder's first stage takes its skip from the encoder, the finer ones from the input: a
    spike that skips n populations has to wait n steps, in the synapses or in n relays of every
    neuron, of which the fine grids have most; the input is sent once more, later, at no cost.

    Args:
        num_input_channels: Channels of the one input: 1 for spikes, 3 for RGB.
        width: Channels of the stem; a multiple of 16 (narrower 1x1 stride-2 convolutions crash
            in oneDNN, issue 6035 there).
        channel_multipliers: Channels of each stage in units of `width`.
        num_readout_channels: Channels of the readout.

    Raises:
        ValueError: When `width` is not a positive multiple of 16.
    """
    if width <= 0 or width % 16:
        raise ValueError(f"width is {width}; accepted: positive multiples of 16")
    channels = [width * m for m in channel_multipliers]
    populations = [Population("stem", channels[0], (Projection(INPUT, kernel_size=5, stride=2),))]
    stage_ends = ["stem"]
    for stage, num_channels in enumerate(channels[1:], start=1):
        before, middle, end = stage_ends[-1], f"enc{stage}a", f"enc{stage}b"
        populations.append(Population(middle, num_channels, (Projection(before, stride=2),)))
        shortcut = Projection(before, kernel_size=1, stride=2)
        populations.append(Population(end, num_channels, (Projection(middle), shortcut)))
        stage_ends.append(end)
    below = stage_ends[-1]
    for stage in reversed(range(len(channels) - 1)):
        skip = Projection(stage_ends[stage])
        if stage < len(channels) - 2:
            stride = 2 ** (stage + 1)
            skip = Projection(INPUT, kernel_size=stride + 3, stride=stride)
        projections = (Projection(below, upsample=2), skip)
        below = f"dec{stage}"
        populations.append(Population(below, channels[stage], projections))
    readout = Population(READOUT, num_readout_channels, (Projection(below),))
    return NetworkGraph((InputPort(INPUT, num_input_channels),), tuple(populations), readout)
