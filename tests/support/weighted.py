"""ONNX models with weights, each with one thing about it when they are made smaller."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from support import models

FLOAT = TensorProto.FLOAT
RANDOM = np.random.default_rng(7)
ROWS = RANDOM.normal(size=(200, 8)).astype(np.float32)


def weight(name, *shape):
    return numpy_helper.from_array(RANDOM.normal(size=shape).astype(np.float32), name)


def mlp(opset=17, bias=(1, 4), **options):
    """scores = relu(x a + b) c, and label = argmax(scores)."""
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["m"]),
        helper.make_node("Add", ["m", "b"], ["n"]),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("MatMul", ["r", "c"], ["scores"]),
        helper.make_node("ArgMax", ["scores"], ["label"], axis=1, keepdims=0),
    ]
    outputs = [("scores", FLOAT, ["n", 3]), ("label", TensorProto.INT64, ["n"])]
    weights = [weight("a", 8, 4), weight("b", *bias), weight("c", 4, 3)]
    return models.make(nodes, [("x", FLOAT, ["n", 8])], outputs, initializers=weights, opset=opset, **options)


def convolution():
    """A convolution with a batch norm behind it, for two pictures at once."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3]),
        helper.make_node("BatchNormalization", ["c", "scale", "bias", "mean", "var"], ["y"]),
    ]
    ones = [numpy_helper.from_array(np.ones(4, np.float32), name) for name in ("scale", "var")]
    weights = [weight("w", 4, 3, 3, 3), weight("bias", 4), weight("mean", 4), *ones]
    return models.make(nodes, [("x", FLOAT, [2, 3, 8, 8])], [("y", FLOAT, [2, 4, 6, 6])], initializers=weights)


def branching():
    """Weights in both branches of a condition."""
    branches = []
    for name in ("then_w", "else_w"):
        node = helper.make_node("MatMul", ["x", name], [f"{name}_y"])
        out = helper.make_tensor_value_info(f"{name}_y", FLOAT, ["n", 2])
        branches.append(helper.make_graph([node], name, [], [out], initializer=[weight(name, 8, 2)]))
    node = helper.make_node("If", ["flag"], ["y"], then_branch=branches[0], else_branch=branches[1])
    return models.make([node], [("x", FLOAT, ["n", 8]), ("flag", TensorProto.BOOL, [])], [("y", FLOAT, ["n", 2])])


def tree():
    """A tree of one decision behind a scaler."""
    shape = ["n", 2]
    nodes = [
        helper.make_node("Mul", ["x", "s"], ["m"]),
        helper.make_node(
            "TreeEnsembleRegressor", ["m"], ["y"], domain="ai.onnx.ml", n_targets=1, nodes_treeids=[0, 0, 0],
            nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_values=[0.5, 0.0, 0.0],
            nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
            nodes_missing_value_tracks_true=[0, 0, 0], nodes_hitrates=[1.0, 1.0, 1.0],
            target_treeids=[0, 0], target_nodeids=[1, 2], target_ids=[0, 0], target_weights=[1.0, 2.0],
        ),
    ]  # fmt: skip
    outputs = [("y", FLOAT, ["n", 1])]
    return models.make(nodes, [("x", FLOAT, shape)], outputs, initializers=[weight("s", 2)], domains=["ai.onnx.ml"])


def text_and_numbers():
    """A text that goes through, beside numbers that are multiplied."""
    nodes = [helper.make_node("Identity", ["word"], ["said"]), helper.make_node("MatMul", ["x", "w"], ["y"])]
    inputs = [("word", TensorProto.STRING, ["n"]), ("x", FLOAT, ["n", 8])]
    outputs = [("said", TensorProto.STRING, ["n"]), ("y", FLOAT, ["n", 2])]
    return models.make(nodes, inputs, outputs, initializers=[weight("w", 8, 2)])


def overflowing():
    """Large numbers on the way to small ones."""
    factors = [("big", 60000.0), ("small", 1 / 60000)]
    big, small = (numpy_helper.from_array(np.array([value], np.float32), name) for name, value in factors)
    nodes = [helper.make_node("Mul", ["x", "big"], ["m"]), helper.make_node("Mul", ["m", "small"], ["y"])]
    return models.make(nodes, [("x", FLOAT, ["n"])], [("y", FLOAT, ["n"])], initializers=[big, small])
