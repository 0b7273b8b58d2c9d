"""A teacher that is the exponential moving average of its student."""

import copy

import torch
from torch import nn

from snn_depth.models.freezing import freeze


class EmaTeacher(nn.Module):
    """Follows a student slowly; frozen between updates.

    It is a submodule of its objective, so that an interrupted run finds it in the checkpoint.

    Floating-point buffers are averaged too: the released code of BiCross (arXiv 2208.12527) leaves
    them out, which gives a network with batch normalisation the statistics of another one.

    Source: Tarvainen and Valpola 2017 (arXiv 1703.01780).

    Args:
        student: Network to copy and then to follow.
        decay: Share of the teacher that stays in every update, below 1; in the first updates it is
            (1 + n) / (10 + n) where that is less.

    Raises:
        ValueError: When `decay` is out of range.
    """

    num_updates: torch.Tensor

    def __init__(self, student: nn.Module, decay: float = 0.99) -> None:
        super().__init__()
        check_decay(decay)
        self.decay = decay
        self.network = copy.deepcopy(student)
        self.register_buffer("num_updates", torch.tensor(0))
        freeze(self)

    @torch.no_grad()
    def forward(self, *args: object, **kwargs: object) -> object:
        """As the network's, without a graph and from fresh membranes."""
        return self.network(*args, **kwargs)

    @torch.no_grad()
    def update(self, student: nn.Module) -> None:
        """Move towards the student; call it once per optimiser step."""
        n = int(self.num_updates)
        decay = min(self.decay, (1 + n) / (10 + n))
        theirs = student.state_dict()
        for name, ours in self.network.state_dict().items():
            if ours.is_floating_point():
                ours.lerp_(theirs[name].to(ours.dtype), 1 - decay)
            else:
                ours.copy_(theirs[name])
        self.num_updates += 1


def check_decay(decay: float) -> None:
    """Refuse a decay that is no share, or with which the teacher would never move.

    Raises:
        ValueError: When it is out of range.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"ema_decay is {decay}; accepted: 0 to below 1")
