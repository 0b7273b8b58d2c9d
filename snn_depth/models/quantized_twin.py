"""The ANN twin in few bits: what a spiking student has to beat on digital hardware."""

from typing import Any

from torch import Tensor, nn
from torch.nn.utils.parametrize import register_parametrization

from snn_depth.models.depth_network import AnnDepthNet
from snn_depth.models.quantization import max_weight_level, quantize_weight
from snn_depth.models.quantized_relu import QuantizedReLU

FLOAT_WEIGHT = "parametrizations.weight.original"  # torch's name for what stands behind a weight


class QuantizedWeight(nn.Module):
    """Parametrisation of a weight by whole multiples of a scale per output channel."""

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.max_level = max_weight_level(bits)

    def forward(self, weight: Tensor) -> Tensor:
        """As `quantize_weight`."""
        return quantize_weight(weight, self.max_level)


class QuantizedAnnDepthNet(AnnDepthNet):
    """An `AnnDepthNet` with quantised activations and weights, trained through their rounding.

    A neuron with T steps to fire in can say T + 1 different things, as can an activation of
    ceil(log2(T + 1)) bits; with those and weights of 8 bits this network is the fair baseline of a
    student (Yan et al., arXiv 2409.08290).

    Every population sends levels times a learned step; `activations[name]` is its module, for
    hooks, and `activations[name].levels(output)` are the whole numbers. Every projection's
    convolution has levels times a scale per output channel for its `weight`. (Those behind
    upsampling are quantised before they are folded into a transposed convolution, where up to four
    add up.) Sums, biases, batch normalisations and the readout's output stay in floating point, as
    with the student. It may start from a float twin.

    Args:
        activation_bits: Bits per activation, unsigned, 1 to 8.
        weight_bits: Bits per weight with its sign, 2 to 8.
        **twin: Arguments of `AnnDepthNet`.

    Raises:
        ValueError: For other numbers of bits. In `forward`, in evaluation mode before the first
            training batch has set the steps.
    """

    def __init__(self, activation_bits: int = 4, weight_bits: int = 8, **twin: Any) -> None:
        super().__init__(**twin)
        self.activation_bits, self.weight_bits = activation_bits, weight_bits
        self.init_args |= {"activation_bits": activation_bits, "weight_bits": weight_bits}
        self.activations = nn.ModuleDict(
            {p.name: QuantizedReLU(activation_bits) for p in self.graph.populations}
        )
        for layer in self.projections.values():
            assert isinstance(layer, nn.Sequential)
            register_parametrization(layer[0], "weight", QuantizedWeight(weight_bits))

    def state_from(self, source: nn.Module) -> dict[str, Tensor]:
        """State to start with from a float or quantised twin.

        Steps are fitted anew unless it has as many levels.
        """
        ours = self.state_dict()
        float_names = {name.replace(FLOAT_WEIGHT, "weight"): name for name in ours}
        theirs = super().state_from(source)
        state = {float_names.get(name, name): value for name, value in theirs.items()}
        if getattr(source, "activation_bits", None) == self.activation_bits:
            return state
        return state | {name: ours[name] for name in ours if name.endswith(".log_step")}

    def summary(self, height: int, width: int) -> str:
        """As of `AnnDepthNet`, and the bits."""
        bits = f"{self.activation_bits}-bit activations, {self.weight_bits}-bit weights"
        return f"{super().summary(height, width)}, {bits}"
