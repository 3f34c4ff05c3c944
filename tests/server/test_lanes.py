"""Requests that come together through a lane are answered as each would be by itself."""

import asyncio
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from support import models
from support.models import VALUES

from modelport_server import lanes
from modelport_server.access.guard import Guard
from modelport_server.app import Application
from modelport_server.exchange import Head, Request
from modelport_server.inference.answers import Answers
from modelport_server.inference.model import Execution, Model
from modelport_server.inference.runner import Limits
from modelport_server.wire import envelopes, v2
from modelport_server.wire.forms import JSON_SIZE

INFER = "/v2/models/m/infer"
NUMBERS = st.floats(width=32) | st.integers(-(2**70), 2**70)
NUMERIC = [name for name in VALUES if name not in ("STRING", "BOOL")]


class Client:
    """Asks an application in one pass of its loop, always with the same head."""

    def __init__(self, app, **headers):
        names = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        self.app, self.head = app, Head("POST", INFER, names, 0)

    def ask(self, *bodies, head=True):
        """The answers to all of them: status, body."""

        async def every():
            return await asyncio.gather(*(self.answer(body, head=head) for body in bodies))

        return [(answer.status, answer.body) for answer in asyncio.run(every())]

    async def answer(self, body, *, head=True):
        return await self.app.answer(self.request(body, head=head))

    def request(self, body, *, head=True):
        return Request("POST", INFER, self.head.headers, body, None, self.head if head else None)


@pytest.fixture
def decoded(monkeypatch):
    """What was read in the usual way."""
    usual, seen = v2.decode, []
    monkeypatch.setattr(v2, "decode", lambda body, *rest: seen.append(body) or usual(body, *rest))
    return seen


@pytest.fixture(params=["in the loop", "in a thread"])
def execution(request, monkeypatch):
    monkeypatch.setattr("modelport_server.inference.model.INLINE_SECONDS", float(request.param == "in the loop"))
    return Execution()


@pytest.fixture
def client(tmp_path, execution, decoded):
    """Make a client of an application with one model, `m`."""

    def client(model, headers=(), **options):
        app = Application(1 << 20, **options)
        app.start([Model.load(models.save(model, tmp_path / "m.onnx"), execution=execution)])
        decoded.clear()
        return Client(app, **dict(headers))

    return client


def body(values, datatype="FP32", shape=None, **others):
    entry = {"name": "x", "datatype": datatype, "shape": shape or [len(values)], "data": values}
    return json.dumps({**others, "inputs": [entry]}).encode()


def row(number):
    return body([number, 0, 0], shape=[1, 3])


def binary(values, datatype="FP32", shape=None):
    raw = np.array(values, v2.tensors.DATATYPES[datatype]).tobytes()
    entry = {"name": "x", "datatype": datatype, "shape": shape or [len(values)]}
    entry["parameters"] = {"binary_data_size": len(raw)}
    text = json.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}}).encode()
    return text + raw, len(text)


@pytest.mark.parametrize("kind", NUMERIC)
def test_numbers_of_every_type_come_back_as_ever(client, decoded, kind):
    datatype, values = VALUES[kind]
    one = client(models.identity(getattr(TensorProto, kind)))
    asked = [body(each, datatype) for each in (values, values[::-1], values)]
    usual = [one.ask(each, head=False)[0] for each in asked]
    one.ask(asked[0])
    decoded.clear()
    assert one.ask(*asked) == usual
    assert [status for status, _ in usual] == [200] * 3
    assert decoded == []


@pytest.mark.parametrize("kind", NUMERIC)
def test_bytes_of_every_type_come_back_as_ever(client, decoded, kind):
    datatype, values = VALUES[kind]
    asked = [binary(each, datatype) for each in (values, values[::-1], values)]
    one = client(models.identity(getattr(TensorProto, kind)), {JSON_SIZE.decode(): str(asked[0][1])})
    usual = [one.ask(each, head=False)[0] for each, _ in asked]
    one.ask(asked[0][0])
    decoded.clear()
    assert one.ask(*(each for each, _ in asked)) == usual
    assert decoded == []


def test_many_at_once_run_together(client):
    one = client(models.identity(TensorProto.FLOAT))
    (model,) = one.app.models
    one.ask(body([0.5, 1]), body([0.5, 1]))
    before = sum(model.run_seconds.counts)
    answers = one.ask(*(body([number, 1]) for number in range(40)))
    assert [json.loads(each)["outputs"][0]["data"][0] for _, each in answers] == list(range(40))
    assert 3 <= sum(model.run_seconds.counts) - before <= 6  # 32 rows at most, of 80; the first may run alone


