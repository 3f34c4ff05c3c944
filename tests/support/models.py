"""Small ONNX models for tests, each with one thing about it."""

import asyncio
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# For each element type that protocols carry: its V2 datatype, and two values at its ends or with a trap.
VALUES = {
    "FLOAT": ("FP32", [0.5, -3]), "DOUBLE": ("FP64", [1e300, 0.1]), "FLOAT16": ("FP16", [0.5, 2]),
    "BOOL": ("BOOL", [True, False]), "STRING": ("BYTES", ["é", ""]),
    "INT8": ("INT8", [-128, 127]), "INT16": ("INT16", [-32768, 32767]), "INT32": ("INT32", [-(2**31), 2**31 - 1]),
    "INT64": ("INT64", [-(2**63), 2**63 - 1]), "UINT8": ("UINT8", [0, 255]), "UINT16": ("UINT16", [0, 65535]),
    "UINT32": ("UINT32", [0, 2**32 - 1]), "UINT64": ("UINT64", [0, 2**64 - 1]),
}  # fmt: skip


def save(model: onnx.ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString(deterministic=True))
    return path


def answered(model, feeds, outputs):
    """What a model that is loaded answers."""

    async def ask():
        return await model.infer(feeds, outputs)

    return asyncio.run(ask())


def make(nodes, inputs, outputs, *, initializers=(), opset=17, ir_version=8, domains=()):
    """A model of `nodes`; inputs and outputs are (name, element type, shape), or ready value infos."""
    infos = [
        [value if isinstance(value, onnx.ValueInfoProto) else helper.make_tensor_value_info(*value) for value in values]
        for values in (inputs, outputs)
    ]
    graph = helper.make_graph(nodes, "g", *infos, initializer=list(initializers))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir_version)


def doubling(**options) -> onnx.ModelProto:
    """y = 2 x, for float x of shape [n, 3]."""
    return scaling(2.0, **options)


def scaling(factor: float, **options) -> onnx.ModelProto:
    weight = numpy_helper.from_array(np.array([factor], np.float32), "factor")
    node = helper.make_node("Mul", ["x", "factor"], ["y"])
    shape = ["n", 3]
    return make(
        [node], [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)], initializers=[weight], **options
    )


def identity(element: int, shape=("n",)) -> onnx.ModelProto:
    node = helper.make_node("Identity", ["x"], ["y"])
    return make([node], [("x", element, list(shape))], [("y", element, list(shape))])


def with_external_data(folder: Path, location: str = "weights.bin") -> Path:
    """y = x + w, w stored at `location` beside the model."""
    weight = numpy_helper.from_array(np.arange(3, dtype=np.float32), "w")
    (folder / "weights.bin").write_bytes(weight.raw_data)
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    node = helper.make_node("Add", ["x", "w"], ["y"])
    shape = ["n", 3]
    model = make([node], [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)], initializers=[weight])
    return save(model, folder / "external.onnx")


def with_sequence_input() -> onnx.ModelProto:
    element = helper.make_tensor_type_proto(TensorProto.FLOAT, [None])
    value = helper.make_value_info("x", helper.make_sequence_type_proto(element))
    node = helper.make_node("ConcatFromSequence", ["x"], ["y"], axis=0)
    return make([node], [value], [("y", TensorProto.FLOAT, [None])])


def counting() -> onnx.ModelProto:
    """y = x, reached by counting up from 0: as slow as x is large."""
    one = numpy_helper.from_array(np.array([1], np.int64), "one")
    body = helper.make_graph(
        [helper.make_node("Identity", ["go_in"], ["go_out"]), helper.make_node("Add", ["sum_in", "one"], ["sum_out"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go_in", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum_in", TensorProto.INT64, [1]),
        ],
        [
            helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum_out", TensorProto.INT64, [1]),
        ],
    )
    zero = numpy_helper.from_array(np.array([0], np.int64), "zero")
    loop = helper.make_node("Loop", ["x", "", "zero"], ["y"], body=body)
    return make([loop], [("x", TensorProto.INT64, [1])], [("y", TensorProto.INT64, [1])], initializers=[one, zero])


def echo() -> onnx.ModelProto:
    """An input and an output of every type that JSON carries: `in_FLOAT` to `out_FLOAT` and so on, shape [n]."""
    names = ["FLOAT", "DOUBLE", "FLOAT16", "BOOL", "STRING"]
    names += [f"{sign}INT{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
    elements = {name: TensorProto.DataType.Value(name) for name in names}
    return make(
        [helper.make_node("Identity", [f"in_{name}"], [f"out_{name}"]) for name in names],
        [(f"in_{name}", element, ["n"]) for name, element in elements.items()],
        [(f"out_{name}", element, ["n"]) for name, element in elements.items()],
    )


def lookup() -> onnx.ModelProto:
    """y = table[x], a table of 4 entries."""
    table = numpy_helper.from_array(np.arange(4, dtype=np.float32), "table")
    node = helper.make_node("Gather", ["table", "x"], ["y"])
    return make([node], [("x", TensorProto.INT64, ["n"])], [("y", TensorProto.FLOAT, ["n"])], initializers=[table])


def logarithm() -> onnx.ModelProto:
    node = helper.make_node("Log", ["x"], ["y"])
    return make([node], [("x", TensorProto.FLOAT, ["n"])], [("y", TensorProto.FLOAT, ["n"])])
