"""Collect the rows of all processes, with gradients flowing back to the process they came from."""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import FunctionCtx


class _GatherRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, local: Tensor) -> Tensor:
        parts = [torch.empty_like(local) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, local.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: FunctionCtx, grad: Tensor) -> Tensor:
        # Every process used our rows, so our gradient is the sum of what all of them found.
        total = grad.contiguous().clone()
        dist.all_reduce(total)
        return total.chunk(dist.get_world_size())[dist.get_rank()]


def gather_rows(local: Tensor) -> tuple[Tensor, int]:
    """Concatenate `local` of all processes along the first axis, in order of rank.

    Differentiable in both directions: the gradient that reaches `local` is the sum over all
    processes' losses. DistributedDataParallel then averages parameter gradients, so the result
    is the gradient of the *mean* of the processes' losses - what one process would compute on
    the joined batch. (``dist.all_gather`` alone drops these gradients silently.)

    Args:
        local: Shape (B, ...), the same on every process.

    Returns:
        (world_size * B, ...), and the index of this process's first row in it.
    """
    if not (dist.is_available() and dist.is_initialized()):
        return local, 0
    return _GatherRows.apply(local), dist.get_rank() * local.shape[0]
