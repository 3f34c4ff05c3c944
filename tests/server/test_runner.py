"""Requests that run together, and are answered as if they had run alone."""

import asyncio
import threading
import time

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from support import models

from modelport_server.errors import Fault, Rejected
from modelport_server.inference.joining import takes_batches
from modelport_server.inference.model import Execution, Model
from modelport_server.inference.runner import Limits, Runner
from modelport_server.inference.tick import Tick


def rows(*values, width=2):
    return {"x": np.array([[value] * width for value in values], np.float32)}


class Gate:
    """A run that doubles, and can be held; `sizes` are the rows of each run."""

    def __init__(self, usual_seconds=0.0, most=8, **limits):
        self.sizes, self.open, self.held = [], threading.Event(), threading.Event()
        self.open.set()
        self.runner = Runner("gate", self.run, lambda: usual_seconds, Limits(most, **limits))

    def run(self, feeds, outputs):
        self.sizes.append(len(feeds["x"]))
        self.held.set()
        assert self.open.wait(30)
        if (feeds["x"] < 0).any():
            raise ValueError("negative")
        return [feeds["x"] * 2]

    def ask(self, value, deadline=None):
        return self.runner.infer(rows(value), ["y"], deadline)

    async def hold(self):
        """A request that runs until the gate is open."""
        self.open.clear()
        first = self.ask(0)
        assert await asyncio.to_thread(self.held.wait, 30)
        return first

    async def all(self, *asked, outputs="y"):
        """Ask for everything while a first request holds the run."""
        first = await self.hold()
        names = outputs if len(outputs) > 1 else outputs * len(asked)
        others = [self.runner.infer(feeds, [name]) for feeds, name in zip(asked, names, strict=True)]
        self.open.set()
        await first
        return await asyncio.gather(*others, return_exceptions=True)


def test_what_waits_runs_together_and_each_gets_its_own():
    gate = Gate()
    answers = asyncio.run(gate.all(rows(1), rows(2, 3), rows(4)))
    assert [answer[0][:, 0].tolist() for answer in answers] == [[2], [4, 6], [8]]
    assert gate.sizes == [1, 4]


def test_a_run_has_no_more_rows_than_it_may():
    gate = Gate(most=3)
    answers = asyncio.run(gate.all(*(rows(value) for value in range(7)), rows(*range(10))))
    assert [answer[0][0, 0] for answer in answers] == [*range(0, 14, 2), 0]
    assert gate.sizes == [1, 3, 3, 1, 10]  # one request may be larger than what is joined


@pytest.mark.parametrize(
    ("asked", "outputs"), [([rows(1), rows(2, width=3), rows(3)], "yyy"), ([rows(1), rows(2), rows(3)], "yzy")]
)
def test_what_differs_runs_apart_and_nobody_is_forgotten(asked, outputs):
    gate = Gate()
    answers = asyncio.run(gate.all(*asked, outputs=outputs))
    assert [answer[0][0, 0] for answer in answers] == [2, 4, 6]
    assert gate.sizes == [1, 2, 1]


def test_one_that_fails_fails_alone():
    gate = Gate()
    answers = asyncio.run(gate.all(rows(1), rows(-1), rows(3)))
    assert [answer[0][0, 0] for answer in (answers[0], answers[2])] == [2, 6]
    assert str(answers[1]) == "negative"
    assert gate.sizes == [1, 3, 1, 1, 1]


def test_a_client_alone_never_waits_for_others():
    gate = Gate(usual_seconds=1000)

    async def one_by_one():
        for value in range(20):
            await gate.ask(value)

    began = time.monotonic()
    asyncio.run(one_by_one())
    assert time.monotonic() - began < 10


def test_after_a_joined_run_it_waits_a_moment_for_as_many_again():
    gate = Gate(usual_seconds=1000)  # a moment is 50 s

    async def twice():
        await gate.all(rows(1), rows(2), rows(3))
        again = []
        for value in range(3):
            await asyncio.sleep(0.01)
            again.append(gate.ask(value))
        return await asyncio.gather(*again)

    assert [answer[0][0, 0] for answer in asyncio.run(twice())] == [0, 2, 4]
    assert gate.sizes == [1, 3, 3]


def test_a_request_that_nobody_waits_for_harms_no_other():
    gate = Gate()

    async def leave():
        first = await gate.hold()
        gate.ask(1).cancel()
        last = gate.ask(2)
        gate.open.set()
        return await first, await last

    assert [answer[0][0, 0] for answer in asyncio.run(leave())] == [0, 4]
    gate.held.clear()
    asyncio.run(gate.hold())  # its loop is gone when the answer comes
    gate.open.set()

    async def ask():
        return await gate.ask(3)

    assert asyncio.run(ask())[0][0, 0] == 6


