import json

import numpy as np
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from support.models import save, scaling

from modelport_server.bundle.signature import check


@pytest.fixture
def bundle(project, modelport):
    assert modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle").code == 0
    return project / "bundle"


def test_build_says_what_the_model_takes_and_gives(project, modelport):
    answer = modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle", "--name", "fraud", "--version", "7")
    digest = json.loads((project / "bundle" / "bundle.json").read_text())["digest"]
    lines = answer.out.splitlines()
    assert lines[0].startswith(f"fraud 7  {digest}  ")
    assert lines[1:3] == ["  takes  x  FP32[-1, 3]", "  gives  y  FP32[-1, 3]"]
    assert lines[-1] == "next: modelport bundle verify bundle"


def test_the_same_model_has_the_same_digest(project, bundle, modelport):
    again = modelport("bundle", "build", "models/fraud.onnx", "-o", "again", "--json").json
    assert again["digest"] == modelport("bundle", "verify", "bundle", "--json").json["digest"]


def test_a_given_sample_is_the_one_that_is_kept(project, modelport):
    sample = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [4.0, 5.0, 6.0]}]}
    (project / "sample.json").write_text(json.dumps(sample))
    assert modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle", "--sample", "sample.json").code == 0
    assert json.loads((project / "bundle" / "sample.json").read_text())["inputs"] == sample["inputs"]


def test_verify_fails_with_what_differs(bundle, modelport):
    model = bundle / "model" / "model.onnx"
    model.write_bytes(model.read_bytes() + b"\0")
    answer = modelport("bundle", "verify", str(bundle), "--json")
    assert (answer.code, answer.out) == (1, "")
    assert f"model/model.onnx: {model.stat().st_size} bytes, recorded {model.stat().st_size - 1}" in answer.err


def test_a_model_that_cannot_be_served_makes_no_bundle(project, modelport):
    (project / "models" / "fraud.onnx").write_bytes(b"not a model")
    answer = modelport("bundle", "build", "models/fraud.onnx", "-o", "bundle")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("models/fraud.onnx\n  ")
    assert not (project / "bundle").exists()


def test_a_folder_of_other_things_is_not_replaced(project, modelport):
    answer = modelport("bundle", "build", "models/fraud.onnx", "-o", "services")
    assert answer.code == 1
    assert (project / "services" / "fraud.yaml").exists()


def test_a_baseline_is_written_into_the_bundle(project, bundle, modelport):
    rows = "\n".join(f"{number},{number % 3},5" for number in range(200))
    (project / "data.csv").write_text(rows)
    answer = modelport("bundle", "baseline", "bundle", "--data", "data.csv", "--columns", "a,b,c")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines() == [
        "baseline of 200 rows, 6 features",
        "next: modelport-server --model bundle --drift",
    ]
    assert modelport("bundle", "verify", "bundle").code == 0
    made = modelport("bundle", "baseline", "bundle", "--data", "data.csv", "--json").json
    assert made == json.loads((bundle / "baseline.json").read_text())


def test_a_baseline_of_data_that_do_not_fit_is_refused(project, bundle, modelport):
    (project / "data.csv").write_text("1,2\n")
    answer = modelport("bundle", "baseline", "bundle", "--data", "data.csv")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("data.csv\n  row 1 has 2 columns, the model takes 3.\n")
    assert not (bundle / "baseline.json").exists()


def test_optimize_makes_a_bundle_and_says_how_far_it_is_from_the_original(project, bundle, modelport):
    answer = modelport("bundle", "optimize", "bundle", "--precision", "fp16")
    assert answer.code == 0, answer.err
    digest = json.loads((project / "bundle-fp16" / "bundle.json").read_text())["digest"]
    lines = answer.out.splitlines()
    assert lines[0].startswith(f"fraud 1  {digest}  ")
    assert lines[3:] == [
        "  error  y  0 of 0.01  largest difference 0  100.00% agree",
        "  measured over the bundle's sample alone: give rows with --calibration",
        "next: name bundle-fp16 in model.source of a service file",
    ]
    assert modelport("bundle", "verify", "bundle-fp16").code == 0


def test_optimize_tells_machines_the_same(project, bundle, modelport):
    np.savez(project / "rows.npz", x=np.array([[0.1, 0.2, 0.3]] * 5, np.float32))
    words = ["optimize", "bundle", "--precision", "fp16", "--calibration", "rows.npz", "-o", "half", "--json"]
    made = modelport("bundle", *words).json
    assert (made["precision"], made["error"]["rows"], made["error"]["max"]) == ("fp16", 5, 0.01)
    assert made["provenance"]["source"] == modelport("bundle", "verify", "bundle", "--json").json["digest"]
    assert made["error"]["outputs"]["y"] == {"error": 0.0, "agreement": 1.0, "largest": 0.0}


def test_optimize_refuses_an_error_above_the_bound(project, modelport):
    save(scaling(1 / 3), project / "models" / "fraud.onnx")
    assert modelport("bundle", "build", "models/fraud.onnx", "-o", "third").code == 0
    answer = modelport("bundle", "optimize", "third", "--precision", "fp16", "--max-error", "1e-6")
    assert (answer.code, answer.out) == (1, "")
    assert "in fp16 its error is y 0.000244, and 1e-06 is allowed" in answer.err
    assert not (project / "third-fp16").exists()
    assert modelport("bundle", "optimize", "third", "--precision", "fp16").code == 0


@pytest.mark.parametrize("words", [["--precision", "fp8"], [], ["--precision", "fp16", "--max-error", "-1"]])
def test_optimize_knows_what_it_can_make(bundle, modelport, words):
    assert modelport("bundle", "optimize", "bundle", *words).code == 2


@pytest.fixture
def key(project):
    """An ed25519 key, in key.pem with the password `secret`."""
    key = ed25519.Ed25519PrivateKey.generate()
    hidden = serialization.BestAvailableEncryption(b"secret")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    (project / "key.pem").write_bytes(pem)
    return key


def test_sign_makes_a_signature_that_the_public_key_knows(bundle, modelport, key, monkeypatch):
    monkeypatch.setenv("MODELPORT_KEY_PASSWORD", "secret")
    answer = modelport("bundle", "sign", "bundle", "--key", "key.pem")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[-1] == "next: modelport-server --model bundle --public-key PUBLIC.pem"
    pem = serialization.PublicFormat.SubjectPublicKeyInfo
    check(bundle, key.public_key().public_bytes(serialization.Encoding.PEM, pem))


@pytest.mark.parametrize("password", ["wrong-one", None])
def test_a_key_that_cannot_be_read_signs_nothing(bundle, modelport, key, monkeypatch, password):
    if password:
        monkeypatch.setenv("MODELPORT_KEY_PASSWORD", password)
    answer = modelport("bundle", "sign", "bundle", "--key", "key.pem")
    assert (answer.code, "the private key\n  cannot be read" in answer.err) == (1, True)
    assert "wrong-one" not in answer.err
    assert not (bundle / "bundle.json.sig").exists()
    answer = modelport("bundle", "sign", "bundle", "--key", "nowhere.pem")
    assert (answer.code, "nowhere.pem\n  cannot be read" in answer.err) == (1, True)


def test_a_damaged_bundle_is_not_signed(bundle, modelport, key, monkeypatch):
    monkeypatch.setenv("MODELPORT_KEY_PASSWORD", "secret")
    (bundle / "model" / "model.onnx").write_bytes(b"")
    answer = modelport("bundle", "sign", "bundle", "--key", "key.pem")
    assert (answer.code, "differs from its digest" in answer.err) == (1, True)
