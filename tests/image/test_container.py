"""The image as platforms run it: any user, nothing to write to, no capability."""

import csv
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import onnxruntime
import pytest
import tritonclient.grpc
from support import models
from support.container import Container
from support.image import readable

from modelport.bundle import build

pytestmark = [pytest.mark.image, pytest.mark.timeout(900)]

MODELS = Path(__file__).parents[2] / "stacks" / "models"
MODELPORT = Path(sys.executable).parent / "modelport"
USERS = {"its own user": None, "any user": "12345:12345", "root": "0:0"}
PLATFORMS = {
    "sagemaker": {
        "words": ["serve"],
        "mount": "/opt/ml/model",
        "env": {"SAGEMAKER_BIND_TO_PORT": "8081"},
        "port": 8081,
        "health": "/ping",
        "score": "/invocations",
    },
    "vertex": {
        "words": [],
        "mount": "/gcs/bucket/digits",
        "env": {
            "AIP_HTTP_PORT": "8088",
            "AIP_HEALTH_ROUTE": "/v1/endpoints/1/deployedModels/2",
            "AIP_PREDICT_ROUTE": "/v1/endpoints/1/deployedModels/2:predict",
            "AIP_STORAGE_URI": "/gcs/bucket/digits",
        },
        "port": 8088,
        "health": "/v1/endpoints/1/deployedModels/2",
        "score": "/v1/endpoints/1/deployedModels/2:predict",
    },
    "azureml": {
        "words": [],
        "mount": "/var/azureml-app/azureml-models/digits/1",
        "env": {"AZUREML_MODEL_DIR": "/var/azureml-app/azureml-models/digits/1"},
        "port": 8080,
        "health": "/v2/health/ready",
        "score": "/score",
    },
    "kserve": {
        "words": ["serve"],
        "mount": "/mnt/models",
        "env": {},
        "port": 8080,
        "health": "/v2/health/ready",
        "score": "/v1/models/digits:predict",
    },
}
WIRES = {"v2": "kserve", "v1": "kserve", "v2-grpc": "kserve"} | {name: name for name in PLATFORMS if name != "kserve"}


@pytest.fixture(scope="module")
def images():
    """Twenty images that training did not see."""
    with (MODELS / "digits-test.csv").open() as file:
        rows = [[float(cell) for cell in row[1:]] for row, _ in zip(csv.reader(file), range(20), strict=False)]
    return np.array(rows, np.float32)


