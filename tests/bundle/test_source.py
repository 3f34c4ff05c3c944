import hashlib
import subprocess
import sys

import pytest
from support import models

from modelport.bundle import BundleError, build, ensure
from modelport_server.bundle import verify


@pytest.fixture
def cache(tmp_path):
    return tmp_path / ".modelport" / "bundles"


@pytest.fixture
def get(doubling, cache):
    """Ensure the doubling model, or another source beside it."""
    return lambda source="doubling.onnx", **options: ensure(source, base=doubling.parent, cache=cache, **options)


def test_a_model_is_built_once_under_its_digest(get, cache):
    first = get(name="twice", version="7")
    made = first.model.stat().st_ino
    assert (first.name, first.version) == ("twice", "7")
    assert first.path == cache / first.digest.removeprefix("sha256:")
    assert get(name="twice", version="7") == first
    assert first.model.stat().st_ino == made


def test_a_cached_model_needs_neither_onnx_nor_onnxruntime(get, doubling, cache):
    get()
    code = (
        "import sys; from pathlib import Path; from modelport.bundle import ensure;"
        f"ensure('doubling.onnx', base=Path({str(doubling.parent)!r}), cache=Path({str(cache)!r}));"
        "sys.exit(bool({'onnx', 'onnxruntime', 'numpy'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_changed_model_is_another_bundle(get, doubling):
    first = get()
    models.save(models.scaling(3.0), doubling)
    assert get().digest != first.digest


def test_changed_external_data_is_another_bundle(get, tmp_path):
    models.with_external_data(tmp_path)
    first = get("external.onnx")
    assert get("external.onnx") == first
    (tmp_path / "weights.bin").write_bytes(bytes(12))
    assert get("external.onnx").digest != first.digest


@pytest.mark.parametrize("damaged", ["model/model.onnx", "bundle.json"])
def test_a_damaged_cache_heals(get, damaged):
    bundle = get()
    (bundle.path / damaged).unlink()
    assert get() == bundle == verify(bundle.path)


def test_a_bundle_keeps_its_name_and_digest(get, doubling, tmp_path):
    built = build(doubling, tmp_path / "ready", name="twice")
    kept = get("ready", name="other")
    assert (kept.name, kept.digest) == ("twice", built.digest)
    assert kept.path != built.path


def test_a_damaged_bundle_is_refused(get, doubling, tmp_path):
    build(doubling, tmp_path / "ready")
    (tmp_path / "ready" / "model" / "model.onnx").write_bytes(b"")
    with pytest.raises(BundleError, match="differs from its digest"):
        get("ready")


def test_a_hash_that_fits_is_accepted_in_both_spellings(get, doubling):
    actual = hashlib.sha256(doubling.read_bytes()).hexdigest()
    assert get(sha256=actual) == get(sha256=f"sha256:{actual}")


def test_a_hash_that_does_not_fit_names_both(get, doubling, cache):
    actual = hashlib.sha256(doubling.read_bytes()).hexdigest()
    with pytest.raises(BundleError, match=f"has sha256 {actual}, the config says {'0' * 64}"):
        get(sha256="0" * 64)
    assert not cache.exists()


def test_a_missing_model_is_named(get, tmp_path):
    with pytest.raises(BundleError, match=rf"{tmp_path}/nowhere\.onnx\n  the model is missing"):
        get("nowhere.onnx")


@pytest.mark.parametrize("source", ["mlflow:models:/fraud/3", "ftp://host/m.onnx"])
def test_a_source_of_another_kind_says_that_it_is_not_built(get, source):
    kind = source.partition(":")[0]
    with pytest.raises(BundleError, match=f"sources of kind {kind} are not built yet"):
        get(source)
