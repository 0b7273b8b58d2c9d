"""Compiles the loops over time where that pays and works; runs them as they are elsewhere.

The environment variable ``SNN_DEPTH_LIF`` chooses: ``eager`` never compiles; ``compiled`` always
does, and raises where it cannot; ``auto``, the default, compiles a loop once it has run long enough
for the compiler's few seconds to pay off, and stays with the plain loops, after one warning, where
compiling fails. On a CPU, where the compiler is told not to fuse multiplications into additions,
both give the same bits, so that the switch changes no result; only a surrogate with an exponential
may differ in its gradient's last bit.
"""

import logging
import os
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any, ClassVar

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

MODE_VARIABLE = "SNN_DEPTH_LIF"
MODES = ("auto", "compiled", "eager")

# A plain loop takes 3-6 ns per neuron-step on one core, so 2-3 s for this many, and compiling it as
# long. By waiting for what the compiler would cost, no process loses more than that to either.
NEURON_STEPS_BEFORE_COMPILING = 2**29


def run(loop: Callable[..., Any], x_TN: Tensor, *args: Any) -> Any:
    """``loop(x_TN, *args)``, compiled or not.

    Args:
        loop: Pure function of tensors that goes through the steps of ``x_TN``.
        x_TN: Its first argument, (T, N).
        args: The others: tensors, ``None`` or hashable constants.

    Returns:
        What the loop returns.

    Raises:
        ValueError: For an unknown mode in the environment.
    """
    mode = os.environ.get(MODE_VARIABLE, "auto")
    if mode not in MODES:
        raise ValueError(f"{MODE_VARIABLE}={mode!r} is none of {', '.join(MODES)}")
    # within a network that is being compiled as a whole, the loop is part of that
    if mode == "eager" or torch.compiler.is_compiling():
        return loop(x_TN, *args)
    constants = (Tensor if isinstance(arg, Tensor) else arg for arg in args)
    kernel = kernel_of(loop, len(x_TN), x_TN.dtype, x_TN.device.type, *constants)
    return kernel.run(mode, x_TN, *args)


@cache
def kernel_of(loop: FunctionType, *variant: Any) -> "Kernel":
    """The kernel of a loop for a number of steps, dtype, device type and constants, for any N."""
    return Kernel(loop)


class Kernel:
    """One loop over a fixed number of steps, and its compiled twin once there is one.

    Attributes:
        num_neuron_steps: How much work it was given in mode ``auto``.
    """

    compiler_works: ClassVar[bool] = True

    def __init__(self, loop: FunctionType) -> None:
        # torch keeps a handful of compiled variants per code object: each kernel has its own copy.
        self._loop = FunctionType(loop.__code__.replace(), loop.__globals__, loop.__name__)
        self._compiled: Callable[..., Any] | None = None
        self.num_neuron_steps = 0

    def run(self, mode: str, x_TN: Tensor, *args: Any) -> Any:
        """The loop's result, compiled as the mode says."""
        if mode == "compiled":
            return self._run_compiled(x_TN, *args)
        self.num_neuron_steps += x_TN.numel()
        if Kernel.compiler_works and self.num_neuron_steps > NEURON_STEPS_BEFORE_COMPILING:
            try:
                return self._run_compiled(x_TN, *args)
            except Exception as error:  # whatever it is, the plain loop needs no compiler
                Kernel.compiler_works = False
                reason = str(error).partition("\n")[0]
                logger.warning("LIF kernels stay uncompiled and several times slower: %s", reason)
        return self._loop(x_TN, *args)

    def _run_compiled(self, *args: Any) -> Any:
        if self._compiled is None:
            self._compiled = torch.compile(self._loop, dynamic=True, fullgraph=True)
        # A tensor's history makes no difference here but would be compiled for.
        return self._compiled(*(a.detach() if isinstance(a, Tensor) else a for a in args))