@pytest.mark.parametrize(
    "values",
    [
        "1,null", '1,"2"', "1,true", "1,[2]", "1,{}", "1", "1,2,3", "", "1,", ",1", "1 2", "1,2]", "[1,2", "1e400,1",
        "1e39,1", "NaN,1", "1],[2", '"]",1', "1,2}", "0x1,2", "01,2", "1.,2", "-,1", '1,2],"id":[1', "1e5,-1.5E-3",
        "18446744073709551616,1", "-0,0.0", "\\u0031,2", " 1 , 2 ",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["FLOAT", "INT32"])
def test_whatever_stands_for_a_number_is_judged_as_ever(client, kind, values):
    datatype = VALUES[kind][0]
    one = client(models.identity(getattr(TensorProto, kind)))
    right = body([1, 2], datatype)
    asked = [right, right.replace(b"[1, 2]", f"[{values}]".encode()), right]
    usual = [one.ask(each, head=False)[0] for each in asked]
    one.ask(right)
    assert one.ask(*asked) == usual
    assert one.ask(asked[1]) == usual[1:2]
    assert one.app.traffic.inflight == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=3), min_size=1, max_size=8))
def test_any_numbers_are_answered_as_ever(scaling, lists):
    asked = [body(values, shape=[1, 3]) for values in lists]
    usual = [scaling.ask(each, head=False)[0] for each in asked]
    assert scaling.ask(*asked) == usual


@pytest.fixture(scope="module")
def scaling(tmp_path_factory):
    app = Application(1 << 20)
    app.start([Model.load(models.save(models.doubling(), tmp_path_factory.mktemp("scaling") / "m.onnx"))])
    opened = Client(app)
    opened.ask(body([1, 2, 3], shape=[1, 3]), body([1, 2, 3], shape=[1, 3]))
    return opened


@pytest.mark.parametrize(
    "text",
    [
        '{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"parameters":{"data":[1,2]},"data":[%s]}]}',
        '{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"parameters":{"note":"\\"data\\":[1,2]"},"data":[%s]}]}',
        '{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[1,2],"data":[%s]}]}',
        '{"parameters":{"data":[1,2]},"inputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[%s]}]}',
        '{"inputs":[],"inputs":[{"name":"x","data":[%s],"datatype":"FP32","shape":[2]}]}',
        '{"inputs":[{"name":"x","datatype":"FP32","shape":[2],"data" : [%s]}]}',
    ],
)
def test_only_the_values_of_the_input_are_taken_for_them(client, text):
    one = client(models.identity(TensorProto.FLOAT))
    for _ in range(3):
        for first in (3, 4, 5):
            ((status, answer),) = one.ask((text % f"{first},7").encode())
            assert (status, json.loads(answer)["outputs"][0]["data"]) == (200, [first, 7])


def test_outputs_that_change_their_shape_go_the_usual_way(client):
    node = helper.make_node("NonZero", ["x"], ["y"])
    one = client(models.make([node], [("x", TensorProto.FLOAT, [3])], [("y", TensorProto.INT64, [1, "k"])]))
    for values in ([1, 0, 2], [1, 0, 2], [0, 0, 5], [0, 0, 0], [1, 0, 2]):
        ((status, answer),) = one.ask(body(values))
        assert (status, json.loads(answer)["outputs"][0]["data"]) == (
            200,
            [at for at, value in enumerate(values) if value],
        )


def test_names_that_look_like_forms_stay_names(tmp_path, decoded):
    node = helper.make_node("Identity", ["x"], ["100%b %s"])
    model = models.make([node], [("x", TensorProto.FLOAT, ["n"])], [("100%b %s", TensorProto.FLOAT, ["n"])])
    app = Application(1 << 20)
    app.start([Model.load(models.save(model, tmp_path / "m.onnx"))])
    one = Client(app)
    first = one.ask(body([1, 2]))
    decoded.clear()
    assert one.ask(body([1, 2])) == first
    assert decoded == []


class TestUsualWay:
    """What has no lane."""

    @pytest.mark.parametrize(
        ("kind", "asked"),
        [
            ("FLOAT", body([1, 2], id="7")),
            ("STRING", body(["a", "b"], "BYTES")),
            ("BOOL", body([True, False], "BOOL")),
            ("FLOAT", body([], shape=[0])),
            ("FLOAT", body([1, 2]).replace(b'"data"', b'"\\u0064ata"')),
        ],
    )
    def test_requests_that_are_more_than_numbers(self, client, decoded, kind, asked):
        one = client(models.identity(getattr(TensorProto, kind)))
        for count in (1, 2, 3):
            assert one.ask(asked)[0][0] == 200
            assert len(decoded) == count

    def test_without_a_head_that_came_before(self, client, decoded):
        one = client(models.identity(TensorProto.FLOAT))
        for count in (1, 2, 3):
            one.ask(body([1, 2]), head=False)
            assert len(decoded) == count

    def test_with_answers_that_are_kept(self, client, decoded):
        one = client(models.identity(TensorProto.FLOAT), kept=Answers(1000))
        for count in (1, 2, 3):
            assert one.ask(body([1, 2]))[0][0] == 200
            assert len(decoded) == count

    def test_with_a_guard_who_may_change_his_mind(self, client, decoded):
        class Fickle(Guard):
            async def admit(self, authorization):
                asked.append(authorization)

        asked = []
        one = client(models.identity(TensorProto.FLOAT), guard=Fickle.__new__(Fickle))
        for count in (1, 2, 3):
            assert one.ask(body([1, 2]))[0][0] == 200
            assert len(decoded) == len(asked) == count


