"""How far what is served has gone from the bundle's baseline."""

import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from onnx import TensorProto, helper
from support import models

from modelport.bundle import build, make_baseline
from modelport_server.bundle import Tensor
from modelport_server.inference.model import Model
from modelport_server.observe import comparison
from modelport_server.observe.comparison import Comparison, Window, psi
from modelport_server.observe.features import Column, columns, described, tally

COUNTS = st.lists(st.integers(0, 10_000), min_size=2, max_size=30).filter(any)
FLOATS = st.floats(width=32)


def describe(values):
    return described(Column("input", "x", "x", values))


@given(COUNTS, st.integers(1, 50))
def test_the_index_of_equal_shares_is_nothing(counts, factor):
    assert psi(np.array(counts), np.array(counts) * factor) == pytest.approx(0, abs=1e-9)


@given(st.integers(2, 30).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 9999), min_size=n, max_size=n)] * 2)))
def test_the_index_is_never_negative_and_the_same_both_ways(pair):
    if all(map(any, pair)):
        before, after = map(np.array, pair)
        assert psi(before, after) >= 0
        assert psi(before, after) == pytest.approx(psi(after, before))


@given(st.integers(0, 2**32 - 1))
def test_the_index_grows_with_the_shift_and_is_small_without(seed):
    draw = np.random.default_rng(seed)
    feature = describe(draw.normal(size=5000))
    found = [psi(np.array(feature.counts), tally(feature, draw.normal(shift, size=5000))) for shift in (0, 0.5, 1, 2)]
    assert found == sorted(found)
    assert found[0] < 0.05 < 0.1 < found[1]


def test_the_index_is_that_of_the_formula():
    assert psi(np.array([50, 50]), np.array([25, 75])) == pytest.approx(
        (0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5)
    )
    assert np.isfinite(psi(np.array([100, 0]), np.array([0, 100])))


@given(arrays.arrays(np.float32, st.integers(1, 80), elements=FLOATS), arrays.arrays(np.float32, 40, elements=FLOATS))
def test_every_value_is_counted_once_whatever_it_is(known, served):
    feature = describe(known)
    assert sum(feature.counts) == len(known)
    assert tally(feature, served).sum() == len(served)
    assert feature.counts[-1] == (np.isnan(known).sum() if feature.edges is not None else (~np.isfinite(known)).sum())


@given(
    st.lists(arrays.arrays(np.float32, st.tuples(st.integers(0, 5), st.just(3)), elements=FLOATS), max_size=12),
    arrays.arrays(np.float32, (30, 3), elements=st.floats(-5, 5, width=32)),
)
def test_counts_as_they_come_are_the_counts_of_all_at_once(parts, known):
    tensor = Tensor("x", "FP32", (-1, 3))
    features = [described(each) for each in columns("input", [tensor], [{"x": known}])]
    window = Window(sum(len(feature.counts) for feature in features), 60)
    for part in parts:
        found = columns("input", [tensor], [{"x": part}])
        window.add(np.concatenate([tally(f, c.values) for f, c in zip(features, found, strict=True)]), 0)
    whole = {"x": np.concatenate([np.empty((0, 3), np.float32), *parts])}
    at_once = [tally(f, c.values) for f, c in zip(features, columns("input", [tensor], [whole]), strict=True)]
    assert window.total(0).tolist() == np.concatenate(at_once).tolist()


@given(st.lists(st.tuples(st.floats(0, 40), st.integers(1, 9)), max_size=60))
def test_a_window_holds_what_came_in_its_time_and_no_more(steps):
    window, now, came = Window(1, comparison.SLOTS), 0.0, []
    for pause, count in steps:
        now += pause
        window.add(np.array([count]), now)
        came.append((int(now), count))
    later = now + 5
    expected = sum(count for slot, count in came if int(later) - slot < comparison.SLOTS)
    assert window.total(later).tolist() == [expected]
    assert window.total(later + comparison.SLOTS).tolist() == [0]


