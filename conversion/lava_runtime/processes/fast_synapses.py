"""Synapses of any kind of edge by one matrix product: what Lava's Conv computes, and faster.

Lava's own ``Conv`` convolves every pair of channels on its own, and there is no process for a
transposed convolution.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from conversion.graph.layer_graph import Shape
from conversion.simulate.integer_simulator import wrap
from conversion.simulate.synapses import Synapses


class FastSynapses(AbstractProcess):
    """Spikes or counts in, currents out a step later, as Lava's connection processes have it."""

    def __init__(self, *, synapses: Synapses, source_shape: Shape) -> None:
        super().__init__(synapses=synapses)
        shape = synapses.shape[::-1]
        self.s_in = InPort(shape=source_shape[::-1])
        self.a_out = OutPort(shape=shape)
        self.a_buff = Var(shape=shape, init=0)


class _FastSynapsesModel(PyLoihiProcessModel):
    def __init__(self, proc_params: Mapping[str, Any]) -> None:
        super().__init__(proc_params)
        self._synapses = proc_params["synapses"]

    def run_spk(self) -> None:
        self.a_out.send(self.a_buff)
        spikes_CHW = np.ascontiguousarray(self.s_in.recv().T)
        self.a_buff[:] = self._accumulate(self._synapses(spikes_CHW[None])[0]).T


@implements(proc=FastSynapses, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class FastSynapsesFloatModel(_FastSynapsesModel):
    """In 64-bit floating point."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    a_buff: np.ndarray = LavaPyType(np.ndarray, float)

    def _accumulate(self, current_CHW: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return current_CHW


@implements(proc=FastSynapses, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class FastSynapsesFixedModel(_FastSynapsesModel):
    """In whole numbers, the sum wrapped to the 24 bits of the dendritic accumulator."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    a_buff: np.ndarray = LavaPyType(np.ndarray, np.int32, precision=24)

    def _accumulate(self, current_CHW: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return wrap(current_CHW.astype(np.int64))
