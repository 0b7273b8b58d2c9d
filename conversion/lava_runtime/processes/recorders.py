"""Write what neurons do to files, step by step.

Lava fetches what its own monitors and sinks have recorded number by number, which takes 20 us each.
Files are written without a buffer: processes of a network end without emptying theirs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyRefPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort, RefPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from conversion.graph.layer_graph import Shape


class SpikeRecorder(AbstractProcess):
    """Appends the spikes of every step, packed to bits; `shape` is (C, H, W)."""

    def __init__(self, *, shape: Shape, path: Path) -> None:
        super().__init__(path=path)
        self.s_in = InPort(shape=shape[::-1])


class MembraneRecorder(AbstractProcess):
    """Appends the membranes after every step, in the dtype of the neurons; `shape` is (C, H, W)."""

    def __init__(self, *, shape: Shape, path: Path) -> None:
        super().__init__(path=path)
        self.v = RefPort(shape=shape[::-1])


class _RecorderModel(PyLoihiProcessModel):
    def __init__(self, proc_params: Mapping[str, Any]) -> None:
        super().__init__(proc_params)
        self._file = proc_params["path"].open("wb", buffering=0)


@implements(proc=SpikeRecorder, protocol=LoihiProtocol)
@requires(CPU)
class SpikeRecorderModel(_RecorderModel):
    """Records when spikes are sent."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, bool, precision=1)

    def run_spk(self) -> None:
        """Called by Lava in every step."""
        self._file.write(np.packbits(self.s_in.recv().astype(bool)))


@implements(proc=MembraneRecorder, protocol=LoihiProtocol)
@requires(CPU)
class MembraneRecorderModel(_RecorderModel):
    """Records between the steps."""

    # The type of the request; the answer has that of the membranes.
    v: PyRefPort = LavaPyType(PyRefPort.VEC_DENSE, np.int8)

    def post_guard(self) -> bool:
        """Whether this step has a phase of management, in which variables can be read."""
        return True

    def run_post_mgmt(self) -> None:
        """Called by Lava in that phase."""
        self._file.write(self.v.read())
