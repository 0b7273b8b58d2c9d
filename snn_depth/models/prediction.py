"""What every depth network returns."""

from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class DepthPrediction:
    """Output of a depth network, spiking or not.

    Attributes:
        depth_m: Metric depth in metres, shape (B, 1, H, W), within the network's range.
        uncertainty: Learned relative error of the depth, 0..1, shape (B, 1, H, W).
        features: Per tapped population, shape (B, C, h, w): the time mean of the pre-threshold
            membrane of spiking neurons, the activation of others.
        firing_rates: Mean spikes per neuron and step of each population, 0-dim tensors that
            carry a gradient, so that an objective can regularise them.
        state: Membranes after the last step by population name, for streaming.
        depth_steps_m: Depth read out after every step, shape (T, B, 1, H, W), when asked for.
        num_steps: Time steps of the input, T; 1 for what does not spike.
        num_synapses: Synapses that leave each population at the input's (padded) size.
    """

    depth_m: Tensor
    uncertainty: Tensor
    features: dict[str, Tensor] = field(default_factory=dict)
    firing_rates: dict[str, Tensor] = field(default_factory=dict)
    state: dict[str, Tensor] = field(default_factory=dict)
    depth_steps_m: Tensor | None = None
    num_steps: int = 1
    num_synapses: dict[str, int] = field(default_factory=dict)

    def part(self, which: slice, height: int, width: int) -> "DepthPrediction":
        """Some samples of the batch, without padding: depth, uncertainty and features.

        `height` and `width` are pixels to keep; features keep the cells that cover them. Firing
        rates stay those of the whole batch and of its size; state and depth after every step are
        left out.
        """
        padded_height, padded_width = self.depth_m.shape[-2:]

        def kept(x: Tensor) -> Tensor:
            rows = -(-height * x.shape[-2] // padded_height)
            columns = -(-width * x.shape[-1] // padded_width)
            return x[which, :, :rows, :columns]

        features = {name: kept(feature) for name, feature in self.features.items()}
        return DepthPrediction(
            kept(self.depth_m),
            kept(self.uncertainty),
            features,
            self.firing_rates,
            num_steps=self.num_steps,
            num_synapses=self.num_synapses,
        )
