"""Which loops run the student's neurons while it is measured: chosen before, not on the way.

Left alone, a process compiles them once they have run for some time
(`snn_depth.neurons.kernels`), in the middle of a measurement.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor

from snn_depth.models.depth_network import SpikingDepthNet
from snn_depth.models.predictor import DepthPredictor
from snn_depth.neurons.kernels import MODE_VARIABLE

logger = logging.getLogger(__name__)

Mode = Literal["compiled", "eager"]


@contextmanager
def lif_kernels(mode: Mode) -> Iterator[None]:
    """Run the native backend's neurons compiled, or as plain loops ("eager")."""
    before = os.environ.get(MODE_VARIABLE)
    os.environ[MODE_VARIABLE] = mode
    try:
        yield
    finally:
        if before is None:
            del os.environ[MODE_VARIABLE]
        else:
            os.environ[MODE_VARIABLE] = before


@torch.inference_mode()
def fastest_kernels(network: DepthPredictor, x: Tensor) -> Mode:
    """Compiled loops where a compiler works, plain ones elsewhere; a first run decides.

    Args:
        network: On the device on which it is to be measured; one without such neurons is "eager".
    """
    if not isinstance(network, SpikingDepthNet) or network.lif.backend != "native":
        return "eager"
    try:
        with lif_kernels("compiled"):
            network(x)
    except Exception as error:  # whatever it is, plain loops need no compiler
        reason = str(error).partition("\n")[0]
        logger.warning("neurons are measured as plain loops, several times slower: %s", reason)
        return "eager"
    return "compiled"
