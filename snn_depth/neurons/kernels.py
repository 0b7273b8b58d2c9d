"""Compiles the time loops where that pays and works; runs them as they are elsewhere.

The environment variable ``SNN_DEPTH_LIF`` chooses: ``eager`` never compiles, ``compiled`` always
does and raises where it cannot, ``auto`` (default) compiles once this process has run enough
neuron-steps for the compiler's few seconds to pay off, and goes on uncompiled, with one warning,
where compiling fails. Compiled and plain loops give the same bits, so the switch changes no result.
"""

import logging
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

logger = logging.getLogger(__name__)

MODE_VARIABLE = "SNN_DEPTH_LIF"
MODES = ("auto", "compiled", "eager")

# The plain loops take 15-20 ns per neuron-step and core, forwards and backwards: about 5 s, which
# is what loading and running a warm compiler costs. Waiting for as long as the compiler would take
# is at most twice as slow as the best choice, however long the process will run.
STEPS_BEFORE_COMPILING = 2**28


class Kernels:
    """Runs pure loops over time, compiled or not, and remembers whether compiling works.

    Attributes:
        num_neuron_steps: Neuron-steps run so far in mode ``auto``.
        works: False once compiling has failed in mode ``auto``.
    """

    def __init__(self) -> None:
        self.num_neuron_steps = 0
        self.works = True

    def run(self, loop: Callable[..., Any], x_TN: Tensor, *args: Any) -> Any:
        """``loop(x_TN, *args)``, compiled where the mode says so.

        Raises:
            ValueError: For an unknown mode in the environment.
        """
        mode = os.environ.get(MODE_VARIABLE, MODES[0])
        if mode not in MODES:
            raise ValueError(f"{MODE_VARIABLE}={mode!r} is none of {', '.join(MODES)}")
        if mode == "compiled":
            return compiled(loop)(x_TN, *args)
        if mode == "auto" and self._compiling_pays(x_TN):
            try:
                return compiled(loop)(x_TN, *args)
            except Exception as error:
                self.works = False
                reason = str(error).partition("\n")[0]
                logger.warning("LIF kernels run uncompiled, several times slower: %s", reason)
        return loop(x_TN, *args)

    def _compiling_pays(self, x_TN: Tensor) -> bool:
        self.num_neuron_steps += x_TN.numel()
        return self.works and self.num_neuron_steps > STEPS_BEFORE_COMPILING


@cache
def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """The loop as machine code: one per number of steps, dtype and surrogate, for any N."""
    return torch.compile(loop, dynamic=True)


KERNELS = Kernels()