def test_a_request_that_came_too_late_is_told_so_and_does_not_run():
    gate = Gate()

    async def wait():
        first = await gate.hold()
        late, wanted = gate.ask(1, time.monotonic() - 1), gate.ask(2, time.monotonic() + 60)
        gate.open.set()
        return await asyncio.gather(first, late, wanted, return_exceptions=True)

    first, late, wanted = asyncio.run(wait())
    assert late.fault is Fault.LATE
    assert (first[0][0, 0], wanted[0][0, 0]) == (0, 4)
    assert gate.sizes == [1, 1]


def test_what_nobody_waits_for_does_not_run():
    gate = Gate()

    async def leave():
        first = await gate.hold()
        gone = [gate.ask(value) for value in (1, 2, 3)]
        assert all(each.cancel() for each in gone)
        last = gate.ask(4)
        gate.open.set()
        return await first, await last

    assert [answer[0][0, 0] for answer in asyncio.run(leave())] == [0, 8]
    assert gate.sizes == [1, 1]


def test_more_than_may_wait_is_refused_with_the_time_to_come_back():
    gate = Gate(usual_seconds=10, most=1, queue=3)

    async def crowd():
        held = [await gate.hold(), *(gate.ask(value) for value in (1, 2, 3))]
        with pytest.raises(Rejected) as refusal:
            gate.ask(4)
        assert (refusal.value.fault, refusal.value.retry_after) == (Fault.OVERLOADED, 30)
        gate.open.set()
        return [*await asyncio.gather(*held), await gate.ask(5)]

    assert [answer[0][0, 0] for answer in asyncio.run(crowd())] == [0, 2, 4, 6, 10]


def test_with_a_delay_a_run_waits_until_it_is_full():
    gate = Gate(most=3, delay=1000)

    async def fill():
        first = [gate.ask(1), gate.ask(2)]
        await asyncio.sleep(0.05)
        assert gate.sizes == []
        return await asyncio.gather(*first, gate.ask(3))

    assert [answer[0][0, 0] for answer in asyncio.run(fill())] == [2, 4, 6]
    assert gate.sizes == [3]


def test_with_a_delay_a_run_waits_no_longer_than_that():
    gate = Gate(most=3, delay=0.01)

    async def ask():
        return await gate.ask(1)

    assert asyncio.run(ask())[0][0, 0] == 2


class TestTick:
    """What comes in one pass of the loop."""

    @pytest.fixture(autouse=True)
    def no_request_comes_after_a_pause(self, monkeypatch):
        monkeypatch.setattr("modelport_server.inference.tick.PAUSE_SECONDS", 1e9)

    def ask(self, *asked, most=8):
        gate = Gate(most=most)

        async def together():
            tick = Tick(gate.run, most)
            return await asyncio.gather(*(tick.infer(feeds, ["y"]) for feeds in asked), return_exceptions=True)

        return asyncio.run(together()), gate.sizes

    def test_runs_as_one(self):
        answers, sizes = self.ask(rows(1), rows(2, 3), rows(4))
        assert [answer[0][:, 0].tolist() for answer in answers] == [[2], [4, 6], [8]]
        assert sizes == [4]

    def test_runs_apart_where_it_cannot_be_joined(self):
        answers, sizes = self.ask(rows(1), rows(2, width=3), rows(3), most=8)
        assert [answer[0][0, 0] for answer in answers] == [2, 4, 6]
        assert sizes == [2, 1]

    def test_runs_one_by_one_for_a_model_that_takes_one(self):
        assert self.ask(rows(1), rows(2), most=1)[1] == [1, 1]

    def test_fails_alone(self):
        answers, sizes = self.ask(rows(1), rows(-1))
        assert answers[0][0][0, 0] == 2
        assert str(answers[1]) == "negative"
        assert sizes == [2, 1, 1]

    def test_after_a_pause_one_runs_at_once_and_the_next_together(self, monkeypatch):
        monkeypatch.setattr("modelport_server.inference.tick.PAUSE_SECONDS", 0.5)
        answers, sizes = self.ask(rows(1), rows(2), rows(3))
        assert [answer[0][0, 0] for answer in answers] == [2, 4, 6]
        assert sizes == [1, 2]

    def test_does_not_run_for_who_is_gone(self):
        gate = Gate()

        async def leave():
            tick = Tick(gate.run, 8)
            answers = [tick.infer(rows(value), ["y"]) for value in (1, 2)]
            answers[0].cancel()
            return answers[0].cancelled(), await answers[1]

        is_gone, there = asyncio.run(leave())
        assert is_gone
        assert there[0][0, 0] == 4
        assert gate.sizes == [1]


