"""The models that are served: tiny, bound by memory, bound by computing. Weights are random, and the same each time."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

INPUT, OUTPUT = "x", "y"


class Graph:
    """Nodes in a row, each taking what the one before gives."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(0)

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: object) -> str:
        name = name or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def weight(self, *shape: int) -> str:
        """Random weights that keep the variance of what they are applied to."""
        values = self._random.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / np.prod(shape[1:])))
        return self._constant(values)

    def zeros(self, size: int) -> str:
        return self._constant(np.zeros(size, np.float32))

    def dense(self, value: str, width: int, to: int, name: str = "") -> str:
        return self.add("Gemm", value, self.weight(to, width), self.zeros(to), transB=1, name=name)

    def convolution(self, value: str, channels: int, to: int, size: int, stride: int = 1) -> str:
        weight, pad = self.weight(to, channels, size, size), size // 2
        return self.add("Conv", value, weight, self.zeros(to), strides=[stride] * 2, pads=[pad] * 4)

    def model(self, inputs: list[int], outputs: int) -> onnx.ModelProto:
        values = [
            helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", *inputs]),
            helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", outputs]),
        ]
        graph = helper.make_graph(self.nodes, "g", values[:1], values[1:], initializer=self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def _constant(self, values: np.ndarray) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name


def logreg() -> onnx.ModelProto:
    graph = Graph()
    graph.add("Softmax", graph.dense(INPUT, 20, 2), name=OUTPUT)
    return graph.model([20], 2)


def mlp() -> onnx.ModelProto:
    graph, value, width = Graph(), INPUT, 512
    for _ in range(4):
        value, width = graph.add("Relu", graph.dense(value, width, 3072)), 3072
    graph.dense(value, width, 16, name=OUTPUT)
    return graph.model([512], 16)


def resnet() -> onnx.ModelProto:
    """ResNet-18, its normalisations folded into the convolutions."""
    graph = Graph()
    value = graph.add("Relu", graph.convolution(INPUT, 3, 64, 7, 2))
    value = graph.add("MaxPool", value, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for to, strides in [(64, (1, 1)), (128, (2, 1)), (256, (2, 1)), (512, (2, 1))]:
        for stride in strides:
            value, channels = _block(graph, value, channels, to, stride), to
    pooled = graph.add("Flatten", graph.add("GlobalAveragePool", value))
    graph.dense(pooled, 512, 1000, name=OUTPUT)
    return graph.model([3, 224, 224], 1000)


def _block(graph: Graph, value: str, channels: int, to: int, stride: int) -> str:
    inner = graph.add("Relu", graph.convolution(value, channels, to, 3, stride))
    inner = graph.convolution(inner, to, to, 3)
    past = value if stride == 1 else graph.convolution(value, channels, to, 1, stride)
    return graph.add("Relu", graph.add("Add", inner, past))


@dataclass(frozen=True)
class Served:
    """A model's file, some inputs for it, and what raw onnxruntime answers to each."""

    name: str
    path: Path
    inputs: list[np.ndarray]
    outputs: list[np.ndarray]


MODELS: dict[str, tuple[Callable[[], onnx.ModelProto], tuple[int, ...]]] = {
    "logreg": (logreg, (20,)),
    "mlp": (mlp, (512,)),
    "resnet": (resnet, (3, 224, 224)),
}


def make(name: str, folder: Path, samples: int = 8) -> Served:
    import onnxruntime as ort

    model, shape = MODELS[name]
    path = folder / f"{name}.onnx"
    path.write_bytes(model().SerializeToString())
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(1)
    inputs = [random.standard_normal((1, *shape)).round(5).astype(np.float32) for _ in range(samples)]
    return Served(name, path, inputs, [session.run([OUTPUT], {INPUT: each})[0] for each in inputs])
