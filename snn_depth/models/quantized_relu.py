"""A ReLU whose output has few bits and a learned step size."""

import math

import torch
import torch.distributed as dist
from torch import Tensor, nn

from snn_depth.models.quantization import (
    least_squares_step,
    max_activation_level,
    quantize_activation,
    scale_gradient,
)


class QuantizedReLU(nn.Module):
    """Sends whole multiples 0 .. 2**bits - 1 of one step for the whole population.

    The step is fitted to the first batch in training mode, then learned (LSQ, see
    `quantize_activation`), and stored with the network's state.

    Args:
        bits: Bits per activation, 1 to 8.

    Raises:
        ValueError: For another number of bits. In `forward`, when there is no step yet.
    """

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.max_level = max_activation_level(bits)
        # In logarithm it stays positive, and a change is relative: steps differ a hundredfold
        # between 1 and 8 bits, but AdamW changes all parameters by the same amount.
        self.log_step = nn.Parameter(torch.full((), -math.inf))

    @property
    def step(self) -> Tensor:
        """Distance between two levels, 0-dim, without a gradient; 0 before there is one."""
        return self.log_step.detach().exp()

    def forward(self, x_TBCHW: Tensor) -> Tensor:
        """Levels times the step, (T, B, C, h, w); float32 at least, in which they are exact."""
        x_TBCHW = x_TBCHW.to(torch.promote_types(x_TBCHW.dtype, torch.float32))
        if not self.log_step.isfinite():
            self._fit_step(x_TBCHW)
        # LSQ, section 2.2. Else the steps' gradients, sums over all neurons, would take nearly the
        # whole norm that gradients are clipped to.
        num_neurons = x_TBCHW[0, 0].numel()
        factor = (num_neurons * self.max_level) ** -0.5
        step = scale_gradient(self.log_step.exp(), factor)
        return quantize_activation(x_TBCHW, step, self.max_level)

    def levels(self, activation: Tensor) -> Tensor:
        """The whole numbers behind what `forward` returned, int32."""
        return (activation / self.step).round().to(torch.int32)

    @torch.no_grad()
    def _fit_step(self, x_TBCHW: Tensor) -> None:
        if not self.training:
            raise ValueError(
                "a quantised activation has no step yet: the first batch in training mode sets it, "
                "or the state of a trained network"
            )
        log_step = least_squares_step(x_TBCHW, self.max_level).log()
        if dist.is_available() and dist.is_initialized():
            # Every process has seen another batch, but all must train one network.
            dist.all_reduce(log_step)
            log_step /= dist.get_world_size()
        self.log_step.copy_(log_step)

    def extra_repr(self) -> str:
        """The bits, for ``print(network)``."""
        return f"bits={self.bits}"