def test_numbers_that_are_few_are_counted_each_and_what_is_new_is_another():
    feature = describe(np.array([1, 2, 2, 3] * 10))
    assert tally(feature, np.array([2, 2, 9, -9])).tolist() == [0, 2, 0, 2]
    truths = describe(np.array([True, False, True]))
    assert (truths.categories, tally(truths, np.array([True])).tolist()) == ((0.0, 1.0), [0, 1, 0])
    assert tally(describe(np.array([5.0] * 9)), np.array([4.0, 5.0])).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("tensor", "array", "expected"),
    [
        (Tensor("x", "FP32", (-1, 2)), np.ones((4, 2), np.float32), [("x[0]", 4), ("x[1]", 4)]),
        (Tensor("x", "FP32", (-1, 1)), np.ones((4, 1), np.float32), [("x", 4)]),
        (Tensor("x", "FP32", (-1,)), np.ones(4, np.float32), [("x", 4)]),
        (Tensor("x", "FP32", ()), np.array(1, np.float32), [("x", 1)]),
        (Tensor("x", "FP32", (2,)), np.ones(2, np.float32), [("x[0]", 1), ("x[1]", 1)]),
        (Tensor("x", "FP32", (-1, -1)), np.ones((2, 5), np.float32), [("x", 10)]),
        (Tensor("x", "FP32", (-1, 2, 2)), np.ones((3, 2, 2), np.float32), [(f"x[{n}]", 3) for n in range(4)]),
        (Tensor("x", "UINT8", (-1, 300)), np.ones((2, 300), np.uint8), [("x.mean", 2), ("x.deviation", 2)]),
        (Tensor("x", "BYTES", (-1, 300)), np.full((2, 300), "a", object), [("x", 600)]),
        (Tensor("x", "FP32", (-1, 2)), np.ones((3, 1), np.float32), []),  # not as the model declares it
        (Tensor("x", "FP32", (-1, 2)), np.ones((0, 2), np.float32), [("x[0]", 0), ("x[1]", 0)]),
        (Tensor("x", "FP32", (1, 2)), np.full((1, 2), 0.5, "f"), [("x[0]", 1), ("x[1]", 1), ("x.confidence", 1)]),
        (Tensor("x", "FP32", (-1, 1, 2)), np.ones((3, 1, 2), np.float32), [("x[0]", 3), ("x[1]", 3)]),
    ],
)  # fmt: skip
def test_what_can_be_counted_of_a_tensor(tensor, array, expected):
    assert [(each.source, len(each.values)) for each in columns("output", [tensor], [{"x": array}])] == expected


def test_what_waits_to_be_counted_is_bounded(bundles, monkeypatch):
    monkeypatch.setattr(comparison, "MOST_ROWS", 10)
    compared = Comparison(Model.load(bundles / "twice").bundle, None, 60)
    for _ in range(5):
        compared.put({"x": np.ones((4, 3), np.float32)})
    compared.count(0)
    assert (compared.total(0)[0], compared.skipped) == (8, 3)
    monkeypatch.setattr(comparison, "MOST_BYTES", 10)
    for _ in range(2):
        compared.put({"x": np.ones((4, 3), np.float32)})
    compared.count(0)
    assert (compared.total(0)[0], compared.skipped) == (12, 4)


@pytest.fixture(scope="module")
def softmax(tmp_path_factory):
    """p = softmax(x), with a baseline of normal numbers in columns called `age` and `size`."""
    folder = tmp_path_factory.mktemp("softmax")
    node = helper.make_node("Softmax", ["x"], ["p"])
    shape = ["n", 2]
    model = models.make([node], [("x", TensorProto.FLOAT, shape)], [("p", TensorProto.FLOAT, shape)])
    build(models.save(model, folder / "m.onnx"), folder / "m")
    np.save(folder / "data.npy", np.random.default_rng(1).normal(size=(2000, 2)).astype(np.float32))
    make_baseline(folder / "m", folder / "data.npy", ["age", "size"])
    return folder / "m"


def body_of(rows):
    entry = {"name": "x", "datatype": "FP32", "shape": list(rows.shape), "data": rows.ravel().tolist()}
    return {"inputs": [entry]}


