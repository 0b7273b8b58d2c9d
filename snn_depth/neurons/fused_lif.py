"""All time steps of a LIF population as one differentiable function that saves only its input.

Plain autograd keeps several tensors of the input's size alive per population; here the backward
pass computes the membranes again.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from snn_depth.neurons import kernels
from snn_depth.neurons.surrogate import Surrogate
from snn_depth.neurons.time_loops import backward_steps, forward_steps, state_dtype

# A compiled loop has its steps written out: with more of them it compiles for longer and its
# membranes no longer fit the processor's registers.
CHUNK_STEPS = 16


def fused_lif(
    x_TBCHW: Tensor, v0: Tensor | None, decay_v: float, v_threshold: float, surrogate: Surrogate
) -> tuple[Tensor, Tensor, Tensor]:
    """The native backend of `snn_depth.neurons.lif.lif`, which see for arguments and results."""
    num_steps, *shape = x_TBCHW.shape
    # Neurons are independent, so they may stand in whatever order memory has them.
    order = sorted(range(len(shape)), key=x_TBCHW[0].stride, reverse=True)
    back = [order.index(dim) for dim in range(len(shape))]
    in_memory = [shape[dim] for dim in order]

    def to_N(v: Tensor) -> Tensor:
        return v.permute(order).reshape(-1).to(state_dtype(x_TBCHW))

    def from_N(v_N: Tensor) -> Tensor:
        return v_N.view(in_memory).permute(back)

    x_TN = x_TBCHW.permute(0, *(dim + 1 for dim in order)).reshape(num_steps, -1)
    v0_N = None if v0 is None else to_N(v0)
    with torch.autocast(x_TBCHW.device.type, enabled=False):  # the dtypes here are chosen
        spikes_TN, v_N, h_sum_N = _FusedLIF.apply(x_TN, v0_N, decay_v, v_threshold, surrogate)
    spikes = spikes_TN.view(num_steps, *in_memory).permute(0, *(dim + 1 for dim in back))
    return spikes, from_N(v_N), from_N(h_sum_N / num_steps)


class _FusedLIF(torch.autograd.Function):
    """`forward_steps` with `backward_steps` as its derivative, chunk by chunk of time.

    Between the passes it holds the input and the membranes at the start of each chunk.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x_TN: Tensor,
        v0_N: Tensor | None,
        decay_v: float,
        v_threshold: float,
        surrogate: Surrogate,
    ) -> tuple[Tensor, Tensor, Tensor]:
        keep = torch.tensor(1 - decay_v, dtype=state_dtype(x_TN))
        threshold = torch.tensor(v_threshold, dtype=state_dtype(x_TN))
        starts: list[Any] = [None if v0_N is None else v0_N.detach()]
        spikes, h_sums = [], []
        for x in x_TN.detach().split(CHUNK_STEPS):
            chunk_spikes, v, h_sum = kernels.run(forward_steps, x, starts[-1], keep, threshold)
            starts.append(v)
            spikes.append(chunk_spikes)
            h_sums.append(h_sum)
        v = starts.pop()
        ctx.save_for_backward(x_TN, keep, threshold, *starts)
        ctx.surrogate = surrogate
        ctx.set_materialize_grads(False)
        return _join(spikes), v, sum(h_sums[1:], h_sums[0])

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,
        grad_spikes_TN: Tensor | None,
        grad_v: Tensor | None,
        grad_h_sum: Tensor | None,
    ) -> tuple[Tensor, Tensor | None, None, None, None]:
        x_TN, keep, threshold, *starts = ctx.saved_tensors
        if grad_spikes_TN is None:
            grad_spikes_TN = torch.zeros_like(x_TN)
        # An expanded gradient, as a sum has, would be compiled for separately.
        grad_v = None if grad_v is None else grad_v.contiguous()
        grad_h_sum = None if grad_h_sum is None else grad_h_sum.contiguous()
        chunks = zip(
            x_TN.detach().split(CHUNK_STEPS),
            starts,
            grad_spikes_TN.contiguous().split(CHUNK_STEPS),
            strict=True,
        )
        grad_x = []
        for x, v, grad_spikes in reversed(list(chunks)):
            arguments = (x, v, keep, threshold, ctx.surrogate, grad_spikes, grad_v, grad_h_sum)
            chunk_grad_x, grad_v = kernels.run(backward_steps, *arguments)
            grad_x.append(chunk_grad_x)
        grad_v0 = grad_v if ctx.needs_input_grad[1] else None
        return _join(grad_x[::-1]), grad_v0, None, None, None


def _join(chunks: list[Tensor]) -> Tensor:
    return chunks[0] if len(chunks) == 1 else torch.cat(chunks)
