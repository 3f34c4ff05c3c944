from dataclasses import dataclass, field
from pathlib import Path

import pytest

from modelport.bundle.contract import succession
from modelport_server.bundle import Bundle, Tensor


@dataclass(frozen=True)
class Model(Bundle):
    """A bundle whose sample and answer are given."""

    asked: dict = field(default_factory=dict)
    answered: tuple = ()

    def sample(self):
        return self.asked

    def expected(self):
        return {"outputs": list(self.answered)}


def model(inputs, outputs, **more):
    tensors = [tuple(Tensor(name, *each) for name, each in given.items()) for given in (inputs, outputs)]
    return Model(Path(), "m", "1", *tensors, {}, 8, "fp32", (), **more)


BASE = ({"x": ("FP32", (-1, 4))}, {"y": ("FP32", (-1, 2))})


@pytest.mark.parametrize(
    ("inputs", "outputs", "breaking", "compatible"),
    [
        (*BASE, (), ()),
        ({"x": ("FP32", (-1, -1))}, BASE[1], (), ("input x takes FP32[?,?]",)),
        (BASE[0], {**BASE[1], "z": ("INT64", (-1,))}, (), ("new output z",)),
        ({"x": ("FP64", (-1, 4))}, BASE[1], ("input x was FP32[?,4] and is FP64[?,4]",), ()),
        ({"x": ("FP32", (1, 4))}, BASE[1], ("input x was FP32[?,4] and is FP32[1,4]",), ()),
        ({"x": ("FP32", (-1, 4, 1))}, BASE[1], ("input x was FP32[?,4] and is FP32[?,4,1]",), ()),
        ({**BASE[0], "w": ("FP32", (1,))}, BASE[1], ("input w is new and required",), ()),
        ({"v": BASE[0]["x"]}, BASE[1], ("input x is gone", "input v is new and required"), ()),
        (BASE[0], {"y": ("FP32", (-1, 3))}, ("output y was FP32[?,2] and is FP32[?,3]",), ()),
        (BASE[0], {"y": ("FP32", (-1, -1))}, ("output y was FP32[?,2] and is FP32[?,?]",), ()),
        (BASE[0], {"p": BASE[1]["y"]}, ("output y is gone",), ("new output p",)),
    ],
)
def test_what_callers_can_no_longer_send_or_count_on_is_breaking(inputs, outputs, breaking, compatible):
    found = succession(model(*BASE), model(inputs, outputs))
    assert (found.breaking, found.compatible) == (breaking, compatible)


def answer(*data, shape=None):
    return ({"name": "y", "shape": shape or [len(data)], "data": list(data)},)


@pytest.mark.parametrize(
    ("after", "delta"),
    [
        (answer(1.0, 2.0), 0.0),
        (answer(1.0, 2.5), 0.5),
        (answer("a", 2.0), 1.0),
        (answer(1.0, 2.0, 3.0), None),
        ((), None),
    ],
)
def test_the_answers_to_the_same_sample_are_compared(after, delta):
    before = model(*BASE, asked={"inputs": [1]}, answered=answer(1.0, 2.0))
    assert succession(before, model(*BASE, asked={"inputs": [1]}, answered=after)).delta == delta


def test_another_sample_is_not_compared():
    before = model(*BASE, asked={"inputs": [1]}, answered=answer(1.0))
    assert succession(before, model(*BASE, asked={"inputs": [2]}, answered=answer(1.0))).delta is None
