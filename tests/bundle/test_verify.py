import json

import pytest

from modelport.bundle import build
from modelport_server.bundle import BundleError, load, verify


@pytest.fixture
def folder(doubling, tmp_path):
    build(doubling, tmp_path / "out")
    return tmp_path / "out"


def test_a_changed_file_is_named_with_both_hashes(folder):
    model = folder / "model" / "model.onnx"
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(content)
    with pytest.raises(BundleError, match=r"model/model.onnx: sha256 \w{64}, recorded \w{64}"):
        verify(folder)


def test_a_shorter_file_is_named_with_both_sizes(folder):
    (folder / "model" / "model.onnx").write_bytes(b"short")
    with pytest.raises(BundleError, match=r"model/model.onnx: 5 bytes, recorded \d+"):
        verify(folder)


def test_missing_and_added_files_are_named_together(folder):
    (folder / "model" / "model.onnx").rename(folder / "model" / "other.onnx")
    with pytest.raises(BundleError, match=r"model\.onnx: missing; model/other\.onnx: not in bundle\.json"):
        verify(folder)


@pytest.mark.parametrize("name", ["sample.json", "expected.json"])
def test_a_bundle_without_its_sample_or_answer_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(BundleError, match=name):
        verify(folder)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param(lambda manifest: manifest.update(name="other"), "its content gives sha256", id="edited"),
        pytest.param(lambda manifest: manifest.update(format=2), "format 2, this version reads format 1", id="format"),
        pytest.param(lambda manifest: manifest.pop("files"), "malformed", id="cut"),
        pytest.param(lambda manifest: manifest["files"][0].update(path="../x"), "outside the bundle", id="escape"),
    ],
)
def test_a_manifest_that_lies_is_refused(folder, change, problem):
    manifest = json.loads((folder / "bundle.json").read_text())
    change(manifest)
    (folder / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=problem):
        load(folder)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path):
    with pytest.raises(BundleError, match=r"it has no bundle\.json"):
        load(tmp_path)
