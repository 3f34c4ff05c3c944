import asyncio
import json
import shutil
import threading
import time

import numpy as np
import pytest

from modelport_server.bundle import BundleError
from modelport_server.inference import session
from modelport_server.inference.model import Execution, Model


@pytest.fixture
def copy(bundles, tmp_path):
    return shutil.copytree(bundles / "twice", tmp_path / "copy")


def test_a_model_that_answers_its_sample_otherwise_than_recorded_does_not_load(copy):
    expected = json.loads((copy / "expected.json").read_text())
    expected["outputs"][0]["data"][1] *= 1.001
    (copy / "expected.json").write_text(json.dumps(expected))
    with pytest.raises(BundleError, match=r"does not answer its own sample: y\[1\] is 0.25, expected 0.25025"):
        Model.load(copy)


def test_a_difference_within_the_tolerance_is_no_difference(copy):
    expected = json.loads((copy / "expected.json").read_text())
    expected["outputs"][0]["data"][1] *= 1.00001
    (copy / "expected.json").write_text(json.dumps(expected))
    assert Model.load(copy).bundle.name == "scale"


@pytest.mark.parametrize(("key", "value"), [("shape", [3, 1]), ("datatype", "FP64"), ("name", "z")])
def test_an_answer_of_another_form_is_a_difference(copy, key, value):
    expected = json.loads((copy / "expected.json").read_text())
    expected["outputs"][0][key] = value
    (copy / "expected.json").write_text(json.dumps(expected))
    with pytest.raises(BundleError, match="does not answer its own sample"):
        Model.load(copy)


@pytest.mark.parametrize("content", ["{}", '{"outputs": [{}]}', '{"outputs": 1}'])
def test_a_recorded_answer_that_is_none_does_not_load(copy, content):
    (copy / "expected.json").write_text(content)
    with pytest.raises(BundleError, match=r"(?s)expected.json.*malformed"):
        Model.load(copy)


def test_a_damaged_model_does_not_load(copy):
    (copy / "model" / "model.onnx").write_bytes(b"damaged")
    with pytest.raises(BundleError, match="differs from its digest"):
        Model.load(copy)


def test_a_plain_model_loads_under_the_digest_it_would_be_built_with(bundles):
    assert Model.load(bundles / "slow.onnx").bundle.digest == Model.load(bundles / "slow").bundle.digest


def test_a_slow_model_leaves_the_event_loop_alone(bundles):
    model = Model.load(bundles / "slow")
    seen = []
    model._session = Spy(seen)

    model._usual_seconds = 0.0
    infer(model)
    model._usual_seconds = 1.0
    infer(model)
    assert seen[0] is threading.main_thread()
    assert seen[1] is not threading.main_thread()


def test_a_model_that_only_waited_returns_to_the_event_loop(bundles):
    model = Model.load(bundles / "twice")
    seen = []
    model._session, model._usual_seconds = Spy(seen, wait=0.001), 1.0

    infer(model, times=150)
    assert seen[0] is not threading.main_thread()
    assert seen[-1] is threading.main_thread()


def infer(model, times=1):
    async def infer():
        for _ in range(times):
            await model.infer({"x": np.array([1])}, ["y"])

    asyncio.run(infer())


class Spy:
    def __init__(self, seen, wait=0.0):
        self.seen, self.wait = seen, wait

    def run(self, outputs, feeds):
        self.seen.append(threading.current_thread())
        time.sleep(self.wait)
        return [feeds["x"]]


@pytest.mark.parametrize(
    ("limit", "cores"), [("max 100000", 4), ("150000 100000", 2), ("1000 100000", 1), ("900000 100000", 4), ("junk", 4)]
)
def test_a_session_uses_the_cores_that_are_granted(monkeypatch, tmp_path, limit, cores):
    monkeypatch.setattr(session.os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    monkeypatch.setattr(session, "CPU_MAX", tmp_path / "cpu.max")
    (tmp_path / "cpu.max").write_text(limit)
    assert session.granted_cores() == cores


def test_a_provider_that_falls_back_to_the_cpu_is_absent(bundles, monkeypatch):
    """As with a GPU build of onnxruntime on a machine without a GPU."""
    import onnxruntime as ort

    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(session.ProviderAbsent, match="finds no device or no driver"):
        Model.load(bundles / "twice", execution=Execution(provider="cuda"))
