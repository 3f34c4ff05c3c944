"""Every wire carries the same tensors in and the same numbers out, and tells of an error by the same code."""

import io
import json

import grpc
import httpx
import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from onnx import TensorProto, helper
from support import models

ROWS = np.array([[0.1, -2, 3e7], [1 / 3, 5e-3, 0]], np.float32)


@pytest.fixture(scope="module")
def served(serve, tmp_path_factory):
    """A server of m: y = softmax(x), for x FP32 [n, 3]."""
    node = helper.make_node("Softmax", ["x"], ["y"], axis=1)
    shape = ["n", 3]
    model = models.make([node], [("x", TensorProto.FLOAT, shape)], [("y", TensorProto.FLOAT, shape)])
    return serve("--model", models.save(model, tmp_path_factory.mktemp("models") / "m.onnx"), "--grpc-port", 0)


@pytest.fixture
def http(served):
    with served.client() as client:
        yield client


def v2_json(http, served, rows):
    entry = {"name": "x", "datatype": "FP32", "shape": list(rows.shape), "data": rows.ravel().tolist()}
    answer = ok(http.post("/v2/models/m/infer", json={"inputs": [entry]})).json()["outputs"][0]
    return np.array(answer["data"], np.float32).reshape(answer["shape"])


def triton(library, address, rows, **options):
    given = library.InferInput("x", list(rows.shape), "FP32")
    given.set_data_from_numpy(rows, **options)
    with library.InferenceServerClient(address) as client:
        return client.infer("m", [given], request_id="7").as_numpy("y")


def v2_binary(http, served, rows):
    return triton(triton_http, f"127.0.0.1:{served.port}", rows, binary_data=True)


def v2_triton_json(http, served, rows):
    return triton(triton_http, f"127.0.0.1:{served.port}", rows, binary_data=False)


def v2_grpc(http, served, rows):
    return triton(triton_grpc, f"127.0.0.1:{served.ready['grpc']}", rows)


def v1(http, served, rows):
    answer = ok(http.post("/v1/models/m:predict", json={"instances": rows.tolist()}))
    return np.array(answer.json()["predictions"], np.float32)


def sagemaker_csv(http, served, rows):
    text = "\n".join(",".join(map(str, row)) for row in rows)
    answer = ok(http.post("/invocations", content=text, headers={"content-type": "text/csv"}))
    return np.loadtxt(io.StringIO(answer.text), delimiter=",", dtype=np.float32)


def sagemaker_npy(http, served, rows):
    file = io.BytesIO()
    np.save(file, rows)
    answer = ok(http.post("/invocations", content=file.getvalue(), headers={"content-type": "application/x-npy"}))
    return np.load(io.BytesIO(answer.content))


def sagemaker_lines(http, served, rows):
    text = "\n".join(json.dumps(row.tolist()) for row in rows)
    answer = ok(http.post("/invocations", content=text, headers={"content-type": "application/jsonlines"}))
    return np.array([json.loads(line) for line in answer.text.splitlines()], np.float32)


def clouds_binary(http, served, rows):
    entry = {"name": "x", "datatype": "FP32", "shape": list(rows.shape)}
    entry["parameters"] = {"binary_data_size": rows.nbytes}
    text = json.dumps({"inputs": [entry], "parameters": {"binary_data_output": True}}).encode()
    kind = "application/vnd.vertex-ai-triton.binary+json"
    headers = {"content-type": f"{kind};json-header-size={len(text)}"}
    answer = ok(http.post("/score", content=text + rows.tobytes(), headers=headers))
    size = int(answer.headers["content-type"].partition("json-header-size=")[2])
    return np.frombuffer(answer.content[size:], np.float32).reshape(rows.shape)


def ok(answer: httpx.Response) -> httpx.Response:
    assert answer.status_code == 200, answer.text
    return answer


WIRES = [
    v2_json, v2_binary, v2_triton_json, v2_grpc, v1, sagemaker_csv, sagemaker_npy, sagemaker_lines, clouds_binary,
]  # fmt: skip


@pytest.mark.parametrize("wire", WIRES)
def test_the_same_tensors_in_give_the_same_numbers_out(served, http, wire):
    shifted = np.exp(ROWS - ROWS.max(axis=1, keepdims=True, initial=-np.inf))
    answer = wire(http, served, ROWS)
    assert answer.tobytes() == v2_json(http, served, ROWS).tobytes()
    assert np.allclose(answer, shifted / shifted.sum(axis=1, keepdims=True), rtol=1e-6)


ENTRY = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [1, 2]}
WRONG_SHAPE = [
    ("/v2/models/m/infer", "application/json", json.dumps({"inputs": [ENTRY]})),
    ("/v1/models/m:predict", "application/json", '{"instances": [[1, 2]]}'),
    ("/invocations", "application/json", json.dumps({"inputs": [ENTRY]})),
    ("/invocations", "text/csv", "1,2"),
    ("/invocations", "application/jsonlines", "[1,2]"),
    ("/score", "application/json", '{"instances": [[1, 2]]}'),
]


@pytest.mark.parametrize(("path", "content_type", "body"), WRONG_SHAPE)
def test_the_same_fault_has_the_same_code(http, path, content_type, body):
    answer = http.post(path, content=body, headers={"content-type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_the_same_fault_has_the_same_code_over_grpc(served, http):
    with pytest.raises(triton_grpc.InferenceServerException) as raised:
        v2_grpc(http, served, ROWS[:, :2].copy())
    assert raised.value.status() == str(grpc.StatusCode.INVALID_ARGUMENT)


def test_the_standard_client_learns_all_it_asks(served):
    with triton_http.InferenceServerClient(f"127.0.0.1:{served.port}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("m")
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        assert client.get_model_metadata("m")["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}]
        with pytest.raises(triton_http.InferenceServerException, match="no model other"):
            client.get_model_metadata("other")
        given = triton_http.InferInput("x", [2, 3], "FP32")
        given.set_data_from_numpy(ROWS)
        wanted = [triton_http.InferRequestedOutput("y", binary_data=False)]
        answer = client.infer("m", [given], outputs=wanted, request_id="42").get_response()
        assert (answer["id"], len(answer["outputs"][0]["data"])) == ("42", 6)
