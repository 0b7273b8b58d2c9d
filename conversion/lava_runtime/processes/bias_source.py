"""Input that adds to membranes: it sets the biases of neurons anew in every step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class BiasSource(AbstractProcess):
    """Connect `bias` to the ``bias_mant`` of neurons that start with the first step's biases.

    `biases` has the shape (S, W, H, C) of every step; the first is not used.
    """

    def __init__(self, *, biases: npt.NDArray[np.number]) -> None:
        super().__init__(biases=biases)
        self.bias = RefPort(shape=biases.shape[1:])


class _BiasSourceModel(PyLoihiProcessModel):
    def __init__(self, proc_params: Mapping[str, Any]) -> None:
        super().__init__(proc_params)
        self._biases: npt.NDArray[np.number] = proc_params["biases"]

    def post_guard(self) -> bool:
        return bool(self.time_step < len(self._biases))

    def run_post_mgmt(self) -> None:
        # Lava counts steps from 1, so this is the bias of the step that comes.
        self.bias.write(self._biases[self.time_step])
        self.bias.wait()  # or it might arrive a step too late


@implements(proc=BiasSource, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class BiasSourceFloatModel(_BiasSourceModel):
    """For floating-point neurons."""

    bias: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, float)


@implements(proc=BiasSource, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class BiasSourceFixedModel(_BiasSourceModel):
    """For fixed-point neurons."""

    bias: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int32)
