"""Synaptic delay of an edge; Lava has it for dense synapses only."""

import numpy as np
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


class DelayLine(AbstractProcess):
    """What comes in, (C, H, W), goes out `delay` steps later (1 or more); until then, zeros."""

    def __init__(self, *, shape: Shape, delay: int) -> None:
        super().__init__()
        self.s_in = InPort(shape=shape[::-1])
        self.s_out = OutPort(shape=shape[::-1])
        self.waiting = Var(shape=(delay, *shape[::-1]), init=0)


class _DelayLineModel(PyLoihiProcessModel):
    def run_spk(self) -> None:
        slot = self.time_step % len(self.waiting)
        self.s_out.send(self.waiting[slot])
        self.waiting[slot] = self.s_in.recv()


@implements(proc=DelayLine, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class DelayLineFloatModel(_DelayLineModel):
    """For floating-point neurons."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    waiting: np.ndarray = LavaPyType(np.ndarray, float)


@implements(proc=DelayLine, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class DelayLineFixedModel(_DelayLineModel):
    """For fixed-point neurons."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32)
    waiting: np.ndarray = LavaPyType(np.ndarray, np.int32)