def values(text):
    lines = (line for line in text.splitlines() if line.startswith(("modelport_drift", "modelport_prediction")))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_server_shows_which_feature_has_drifted(start, softmax):
    server = start("--model", softmax, "--drift")
    rows = np.random.default_rng(2).normal(size=(2000, 2)).astype(np.float32)
    rows[:, 1] += 2
    with server.client() as client:
        for part in np.split(rows, 20):
            assert client.post("/v2/models/m/infer", json=body_of(part)).status_code == 200
        deadline, label = time.monotonic() + 60, 'model="m",version="1"'
        counts = f"modelport_drift_rows{{{label}}}", f'modelport_prediction_confidence_count{{{label},output="p"}}'
        while (found := values(client.get("/metrics").text)) and min(found.get(each, 0) for each in counts) < 2000:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    sides = {"age": "input", "size": "input", "p[0]": "output", "p.confidence": "output"}
    index = {
        name: found[f'modelport_drift_psi{{{label},side="{side}",feature="{name}"}}'] for name, side in sides.items()
    }
    assert index["age"] < 0.05
    assert min(index["size"], index["p[0]"]) > 1
    assert [found[count] for count in counts] == [2000, 2000]
    assert found[f"modelport_drift_skipped_total{{{label}}}"] == 0
    assert server.stop() == 0


def test_few_rows_say_nothing_and_time_forgets(watch, softmax, monkeypatch):
    ask = watch(Model.load(softmax), drift=1.0, drift_window=60.0)
    drift = ask.app.observer.drift
    drift._clock = lambda: now
    now = 1000.0
    rows = np.zeros((comparison.LEAST_ROWS - 1, 2), np.float32)
    ask("/v2/models/m/infer", body_of(rows))
    drift.count()
    found = values(ask("/metrics")[0].body.decode())
    assert found['modelport_drift_rows{model="m",version="1"}'] == 99
    assert not [name for name in found if name.startswith("modelport_drift_psi")]
    ask("/v2/models/m/infer", body_of(rows[:1]))
    drift.count()
    assert [name for name in values(ask("/metrics")[0].body.decode()) if name.startswith("modelport_drift_psi")]
    now += 61
    assert values(ask("/metrics")[0].body.decode())['modelport_drift_rows{model="m",version="1"}'] == 0


def test_what_is_not_in_the_sample_or_was_refused_is_not_compared(watch, softmax):
    ask = watch(Model.load(softmax), drift=0.0)
    ask("/v2/models/m/infer", body_of(np.zeros((5, 2), np.float32)))
    ask.app.observer.drift.count()
    assert values(ask("/metrics")[0].body.decode())['modelport_drift_rows{model="m",version="1"}'] == 0


def test_only_the_outputs_that_were_asked_for_are_compared(watch, tmp_path):
    nodes = [helper.make_node("Identity", ["x"], [name]) for name in ("a", "b")]
    model = models.make(nodes, [("x", TensorProto.FLOAT, ["n"])], [(n, TensorProto.FLOAT, ["n"]) for n in ("a", "b")])
    build(models.save(model, tmp_path / "m.onnx"), tmp_path / "m")
    np.save(tmp_path / "data.npy", np.linspace(0, 1, 200, dtype=np.float32))
    make_baseline(tmp_path / "m", tmp_path / "data.npy")
    ask = watch(Model.load(tmp_path / "m"), drift=1.0)
    entry = {"name": "x", "datatype": "FP32", "shape": [200], "data": [0.5] * 200}
    assert ask("/v2/models/m/infer", {"inputs": [entry], "outputs": [{"name": "b"}]})[0].status == 200
    ask.app.observer.drift.count()
    found = {name for name in values(ask("/metrics")[0].body.decode()) if name.startswith("modelport_drift_psi")}
    assert {name.rpartition("feature=")[2] for name in found} == {'"x"}', '"b"}'}


def test_a_model_without_a_baseline_serves_and_the_log_says_what_to_do(start, bundles):
    server = start("--model", bundles / "twice", "--drift", "0.5")
    assert server.get("/v2/health/ready").status_code == 200
    assert "no drift is measured; make a baseline: modelport bundle baseline" in server.errors
    assert server.stop() == 0


def test_columns_of_the_baseline_can_be_redacted_by_name(watch, softmax, tmp_path):
    ask = watch(Model.load(softmax), capture=str(tmp_path / "c"), capture_redact=("age",))
    ask("/v2/models/m/infer", body_of(np.array([[41, 2]], np.float32)))
    watch.close()
    (record,) = [json.loads(line) for line in (tmp_path / "c").read_text().splitlines()]
    assert record["inputs"][0]["data"] == [None, 2.0]
