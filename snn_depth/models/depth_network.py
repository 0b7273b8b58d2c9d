"""The spiking student and its ANN twin: one graph, two kinds of neuron.

Shape suffixes: T time steps, B batch, C channels, H rows, W columns; lower-case h, w on a
population's own grid.
"""

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from snn_depth.models.depth_decoding import DepthRange, decode_uncertainty
from snn_depth.models.graph import (
    READOUT,
    InputPort,
    NetworkGraph,
    Population,
    residual_unet,
)
from snn_depth.models.padding import pad_to_stride, upsample_to_input
from snn_depth.models.prediction import DepthPrediction
from snn_depth.models.predictor import DepthPredictor
from snn_depth.models.projection_layer import ProjectionLayer
from snn_depth.models.synapse_count import num_synapses
from snn_depth.neurons.activity import firing_rate
from snn_depth.neurons.lif import LIF, LeakyIntegrator
from snn_depth.neurons.surrogate import SURROGATES, SurrogateName

STEPS = "num_steps"  # entry of the state that counts the steps since rest


class DepthNetwork(DepthPredictor):
    """Executes a graph of populations and decodes depth and uncertainty from its readout.

    Subclasses say what a population does with its input and how the readout collects.

    Args:
        input_key: Sensor that the network reads: "spikes" or "rgb".
        width: Channels of the stem; a multiple of 16. 16 is tiny, 32 small, 64 base.
        channel_multipliers: Channels of each stage in units of `width`.
        min_depth_m: Nearest depth in metres.
        max_depth_m: Farthest depth in metres.
    """

    def __init__(
        self,
        input_key: str = "spikes",
        width: int = 16,
        channel_multipliers: Sequence[int] = (1, 2, 4, 8),
        min_depth_m: float = 1.0,
        max_depth_m: float = 80.0,
    ) -> None:
        super().__init__()
        num_input_channels = {"spikes": 1, "rgb": 3}.get(input_key)
        if num_input_channels is None:
            raise ValueError(f"input_key is {input_key!r}; accepted: 'spikes', 'rgb'")
        self.input_key = input_key
        self.depth_range = DepthRange(min_depth_m, max_depth_m)
        self.graph = self.build_graph(num_input_channels, width, tuple(channel_multipliers))
        self.max_stride = self.graph.max_stride
        self.init_args = {
            "input_key": input_key,
            "width": width,
            "channel_multipliers": list(channel_multipliers),
            "min_depth_m": min_depth_m,
            "max_depth_m": max_depth_m,
        }
        self.projections = nn.ModuleDict()
        for population in self.graph.all_populations:
            # The sum of n normalised projections has unit variance when each has gain 1/sqrt(n).
            gain = len(population.projections) ** -0.5
            for projection in population.projections:
                self.projections[self.projection_name(projection.source, population.name)] = (
                    ProjectionLayer(
                        projection,
                        self.graph.num_channels[projection.source],
                        population.num_channels,
                        normalise=population.name != READOUT,
                        gain=gain,
                    )
                )
        self.to(memory_format=torch.channels_last)

    @staticmethod
    def build_graph(
        num_input_channels: int, width: int, channel_multipliers: tuple[int, ...]
    ) -> NetworkGraph:
        """The graph of the network, of one input; a subclass may have another."""
        return residual_unet(
            num_input_channels, width=width, channel_multipliers=channel_multipliers
        )

    @staticmethod
    def projection_name(source: str, target: str) -> str:
        """Name of the layer that projects from `source` into `target`."""
        return f"{source}_to_{target}"

    @property
    def feature_channels(self) -> dict[str, int]:
        """Channels of every population whose features can be asked for."""
        return {p.name: p.num_channels for p in self.graph.populations}

    def summary(self, height: int, width: int) -> str:
        """Parameters, neurons, and timing on the chip."""
        grid = (height + -height % self.max_stride, width + -width % self.max_stride)
        return f"{super().summary(height, width)}, {self.graph.summary(*grid)}"

    def forward(
        self,
        x: Tensor | Mapping[str, Tensor],
        state: dict[str, Tensor] | None = None,
        *,
        currents: Mapping[str, Tensor] | None = None,
        taps: Sequence[str] = (),
        all_steps: bool = False,
    ) -> DepthPrediction:
        """Depth of a batch of any height and width, from fresh state unless `state` is given.

        Args:
            x: Spike counts per time bin, shape (T, B, 1, H, W), or RGB in 0..1, shape
                (B, 3, H, W), as `input_key` says. A network of several inputs takes each by its
                name, shape (T, B, C, H, W).
            state: `state` of an earlier prediction, to continue a stream.
            currents: What another branch sends, added to the input of the populations named,
                the readout included. Shape (T, B, C, h, w) on the population's own grid (of the
                padded input), or (1, B, C, h, w) for the same current in every step.
            taps: Populations whose features to return.
            all_steps: Also return the depth after every step.

        Returns:
            The prediction; `features` holds the taps only.

        Raises:
            ValueError: For an input or current of the wrong shape or name, or an unknown tap.
        """
        inputs = self._as_sequences(x)
        currents = currents or {}
        _check_known("taps", taps, self.feature_channels)
        _check_known("currents into", currents, [p.name for p in self.graph.all_populations])
        x_TBCHW = next(iter(inputs.values()))
        height, width = x_TBCHW.shape[-2:]
        signals = {name: pad_to_stride(each, self.max_stride) for name, each in inputs.items()}
        padded = next(iter(signals.values())).shape[-2:]
        result = DepthPrediction(
            x_TBCHW,
            x_TBCHW,
            num_steps=len(x_TBCHW),
            num_synapses=num_synapses(self.graph, *padded),
        )
        last_reader = self.graph.last_reader
        for index, population in enumerate(self.graph.populations):
            current = self._total_current(population, signals, currents)
            v0 = None if state is None else state[population.name]
            signals[population.name] = self._fire(
                population.name, current, v0, population.name in taps, result
            )
            for name in [n for n in signals if last_reader[n] <= index]:
                del signals[name]  # free memory as soon as nothing reads it any more
        current = self._total_current(self.graph.readout, signals, currents)
        logits = self._collect(current, state, all_steps, result)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        logits_full = upsample_to_input(logits, self.graph.strides[READOUT], height, width)
        depth_m = self.depth_range.decode(logits_full[:, :, :1])
        result.depth_m = depth_m[-1]
        result.uncertainty = decode_uncertainty(logits_full[-1, :, 1:2])
        result.depth_steps_m = depth_m if all_steps else None
        return result

    def _as_sequences(self, x: Tensor | Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The inputs by name, each (T, B, C, H, W), or ValueError."""
        names = self.graph.input_names
        if isinstance(x, Tensor):
            if len(names) > 1:
                raise ValueError(f"the network has inputs {list(names)}; found one without a name")
            x = {names[0]: x}
        if set(x) != set(names):
            raise ValueError(f"found inputs {sorted(x)}; accepted: {list(names)}")
        inputs = {port.name: self._as_sequence(x[port.name], port) for port in self.graph.inputs}
        shapes = {name: (*each.shape[:2], *each.shape[3:]) for name, each in inputs.items()}
        if len(set(shapes.values())) > 1:
            raise ValueError(f"inputs differ in (T, B, H, W): {shapes}; accepted: one for all")
        return inputs

    def _as_sequence(self, x: Tensor, port: InputPort) -> Tensor:
        expected = f"(T, B, {port.num_channels}, H, W)"
        x_TBCHW = x
        if not self.reads_spikes and len(self.graph.inputs) == 1:
            expected, x_TBCHW = f"(B, {port.num_channels}, H, W)", x.unsqueeze(0)
        if x_TBCHW.ndim != 5 or x_TBCHW.shape[2] != port.num_channels:
            name = self.input_key if len(self.graph.inputs) == 1 else repr(port.name)
            raise ValueError(f"{name} input has shape {tuple(x.shape)}; expected {expected}")
        return x_TBCHW

    def _total_current(
        self,
        population: Population,
        signals: dict[str, Tensor],
        currents: Mapping[str, Tensor],
    ) -> Tensor:
        """What projects into a population, and what another branch sends there."""
        total_TBCHW = self._current(population, signals)
        if (sent := currents.get(population.name)) is None:
            return total_TBCHW
        num_steps, *shape = total_TBCHW.shape
        if sent.ndim != 5 or sent.shape[0] not in (1, num_steps) or [*sent.shape[1:]] != shape:
            raise ValueError(
                f"current into {population.name!r} has shape {tuple(sent.shape)}; "
                f"accepted: {(num_steps, *shape)}, {(1, *shape)}"
            )
        return total_TBCHW + sent.to(total_TBCHW.dtype)

    def _current(self, population: Population, signals: dict[str, Tensor]) -> Tensor:
        """Sum of everything that projects into a population, shape (T, B, C, h, w)."""
        total: Tensor | None = None
        for projection in population.projections:
            x_TBCHW = signals[projection.source]
            layer = self.projections[self.projection_name(projection.source, population.name)]
            # Time folds into the batch: one large convolution instead of T small ones.
            flat = x_TBCHW.flatten(0, 1).contiguous(memory_format=torch.channels_last)
            current = layer(flat).unflatten(0, x_TBCHW.shape[:2])
            total = current if total is None else total + current
        assert total is not None  # the graph gives every population a projection
        return total

    @abstractmethod
    def _fire(
        self,
        name: str,
        current_TBCHW: Tensor,
        v0: Tensor | None,
        tapped: bool,
        result: DepthPrediction,
    ) -> Tensor:
        """What population `name` sends on; notes features, state and rate in `result`."""

    @abstractmethod
    def _collect(
        self,
        current_TBCHW: Tensor,
        state: dict[str, Tensor] | None,
        all_steps: bool,
        result: DepthPrediction,
    ) -> Tensor:
        """Readout logits, shape (steps, B, C, h, w), the last step last."""


class SpikingDepthNet(DepthNetwork):
    """The student: LIF populations and a non-firing leaky readout.

    Args:
        input_key: Sensor that the network reads.
        width: Channels of the stem; a multiple of 16. 16 is tiny, 32 small, 64 base.
        channel_multipliers: Channels of each stage in units of `width`.
        min_depth_m: Nearest depth in metres.
        max_depth_m: Farthest depth in metres.
        decay_v: Membrane decay per step of the firing populations, 0 < decay_v < 1.
        v_threshold: Firing threshold (strict).
        readout_decay_v: Membrane decay per step of the readout.
        surrogate: Derivative that stands in for the spike's, at its usual sharpness.
        backend: Who runs the neurons: native, spikingjelly, snntorch or norse.
    """

    def __init__(
        self,
        input_key: str = "spikes",
        width: int = 16,
        channel_multipliers: Sequence[int] = (1, 2, 4, 8),
        min_depth_m: float = 1.0,
        max_depth_m: float = 80.0,
        decay_v: float = 0.5,
        v_threshold: float = 1.0,
        readout_decay_v: float = 0.2,
        surrogate: SurrogateName = "ATan",
        backend: str = "native",
    ) -> None:
        super().__init__(input_key, width, channel_multipliers, min_depth_m, max_depth_m)
        self.init_args |= {
            "decay_v": decay_v,
            "v_threshold": v_threshold,
            "readout_decay_v": readout_decay_v,
            "surrogate": surrogate,
            "backend": backend,
        }
        self.lif = LIF(decay_v, v_threshold, SURROGATES[surrogate](), backend)
        self.integrator = LeakyIntegrator(decay_v=readout_decay_v)

    def _fire(
        self,
        name: str,
        current_TBCHW: Tensor,
        v0: Tensor | None,
        tapped: bool,
        result: DepthPrediction,
    ) -> Tensor:
        output = self.lif(current_TBCHW, v0)
        result.state[name] = output.v
        result.firing_rates[name] = firing_rate(output.spikes)
        if tapped:
            result.features[name] = output.v_mean
        return output.spikes

    def _collect(
        self,
        current_TBCHW: Tensor,
        state: dict[str, Tensor] | None,
        all_steps: bool,
        result: DepthPrediction,
    ) -> Tensor:
        v0, steps_before = (None, 0) if state is None else (state[READOUT], state[STEPS])
        v_TBCHW, result.state[READOUT] = self.integrator(current_TBCHW, v0)
        # A leaky sum of ones, so that the logit's scale does not depend on when it is read.
        decay = self.integrator.decay_v
        steps = torch.arange(1, len(v_TBCHW) + 1, device=v_TBCHW.device) + steps_before
        result.state[STEPS] = steps[-1]
        weight = (1 - (1 - decay) ** steps) / decay
        mean_TBCHW = v_TBCHW / weight.view(-1, 1, 1, 1, 1)
        return mean_TBCHW if all_steps else mean_TBCHW[-1:]


class AnnDepthNet(DepthNetwork):
    """The twin: the same graph with ReLU and a single step on the summed inputs.

    With `input_key` "rgb" it is the project's own RGB teacher. `activations` has one module per
    population, in the order in which they are run, so that hooks can see what each sends, shape
    (1, B, C, h, w).

    Args:
        input_key: Sensor that the network reads: "spikes" or "rgb".
        width: Channels of the stem; a multiple of 16. 16 is tiny, 32 small, 64 base.
        channel_multipliers: Channels of each stage in units of `width`.
        min_depth_m: Nearest depth in metres.
        max_depth_m: Farthest depth in metres.
    """

    def __init__(
        self,
        input_key: str = "spikes",
        width: int = 16,
        channel_multipliers: Sequence[int] = (1, 2, 4, 8),
        min_depth_m: float = 1.0,
        max_depth_m: float = 80.0,
    ) -> None:
        super().__init__(input_key, width, channel_multipliers, min_depth_m, max_depth_m)
        self.activations = nn.ModuleDict(
            {population.name: nn.ReLU() for population in self.graph.populations}
        )

    def _as_sequence(self, x: Tensor, port: InputPort) -> Tensor:
        return super()._as_sequence(x, port).sum(0, keepdim=True)

    def _fire(
        self,
        name: str,
        current_TBCHW: Tensor,
        v0: Tensor | None,
        tapped: bool,
        result: DepthPrediction,
    ) -> Tensor:
        activation: Tensor = self.activations[name](current_TBCHW)
        if tapped:
            result.features[name] = activation[0]
        return activation

    def _collect(
        self,
        current_TBCHW: Tensor,
        state: dict[str, Tensor] | None,
        all_steps: bool,
        result: DepthPrediction,
    ) -> Tensor:
        return current_TBCHW


def _check_known(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    unknown = set(names) - set(known)
    if unknown:
        raise ValueError(f"unknown {what} {sorted(unknown)}; accepted: {list(known)}")
