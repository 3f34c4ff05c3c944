"""Train the small convolutional networks of the service `vision`; record how well they do on images they have not seen.

The filters are drawn at random and stay; what is trained is the layer that reads their answers (random convolutional
features). The images are the 1,797 of 8x8 pixels that scikit-learn carries. Writes, in stacks/models: vision-1.onnx of
16 filters, vision-2.onnx with 64, and vision.json (the record).
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnxruntime
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

MODELS = Path(__file__).parents[1] / "stacks" / "models"
SEED = 7
BRIGHTEST = np.float32(16)
FILTERS = {"vision-1": 16, "vision-2": 64}
OPSET = 18
FORMAT = 8
"""Of the file: the one of that opset, which older runtimes read."""


def train(folder: Path) -> dict:
    """Write models and record to `folder`; gives the record."""
    images, labels = load_digits(return_X_y=True)
    images = (images.astype(np.float32) / BRIGHTEST).reshape(-1, 1, 8, 8)
    seen, held, labels, held_labels = train_test_split(
        images, labels, test_size=1 / 3, random_state=SEED, stratify=labels
    )
    record = {"accuracy": {}, "trained_on": len(labels), "tested_on": len(held_labels), "split_seed": SEED}
    for name, count in FILTERS.items():
        filters = np.random.default_rng(SEED).standard_normal((count, 1, 3, 3)).astype(np.float32)
        reader = LogisticRegression(C=0.1, max_iter=1000)
        with threadpool_limits(1):  # the same sums in the same order on any number of cores
            reader.fit(_run(features(filters), seen)[0], labels)
        model = classifier(filters, reader.coef_.astype(np.float32), reader.intercept_.astype(np.float32))
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString(deterministic=True))
        record["accuracy"][name] = round(float((_run(model, held)[1] == held_labels).mean()), 4)
    record["versions"] = {name: version(name) for name in ("numpy", "scikit-learn", "onnx")}
    (folder / "vision.json").write_text(json.dumps(record, indent=2) + "\n")
    return record


def features(filters: np.ndarray) -> ModelProto:
    """A network from images, float32[batch, 1, 8, 8], to what the filters see in each quarter of a quarter."""
    return _model(_eyes(), {"filters": filters}, [("seen", TensorProto.FLOAT, ["batch", len(filters) * 16])])


def classifier(filters: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> ModelProto:
    """A network from images, float32[batch, 1, 8, 8], to probabilities, float32[batch, 10], and labels."""
    nodes = [
        *_eyes(),
        helper.make_node("Gemm", ["seen", "weights", "bias"], ["logits"], transB=1),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", ["logits"], ["label"], axis=1, keepdims=0),
    ]
    outputs = [("probabilities", TensorProto.FLOAT, ["batch", 10]), ("label", TensorProto.INT64, ["batch"])]
    return _model(nodes, {"filters": filters, "weights": weights, "bias": bias}, outputs)


def _eyes() -> list:
    return [
        helper.make_node("Conv", ["images", "filters"], ["answers"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["answers"], ["positive"]),
        helper.make_node("MaxPool", ["positive"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["pooled"], ["seen"], axis=1),
    ]


def _model(nodes: list, constants: dict[str, np.ndarray], outputs: list) -> ModelProto:
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 1, 8, 8])
    graph = helper.make_graph(
        nodes,
        "vision",
        [images],
        [helper.make_tensor_value_info(*output) for output in outputs],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=FORMAT)
    checker.check_model(model)
    return model


def _run(model: ModelProto, images: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"images": images})


if __name__ == "__main__":
    print(train(Path(sys.argv[1]) if sys.argv[1:] else MODELS))
