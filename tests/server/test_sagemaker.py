"""SageMaker: its container contract, and its own client through a stand-in for its runtime."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from modelport_server.health import Health

# What the runtime lets through to a container; everything else of the client's is stripped.
PASSED = ("content-type", "accept", "x-amzn-sagemaker-custom-attributes", "x-amzn-sagemaker-inference-id")


@pytest.mark.parametrize(("health", "status"), [(Health.STARTING, 503), (Health.READY, 200), (Health.DRAINING, 503)])
def test_ping_is_an_empty_answer_whose_status_is_the_health(ask, health, status):
    ask.app.health = health
    response, _ = ask("/ping")
    assert (response.status, response.body) == (status, b"")


class Runtime(BaseHTTPRequestHandler):
    """InvokeEndpoint: strips headers, and turns a container's error into a ModelError."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name: self.headers[name] for name in PASSED if name in self.headers}
        answer = httpx.post(f"{self.server.container}/invocations", content=body, headers=headers)
        content, more = answer.content, {"content-type": answer.headers["content-type"]}
        if attributes := answer.headers.get("x-amzn-sagemaker-custom-attributes"):
            more["x-amzn-sagemaker-custom-attributes"] = attributes
        if answer.status_code != 200:
            error = {"OriginalStatusCode": answer.status_code, "OriginalMessage": answer.text, "Message": "Received"}
            content, more = json.dumps(error).encode(), {"x-amzn-errortype": "ModelError"}
        self.send_response(200 if answer.status_code == 200 else 424)
        for name, value in {**more, "content-length": len(content)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@contextmanager
def runtime(container):
    """A client of a runtime before the container."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    server.container = container
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield boto3.client(
        "sagemaker-runtime",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="eu-central-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"max_attempts": 1}),
    )
    server.shutdown()
    server.server_close()


def test_the_platforms_client_gets_answers_and_errors(start, bundles):
    server = start("--model", bundles / "twice")
    with runtime(f"http://127.0.0.1:{server.port}") as client:
        answer = client.invoke_endpoint(
            EndpointName="e", Body=b"1,2,3", ContentType="text/csv", Accept="text/csv", CustomAttributes="trace=7"
        )
        assert (answer["Body"].read(), answer["ContentType"]) == (b"2.0,4.0,6.0\n", "text/csv")
        assert answer["CustomAttributes"] == "trace=7"
        with pytest.raises(ClientError) as raised:
            client.invoke_endpoint(EndpointName="e", Body=b"1,2", ContentType="text/csv")
    error = raised.value.response
    assert (error["Error"]["Code"], error["OriginalStatusCode"]) == ("ModelError", 400)
    assert json.loads(error["OriginalMessage"])["code"] == "invalid_input"
