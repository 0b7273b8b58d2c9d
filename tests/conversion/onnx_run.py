"""Steps of an exported model, one after the other."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

Arrays = dict[str, np.ndarray]


def session_of(model: onnx.ModelProto) -> Any:
    """ONNX Runtime for float32; the reference implementation for float64, which it lacks."""
    if model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.DOUBLE:
        return ReferenceEvaluator(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run_steps(
    model: onnx.ModelProto, inputs_TBCHW: np.ndarray, state: Arrays | None = None
) -> tuple[Arrays, Arrays]:
    """All outputs, (T, B, C, H, W) by name, and the state after the last step."""
    session = session_of(model)
    counts, *states = model.graph.input
    dtype = onnx.helper.tensor_dtype_to_np_dtype(counts.type.tensor_type.elem_type)
    if state is None:
        state = {s.name: np.zeros(_shape(s, inputs_TBCHW.shape[1]), dtype) for s in states}
    names = [output.name for output in model.graph.output]
    records: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for x_BCHW in inputs_TBCHW:
        results = session.run(names, {counts.name: x_BCHW.astype(dtype), **state})
        for name, result in zip(names, results, strict=True):
            records[name].append(result)
        state = {name: records[f"{name}_next"][-1] for name in state}
    return {name: np.stack(values) for name, values in records.items()}, state


def _shape(state: onnx.ValueInfoProto, batch: int) -> list[int]:
    return [batch, *(side.dim_value for side in state.type.tensor_type.shape.dim[1:])]