def session_of(nodes, element=TensorProto.FLOAT, shape=("n", 3), out=("n", 3), initializers=()):
    import onnxruntime as ort

    model = models.make(nodes, [("x", element, list(shape))], [("y", element, list(out))], initializers=initializers)
    session = ort.InferenceSession(model.SerializeToString())
    return lambda feeds, outputs: session.run(outputs, feeds)


def node(kind, *inputs, output="y", **attributes):
    return helper.make_node(kind, list(inputs), [output], **attributes)


SAMPLE = {"x": np.array([[1, 2, 3]], np.float32)}
ONE = numpy_helper.from_array(np.array([[1, 1, 1]], np.float32), "one")


class TestTakesBatches:
    def test_a_model_of_rows_does(self):
        assert takes_batches(session_of([node("Relu", "x")]), SAMPLE, ["y"])

    def test_texts_do(self):
        run = session_of([node("Identity", "x")], TensorProto.STRING)
        assert takes_batches(run, {"x": np.array([["a", "b", "c"]], object)}, ["y"])

    @pytest.mark.parametrize(
        "nodes",
        [
            [node("Softmax", "x", axis=0)],
            [node("ReduceMean", "x", output="m", axes=[0]), node("Sub", "x", "m")],
            [node("CumSum", "x", "axis")],
        ],
    )
    def test_a_model_whose_rows_change_each_other_does_not(self, nodes):
        axis = numpy_helper.from_array(np.array(0, np.int64), "axis")
        assert not takes_batches(session_of(nodes, initializers=[axis]), SAMPLE, ["y"])

    def test_a_model_of_one_row_does_not(self):
        assert not takes_batches(session_of([node("Relu", "x")], shape=(1, 3), out=(1, 3)), SAMPLE, ["y"])

    def test_a_model_with_one_answer_for_all_does_not(self):
        run = session_of([node("ReduceMax", "x", axes=[0], keepdims=1)], out=(1, 3))
        assert not takes_batches(run, SAMPLE, ["y"])

    def test_a_scalar_does_not(self):
        assert not takes_batches(session_of([node("Relu", "x")], shape=(), out=()), {"x": np.float32(1)[...]}, ["y"])

    def test_a_sample_that_shows_nothing_decides_against_it(self):
        run = session_of([node("Identity", "x")], TensorProto.INT64)
        assert not takes_batches(run, {"x": np.ones((1, 3), np.int64)}, ["y"])


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    """A model too slow for the loop: y = x w, for x FP32 [n, 1200]."""
    weights = np.random.default_rng(0).normal(size=(1200, 1200)).astype(np.float32)
    product = [node("MatMul", "x", "w", output="h1"), node("MatMul", "h1", "w", output="h2"), node("MatMul", "h2", "w")]
    shape = ["n", 1200]
    model = models.make(
        product,
        [("x", TensorProto.FLOAT, shape)],
        [("y", TensorProto.FLOAT, shape)],
        initializers=[numpy_helper.from_array(weights, "w")],
    )
    return models.save(model, tmp_path_factory.mktemp("heavy") / "heavy.onnx")


@pytest.mark.parametrize("most", [32, 1])
def test_many_clients_get_what_each_would_get_alone(heavy, most):
    model = Model.load(heavy, execution=Execution(limits=Limits(most)))
    given = [np.random.default_rng(seed).normal(size=(1, 1200)).astype(np.float32) for seed in range(40)]

    async def one_by_one():
        return [(await model.infer({"x": each}, ["y"]))[0] for each in given]

    async def together():
        return await asyncio.gather(*(model.infer({"x": each}, ["y"]) for each in given))

    alone = asyncio.run(one_by_one())
    runs_before = sum(model.run_seconds.counts)
    for answer, expected in zip(asyncio.run(together()), alone, strict=True):
        np.testing.assert_allclose(answer[0], expected, rtol=1e-3, atol=np.abs(expected).max() * 1e-4)
    runs = sum(model.run_seconds.counts) - runs_before
    assert (runs < 40) == (most > 1)
    assert model.inferences == 80
