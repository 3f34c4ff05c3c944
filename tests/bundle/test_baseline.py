"""How a bundle says what its data usually look like."""

import json
import shutil

import numpy as np
import pytest
from onnx import TensorProto, helper
from support import models

from modelport.bundle import BundleError, build, ensure, make_baseline
from modelport_server.bundle import load, verify
from modelport_server.bundle.sources import fetch


@pytest.fixture
def folder(doubling, tmp_path):
    build(doubling, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def data(tmp_path):
    """300 rows: numbers all over, one of three, always the same."""
    draw = np.random.default_rng(7)
    rows = np.stack([draw.normal(size=300), draw.integers(0, 3, 300), np.full(300, 5.0)], axis=1)
    np.savez(tmp_path / "data.npz", x=rows)
    return tmp_path / "data.npz"


def test_inputs_and_outputs_are_described_and_the_digest_stays(folder, data):
    before = load(folder).digest
    made = make_baseline(folder, data)
    assert verify(folder).baseline() == made
    assert (load(folder).digest, made.digest, made.rows) == (before, before, 300)
    features = {feature.name: feature for feature in made.features}
    assert list(features) == ["x[0]", "x[1]", "x[2]", "y[0]", "y[1]", "y[2]"]
    assert [feature.side for feature in made.features] == ["input"] * 3 + ["output"] * 3
    assert features["x[0]"].counts == (30,) * 10 + (0,)
    assert np.allclose(np.array(features["x[0]"].edges) * 2, features["y[0]"].edges, rtol=1e-4)
    assert features["x[1]"].categories == (0.0, 1.0, 2.0)
    assert sum(features["x[1]"].counts) == 300
    assert (features["x[2]"].categories, features["x[2]"].counts) == ((5.0,), (300, 0))


def test_every_kind_of_file_says_the_same(folder, data, tmp_path):
    rows = np.load(data)["x"].astype(np.float32)
    expected = make_baseline(folder, data)
    np.save(tmp_path / "data.npy", rows)
    np.savez(tmp_path / "unnamed.npz", rows)
    (tmp_path / "data.csv").write_text("\n".join(",".join(map(str, row)) for row in rows.tolist()))
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows.tolist())))
    for name in ("data.npy", "unnamed.npz", "data.csv", "data.jsonl"):
        assert make_baseline(folder, tmp_path / name) == expected, name


def test_columns_may_have_names(folder, data):
    made = make_baseline(folder, data, ["age", "kind", "same"])
    assert [(each.name, each.source) for each in made.features[:4]] == [
        ("age", "x[0]"), ("kind", "x[1]"), ("same", "x[2]"), ("y[0]", "y[0]"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        (["a", "b"], "2 names for 3 features"),
        (["a", "b", "a"], "empty, or there twice"),
        (["a", "b", ""], "empty, or there twice"),
    ],
)
def test_names_that_do_not_fit_are_refused(folder, data, columns, problem):
    with pytest.raises(BundleError, match=problem):
        make_baseline(folder, data, columns)
    assert load(folder).baseline() is None


@pytest.mark.parametrize(
    ("name", "write", "problem"),
    [
        ("few.npz", lambda file: np.savez(file, x=np.zeros((99, 3))), "has 99 rows"),
        ("wide.npz", lambda file: np.savez(file, x=np.zeros((100, 4))), r"shape \[100, 4\]"),
        ("other.npz", lambda file: np.savez(file, x=np.zeros((100, 3)), z=np.zeros(1)), "unknown input z"),
        ("words.npz", lambda file: np.savez(file, x=np.full((100, 3), "a")), "the model takes FP32"),
        ("huge.npz", lambda file: np.savez(file, x=np.full((100, 3), 1e300)), "beyond FP32"),
        ("pickle.npz", lambda file: np.savez(file, x=np.array([{}] * 100)), "no .npz of plain arrays"),
        ("cut.npz", lambda file: file.write_bytes(b"PK\3\4 and no more"), "no .npz of plain arrays"),
        ("array.npz", lambda file: file.write_bytes(b"\x93NUMPY"), "no .npz of plain arrays"),
        ("header.csv", lambda file: file.write_text("a,b,c\n1,2,3\n"), "send no header"),
        ("data.txt", lambda file: file.write_text("1"), "is of no known kind: .txt"),
        ("none.csv", lambda file: None, "No such file"),
        ("none.npz", lambda file: None, "No such file"),
    ],
)
def test_data_that_do_not_fit_are_refused_and_nothing_is_written(folder, tmp_path, name, write, problem):
    write(tmp_path / name)
    with pytest.raises(BundleError, match=problem):
        make_baseline(folder, tmp_path / name)
    assert load(folder).baseline() is None


