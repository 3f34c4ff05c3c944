"""A service on Vertex AI is asked from the command line."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PATH = "/v1/projects/shop/locations/europe-west4/endpoints/1:rawPredict"
ANSWER = {"outputs": [{"name": "score", "datatype": "FP32", "shape": [1], "data": [0.5]}]}
DENIED = "Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/endpoints/1'"


class Endpoint(BaseHTTPRequestHandler):
    """Answers who has a token, and notes what it is asked."""

    asked = ()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Endpoint.asked = (self.path, self.headers["Authorization"], json.loads(body))
        may = self.headers["Authorization"] == "Bearer of-a-caller"
        answer = ANSWER if may else {"error": {"status": "PERMISSION_DENIED", "message": DENIED}}
        self.send_response(200 if may else 403)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{PATH}"
        server.shutdown()
        thread.join()


@pytest.fixture
def invoke(project, modelport, monkeypatch):
    """Ask the service `fraud`, of which this is the address, with a token."""

    def invoke(url, token):
        monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", token)
        endpoint = {"url": url, "auth": {"kind": "google", "audience": None, "principal": None}}
        made = {"endpoint": endpoint, "invoke": "curl -k of-the-outputs"}
        outputs = {"services": {"fraud": {"targets": {"vertex": made}, "model": {"digest": "sha256:1"}}}}
        monkeypatch.setattr("modelport.cli.engines.embedded.Embedded.outputs", lambda *_: outputs)
        Path("request.json").write_text('{"inputs": []}')
        return modelport("invoke", "fraud", "--data", "request.json")

    return invoke


def test_a_service_is_asked_with_googles_credentials(invoke, address):
    answer = invoke(address, "of-a-caller")
    assert (answer.code, answer.out) == (0, "score  FP32[1]  [0.5]\n")
    assert Endpoint.asked == (PATH, "Bearer of-a-caller", {"inputs": []})


def test_who_may_not_ask_hears_what_lacks(invoke, address):
    answer = invoke(address, "of-a-stranger")
    assert answer.code == 1
    assert f"PERMISSION_DENIED: {DENIED}" in answer.err
    assert "aiplatform.endpoints.predict" in answer.err.splitlines()[-1]
    assert "of-a-stranger" not in answer.err


def test_a_private_service_is_asked_from_its_network(invoke):
    answer = invoke(f"https://10.0.0.3{PATH}", "of-a-caller")
    assert answer.code == 1
    assert "is an address in your network" in answer.err and "curl -k of-the-outputs" in answer.err


def test_a_service_of_jobs_says_how_to_start_one(invoke):
    answer = invoke("https://europe-west4-aiplatform.googleapis.com/v1/p/batchPredictionJobs", "of-a-caller")
    assert answer.code == 1
    assert "answers with files in Cloud Storage" in answer.err and "curl -k of-the-outputs" in answer.err
