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
    model: onnx.ModelProto, inputs_TBCHW: np.ndarray | Arrays, state: Arrays | None = None
) -> tuple[Arrays, Arrays]:
    """All outputs, (T, B, C, H, W) by name, and the state after the last step."""
    session = session_of(model)
    if not isinstance(inputs_TBCHW, dict):
        inputs_TBCHW = {model.graph.input[0].name: inputs_TBCHW}
    num_steps, batch = next(iter(inputs_TBCHW.values())).shape[:2]
    states = model.graph.input[len(inputs_TBCHW) :]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(states[0].type.tensor_type.elem_type)
    if state is None:
        state = {s.name: np.zeros(_shape(s, batch), dtype) for s in states}
    names = [output.name for output in model.graph.output]
    records: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for t in range(num_steps):
        counts = {name: x_TBCHW[t].astype(dtype) for name, x_TBCHW in inputs_TBCHW.items()}
        results = session.run(names, {**counts, **state})
        for name, result in zip(names, results, strict=True):
            records[name].append(result)
        state = {name: records[f"{name}_next"][-1] for name in state}
    return {name: np.stack(values) for name, values in records.items()}, state


def _shape(state: onnx.ValueInfoProto, batch: int) -> list[int]:
    return [batch, *(side.dim_value for side in state.type.tensor_type.shape.dim[1:])]