def test_a_model_of_texts_counts_the_most_frequent_and_the_others_together(tmp_path):
    build(models.save(models.identity(TensorProto.STRING), tmp_path / "s.onnx"), tmp_path / "s")
    words = [f"w{number}" for number in range(40) for _ in range(10 if number < 20 else 1)]
    np.savez(tmp_path / "data.npz", x=np.array(words))
    source, output = make_baseline(tmp_path / "s", tmp_path / "data.npz").features
    assert (source.categories, output.categories) == (tuple(sorted(set(words[:200]))),) * 2
    assert source.counts == (10,) * 20 + (20,)


def test_large_instances_are_described_by_mean_and_deviation_and_a_fixed_batch_is_kept_to(tmp_path):
    node = helper.make_node("Identity", ["image"], ["same"])
    shape = [4, 3, 20, 20]
    model = models.make([node], [("image", TensorProto.FLOAT, shape)], [("same", TensorProto.FLOAT, shape)])
    build(models.save(model, tmp_path / "m.onnx"), tmp_path / "m")
    np.savez(tmp_path / "data.npz", image=np.random.default_rng(1).normal(size=(102, 3, 20, 20)).astype(np.float32))
    made = make_baseline(tmp_path / "m", tmp_path / "data.npz")
    assert [(each.name, sum(each.counts)) for each in made.features] == [
        ("image.mean", 102), ("image.deviation", 102), ("same.mean", 100), ("same.deviation", 100),
    ]  # fmt: skip


def test_probabilities_have_a_confidence(tmp_path):
    node = helper.make_node("Softmax", ["x"], ["p"])
    model = models.make([node], [("x", TensorProto.FLOAT, ["n", 3])], [("p", TensorProto.FLOAT, ["n", 3])])
    build(models.save(model, tmp_path / "m.onnx"), tmp_path / "m")
    np.savez(tmp_path / "data.npz", x=np.random.default_rng(1).normal(size=(200, 3)))
    made = make_baseline(tmp_path / "m", tmp_path / "data.npz")
    assert made.features[-1].source == "p.confidence"
    assert sum(made.features[-1].counts) == 200
    assert made.features[-1].edges[0] >= 1 / 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda content: content.update(digest="sha256:other"), "made with sha256:other", id="another"),
        pytest.param(lambda content: content.update(format=2), "this version reads format 1", id="format"),
        pytest.param(lambda content: content.pop("features"), "malformed", id="cut"),
        pytest.param(lambda content: content["features"].append(content["features"][0]), "twice", id="twice"),
        pytest.param(lambda content: content["features"][0].update(counts=[1]), "do not agree", id="short"),
        pytest.param(lambda content: content["features"][0]["counts"].__setitem__(0, -1), "whole numbers", id="sign"),
        pytest.param(lambda content: content["features"][0]["counts"].__setitem__(0, "1"), "whole numbers", id="text"),
        pytest.param(lambda content: content["features"][0]["edges"].reverse(), "ascend", id="order"),
        pytest.param(lambda content: content["features"][0].update(side="both"), "a side", id="side"),
        pytest.param(lambda content: content["features"][0].update(tensor="z"), "no input z", id="tensor"),
        pytest.param(lambda content: content["features"].__setitem__(0, "x"), "malformed", id="kind"),
    ],
)
def test_verify_refuses_a_baseline_that_is_wrong(folder, data, change, problem):
    make_baseline(folder, data)
    content = json.loads((folder / "baseline.json").read_text())
    change(content)
    (folder / "baseline.json").write_text(json.dumps(content))
    with pytest.raises(Exception, match=problem) as refused:
        verify(folder)
    assert "modelport bundle baseline" in str(refused.value)


def test_a_bundle_in_the_cache_gets_the_baseline_that_its_source_has_now(folder, data, tmp_path):
    def cached():
        return ensure(str(folder), base=tmp_path, cache=tmp_path / "cache").baseline()

    assert cached() is None
    made = make_baseline(folder, data)
    assert cached() == made
    (folder / "baseline.json").unlink()
    assert cached() is None


def test_a_baseline_comes_with_a_bundle_in_an_archive(folder, data, tmp_path):
    made = make_baseline(folder, data)
    shutil.make_archive(str(tmp_path / "packed"), "gztar", folder)
    (found,) = fetch(str(tmp_path / "packed.tar.gz"), tmp_path / "cache")
    assert load(found).baseline() == made
