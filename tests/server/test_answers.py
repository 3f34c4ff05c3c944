"""Answers kept for requests that come again."""

import numpy as np
import pytest
from onnx import TensorProto
from support import models

from modelport_server.inference.answers import ENTRY_BYTES, Answers
from modelport_server.inference.model import Execution, Model

X = np.array([[1, 2, 3]], np.float32)


@pytest.fixture
def kept():
    return Answers(100_000)


@pytest.fixture
def scale(bundles, kept):
    return Model.load(bundles / "twice", execution=Execution(answers=kept))


def runs(model):
    return sum(model.run_seconds.counts)


def test_the_same_request_runs_once(scale, kept):
    before = runs(scale)
    first = models.answered(scale, {"x": X}, ["y"])
    again = models.answered(scale, {"x": X.copy()}, ["y"])
    assert first[0].tolist() == again[0].tolist() == [[2, 4, 6]]
    assert (runs(scale) - before, kept.hits, kept.misses, scale.inferences) == (1, 1, 1, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("m", {"x": X}, ["y"]), ("n", {"x": X}, ["y"])),
        (("m", {"x": X}, ["y"]), ("m", {"x": X + 1}, ["y"])),
        (("m", {"x": X}, ["y"]), ("m", {"x": X.reshape(3, 1)}, ["y"])),
        (("m", {"x": X}, ["y"]), ("m", {"x": X.view(np.int32)}, ["y"])),
        (("m", {"x": X}, ["y"]), ("m", {"z": X}, ["y"])),
        (("m", {"x": X}, ["y", "z"]), ("m", {"x": X}, ["z", "y"])),
        (("m", {"x": X[:, :2], "z": X}, ["y"]), ("m", {"x": X, "z": X[:, :2]}, ["y"])),
        (("m", {"x": np.array(["ab", "c"], object)}, []), ("m", {"x": np.array(["a", "bc"], object)}, [])),
    ],
)
def test_what_differs_has_another_key(kept, one, other):
    assert kept.key(*one) != kept.key(*other)


def test_the_order_of_inputs_does_not_matter(kept):
    z = np.float32(1)[...]
    assert kept.key("m", {"x": X, "z": z}, ["y"]) == kept.key("m", {"z": z, "x": X}, ["y"])


def test_nobody_outside_can_say_what_a_request_is_kept_under(kept):
    assert kept.key("m", {"x": X}, ["y"]) != Answers(1).key("m", {"x": X}, ["y"])


def test_memory_is_bounded_and_the_least_recently_asked_for_goes_first():
    kept = Answers(3 * (ENTRY_BYTES + 400))
    for key in (b"a", b"b", b"c"):
        kept.keep(key, [np.zeros(100, np.float32)])
    assert kept.size == kept.limit
    assert kept.get(b"a") is not None
    kept.keep(b"d", [np.zeros(50, np.float32)])
    assert [kept.get(key) is None for key in (b"a", b"b", b"c", b"d")] == [False, True, False, False]
    assert kept.size == kept.limit - 200
    kept.keep(b"d", [np.zeros(100, np.float32)])
    assert kept.size == kept.limit
    kept.keep(b"large", [np.zeros(10_000)])
    assert kept.get(b"large") is None
    assert kept.get(b"a") is not None


def test_an_answer_does_not_hold_those_of_others(kept):
    kept.keep(b"a", [np.zeros((32, 100))[1:2]])
    assert kept.get(b"a")[0].base is None
    assert kept.size == ENTRY_BYTES + 800


def test_texts_are_kept_and_counted(kept, tmp_path):
    model = Model.load(
        models.save(models.identity(TensorProto.STRING), tmp_path / "m.onnx"), execution=Execution(answers=kept)
    )
    x = np.array(["é" * 50, ""], object)
    assert [models.answered(model, {"x": x}, ["y"])[0].tolist() for _ in range(2)] == [["é" * 50, ""]] * 2
    assert kept.hits == 1
    assert kept.size > ENTRY_BYTES + 100


def test_what_fails_is_not_kept(tmp_path, kept):
    model = Model.load(models.save(models.lookup(), tmp_path / "m.onnx"), execution=Execution(answers=kept))
    feeds = {
        tensor.name: np.full([1 if size == -1 else size for size in tensor.shape], 10**6)
        for tensor in model.bundle.inputs
    }
    for _ in range(2):
        with pytest.raises(Exception, match="cannot run"):
            models.answered(model, feeds, [model.bundle.outputs[0].name])
    assert (kept.hits, kept.size) == (0, 0)


def test_a_server_told_so_answers_what_came_before_from_memory(start, bundles):
    server = start("--model", bundles / "twice", "--keep-answers", 1_000_000)
    entry = {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
    with server.client() as client:
        answers = [client.post("/v2/models/scale/infer", json={"id": name, "inputs": [entry]}).json() for name in "ab"]
    assert [answer["id"] for answer in answers] == ["a", "b"]
    assert answers[0]["outputs"] == answers[1]["outputs"]
    text = server.get("/metrics").text
    assert '\nmodelport_kept_answers_total{result="hit"} 1\n' in text
    assert '\nmodelport_kept_answers_total{result="miss"} 1\n' in text
