"""One time step of each neuron, as differentiable pure functions: the reference of everything else.

The equations are those of Lava 0.10's floating-point neuron (``lava.proc.lif.process.LIF``), which
are also the chip's. Every argument is elementwise; ``decay_u`` and ``decay_v`` are the fraction of
the synaptic current and of the membrane that is lost per step.
"""

from torch import Tensor

from snn_depth.neurons.surrogate import Surrogate, spike


def li_step(x: Tensor, v: Tensor, *, decay_v: float) -> Tensor:
    """Leaky integrator, which never fires: ``v = (1 - decay_v) v + x``."""
    return (1 - decay_v) * v + x


def fire(h: Tensor, *, v_threshold: float, surrogate: Surrogate) -> tuple[Tensor, Tensor]:
    """Spike where the membrane ``h`` lies strictly above the threshold, and reset those to 0.

    The reset takes no part in the gradient: ``dv/dh`` is 0 where there was a spike, else 1.

    Returns:
        Spikes (0 or 1) and the membrane after the reset.
    """
    s = spike(h - v_threshold, surrogate)
    return s, h * (1 - s.detach())


def lif_step(
    x: Tensor, v: Tensor, *, decay_v: float, v_threshold: float, surrogate: Surrogate
) -> tuple[Tensor, Tensor]:
    """Leaky integrate-and-fire: ``v = (1 - decay_v) v + x; s = v > v_threshold; v = 0 where s``.

    Returns:
        Spikes (0 or 1) and the membrane after the reset.
    """
    return fire(li_step(x, v, decay_v=decay_v), v_threshold=v_threshold, surrogate=surrogate)


def cuba_lif_step(
    x: Tensor,
    u: Tensor,
    v: Tensor,
    *,
    decay_u: float,
    decay_v: float,
    v_threshold: float,
    surrogate: Surrogate,
) -> tuple[Tensor, Tensor, Tensor]:
    """LIF behind a synaptic current: ``u = (1 - decay_u) u + x``, then `lif_step` driven by ``u``.

    ``decay_u = 1`` is `lif_step`. The current is not reset by a spike.

    Returns:
        Spikes (0 or 1), the synaptic current, and the membrane after the reset.
    """
    u = li_step(x, u, decay_v=decay_u)
    s, v = lif_step(u, v, decay_v=decay_v, v_threshold=v_threshold, surrogate=surrogate)
    return s, u, v