class TestWaiting:
    """Requests in a lane wait as others do: here, for three rows to run as one, or a moment."""

    @pytest.fixture
    def slow(self, tmp_path, decoded):
        """Make a client whose lane is open."""

        def slow(delay):
            path = models.save(models.doubling(), tmp_path / "m.onnx")
            app = Application(1 << 20)
            model = Model.load(path, execution=Execution(limits=Limits(most_rows=3, delay=delay)))
            app.start([model])
            one = Client(app)
            one.ask(row(0), row(1), row(2))
            decoded.clear()
            return one

        return slow

    def test_who_waits_too_long_is_told_so(self, slow, decoded):
        one = slow(0.05)
        one.app._lanes._ways[one.head] = one.app._lanes._ways[one.head]._replace(patience=0)
        ((status, answer),) = one.ask(row(1))
        assert (status, json.loads(answer)["code"]) == (504, "late")
        assert decoded == []
        assert one.app.traffic.inflight == 0
        assert one.app.traffic.answered["v2_infer", 504] == 1

    def test_more_than_may_wait_are_refused(self, slow):
        one = slow(1000)
        runner = one.app.models.only()._runner

        async def crowd():
            runner._limits = Limits(most_rows=3, delay=1000, queue=2)
            waiting = [asyncio.ensure_future(one.answer(row(number))) for number in (1, 2)]
            await asyncio.sleep(0)
            refused = await one.answer(row(3))
            runner._limits = Limits(most_rows=3, delay=1000, queue=3)
            return refused, [*await asyncio.gather(*waiting, one.answer(row(4)))]

        refused, answered = asyncio.run(crowd())
        assert refused.status == 429
        assert dict(refused.headers)[b"retry-after"]
        assert [json.loads(each.body)["outputs"][0]["data"][0] for each in answered] == [2, 4, 8]
        assert one.app.traffic.inflight == 0

    def test_who_goes_is_counted_and_not_run(self, slow):
        one = slow(0.05)
        (model,) = one.app.models

        async def leave():
            going, staying = one.app.answer(one.request(row(1))), one.app.answer(one.request(row(2)))
            going.cancel()
            return await staying

        before = model.inferences
        assert json.loads(asyncio.run(leave()).body)["outputs"][0]["data"][0] == 4
        assert model.inferences - before == 2
        assert one.app.traffic.answered["v2_infer", 499] == 1
        assert one.app.traffic.inflight == 0

    def test_who_goes_while_the_usual_way_is_taken_is_counted_once(self, slow):
        one = slow(0.05)

        async def leave():
            begun, ended = asyncio.Event(), asyncio.Event()

            async def usual(request):
                begun.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    ended.set()

            one.app._lanes._usual = usual
            going = one.app.answer(one.request(row(5).replace(b"[5,", b'["5",')))
            await begun.wait()
            going.cancel()
            await ended.wait()
            return going.cancelled()

        assert asyncio.run(leave())
        assert one.app.traffic.inflight == 0
        assert one.app.traffic.answered["v2_infer", 499] == 0  # who goes that way is counted there


def test_what_is_kept_is_bounded(client, monkeypatch):
    monkeypatch.setattr(lanes, "MOST_KEPT", 3)
    one = client(models.identity(TensorProto.FLOAT))
    for size in range(1, 9):
        one.head = Head("POST", INFER, {}, size)
        assert one.ask(body([1.5] * size))[0][0] == 200
        assert 1 <= len(one.app._lanes._lanes) <= 3
        assert 1 <= len(one.app._lanes._ways) <= 3


def test_envelopes_are_bounded(client, monkeypatch):
    monkeypatch.setattr(envelopes, "MOST_KEPT", 3)
    monkeypatch.setattr(envelopes, "_kept", kept := {})
    one = client(models.identity(TensorProto.FLOAT))
    for size in range(1, 9):
        one.ask(body([1.5] * size), head=False)
        assert 1 <= len(kept) <= 3
    before = dict(kept)
    one.ask(body([1.5], note="x" * envelopes.MOST_BYTES), head=False)
    assert kept == before