@pytest.fixture(scope="module")
def labels(images):
    """What onnxruntime here makes of them."""
    return onnxruntime.InferenceSession(MODELS / "digits.onnx").run(["label"], {"pixels": images})[0].tolist()


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A bundle of a model that takes its time."""
    folder = tmp_path_factory.mktemp("slow")
    build(models.save(models.counting(), folder / "slow.onnx"), folder / "slow")
    return readable(folder) / "slow"


@pytest.mark.parametrize(
    ("name", "user"), [(name, "its own user") for name in PLATFORMS] + [("sagemaker", "root"), ("kserve", "any user")]
)
def test_every_platform_starts_it_asks_it_and_stops_it(start, digits, images, labels, name, user):
    platform = PLATFORMS[name]
    mounts, port = {platform["mount"]: digits}, platform["port"]
    container = start(*platform["words"], user=USERS[user], env=platform["env"], mounts=mounts, ports=(port,))
    container.ready()
    with container.client(port) as client:
        assert client.get(platform["health"]).status_code == 200
        answer = client.post(platform["score"], json={"instances": images.tolist()})
    assert answer.status_code == 200, answer.text
    assert [prediction["label"] for prediction in answer.json()["predictions"]] == labels
    assert container.stop() == 0, container.logs()


def test_it_answers_grpc(start, digits, images, labels):
    container = start(env={"MODELPORT_GRPC_PORT": "9000"}, mounts={"/mnt/models": digits}, ports=(9000,))
    container.ready()
    client = tritonclient.grpc.InferenceServerClient(container.address(9000))
    tensor = tritonclient.grpc.InferInput("pixels", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    assert client.infer("digits", [tensor]).as_numpy("label").tolist() == labels
    client.close()


def test_it_finishes_what_it_has_when_it_is_told_to_stop(start, slow):
    container = start(mounts={"/mnt/models": slow})
    container.ready()
    with container.client() as client:
        count(client, 50_000)  # the server learns that this model is slow
        answers = []
        asking = threading.Thread(target=lambda: answers.append(count(client, 1_000_000)))
        asking.start()
        while inflight(container) < 2:  # this scrape and the slow request
            time.sleep(0.01)
        assert answers == []
        assert container.stop() == 0, container.logs()
        asking.join()
    assert answers == [1_000_000]


def test_it_can_be_stopped_before_it_serves(start):
    """Process 1 of a container gets no signal that it has not asked for."""
    container = start("serve", "--wait-for-go")
    deadline = time.monotonic() + 60
    while container.running() and time.monotonic() < deadline:
        container.terminate()  # until Python has asked
    assert not container.running()
    assert container.wait() == 0


def test_it_writes_nothing_where_it_could(start, digits, images):
    container = start(read_only=False, user="0:0", mounts={"/mnt/models": digits})
    container.ready()
    with container.client() as client:
        assert client.post("/invocations", json={"instances": images.tolist()}).status_code == 200
    assert container.stop() == 0
    made_by_the_engine = ("/mnt", "/etc/", "/run", "/dev", "/proc", "/sys")
    assert [path for path in container.written() if not path.startswith(made_by_the_engine)] == []


def test_it_starts_from_compiled_code_alone(engine, image):
    program = (
        "import azure.identity, boto3, cryptography.x509, google.auth, onnx, onnxruntime, requests;"
        "import modelport_server.serve, modelport_server.grpc_service, modelport_server.transport.http2.connection"
    )
    options = ("--rm", "--read-only", "--entrypoint", "python3")
    command = engine.run_command(image.name, "-v", "-c", program, options=options)
    said = subprocess.run(command, capture_output=True, text=True, timeout=120).stderr.splitlines()
    assert any(line.endswith("modelport_server/serve.py") and " matches " in line for line in said)
    assert [line for line in said if line.startswith("# code object from") and line.endswith(".py'")] == []


def test_a_provider_that_is_not_there_ends_it_with_the_reason(start, digits):
    container = start("serve", "--provider", "cuda", mounts={"/mnt/models": digits})
    assert container.wait() == 1
    assert "Use the GPU image on a node with a GPU, or --provider cpu." in container.logs()


def test_a_store_without_a_place_to_keep_it_ends_it_with_the_reason(start):
    container = start("serve", "--model", "https://127.0.0.1:9/digits.onnx")
    assert container.wait() != 0
    assert "--cache" in container.logs()
    assert "Traceback" not in container.logs()


@pytest.mark.parametrize("wire", WIRES)
def test_it_passes_the_conformance_kit(start, digits, wire):
    platform, routes = PLATFORMS[WIRES[wire]], []
    port = 9000 if wire == "v2-grpc" else platform["port"]
    if wire in ("vertex", "azureml"):
        routes = ["--score-path", platform["score"], "--ready-path", platform["health"]]
    env = {**platform["env"], "MODELPORT_GRPC_PORT": "9000"}
    container = start(*platform["words"], env=env, mounts={platform["mount"]: digits}, ports=(port,))
    container.ready()
    command = [MODELPORT, "conformance", container.url(port), "--wire", wire, "--bundle", digits, *routes, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def count(client, number: int) -> int:
    entry = {"name": "x", "shape": [1], "datatype": "INT64", "data": [number]}
    return client.post("/v2/models/slow/infer", json={"inputs": [entry]}).json()["outputs"][0]["data"][0]


def inflight(container: Container) -> int:
    text = httpx.get(f"{container.url()}/metrics", timeout=60).text
    return int(text.partition("\nmodelport_requests_inflight ")[2].partition("\n")[0])
