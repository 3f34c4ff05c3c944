"""Traces and metrics over OTLP, to a collector that takes them as a real one does."""

import subprocess
import sys
import time

import grpc
import pytest
from support.collector import attributes, collecting
from support.server import free_port
from tritonclient.grpc import service_pb2, service_pb2_grpc

from modelport_server.observe import otlp

ENTRY = {"name": "x", "datatype": "FP32", "shape": [1, 3], "data": [1, 2, 3]}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def collector(monkeypatch):
    for name in ("OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER"):
        monkeypatch.delenv(name, raising=False)
    with collecting() as collector:
        yield collector


def traceparent(flags="01"):
    return {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"}


def by_name(spans):
    return {span.name: span for span in spans}


def test_a_request_is_a_span_in_its_callers_trace_and_has_its_parts(start, bundles, collector, tmp_path):
    server = start("--model", bundles / "twice", "--otlp", collector.url, "--capture", tmp_path / "c")
    with server.client() as client:
        answer = client.post(
            "/v2/models/scale/infer", json={"inputs": [ENTRY]}, headers={**traceparent(), "x-request-id": "r"}
        )
        assert answer.status_code == 200
        client.get("/v2/health/ready", headers=traceparent())
    assert server.stop() == 0
    spans = by_name(collector.spans)
    assert spans.keys() == {"v2_infer", "decode", "infer", "encode"}
    request = spans["v2_infer"]
    assert {span.trace_id.hex() for span in collector.spans} == {TRACE}
    assert request.parent_span_id.hex() == PARENT
    assert {spans[name].parent_span_id for name in ("decode", "infer", "encode")} == {request.span_id}
    parts = [spans[name] for name in ("decode", "infer", "encode")]
    times = [(part.start_time_unix_nano, part.end_time_unix_nano) for part in parts]
    assert all(begin <= end for begin, end in times)
    assert [begin for begin, _ in times] == sorted(begin for begin, _ in times)
    assert request.start_time_unix_nano <= times[0][0] <= times[-1][1] <= request.end_time_unix_nano + 1_000_000
    assert attributes(request) == {
        "modelport.model.name": "scale", "modelport.model.version": "1", "modelport.inference.id": "r",
        "http.response.status_code": 200,
    }  # fmt: skip
    assert collector.resources[0]["service.name"] == "modelport-server"
    assert f'"trace_id":"{TRACE}"' in (tmp_path / "c").read_text()


def test_grpc_is_traced_too_and_faults_say_which(start, bundles, collector):
    server = start("--model", bundles / "twice", "--grpc-port", 0, "--otlp", collector.url)
    with grpc.insecure_channel(f"127.0.0.1:{server.ready['grpc']}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc.RpcError):
            stub.ModelInfer(service_pb2.ModelInferRequest(model_name="scale"), metadata=list(traceparent().items()))
    assert server.stop() == 0
    (span,) = collector.spans
    assert (span.name, span.trace_id.hex(), span.parent_span_id.hex()) == ("grpc_ModelInfer", TRACE, PARENT)
    assert attributes(span) == {"http.response.status_code": 400, "error.type": "invalid_input"}


@pytest.mark.parametrize(
    ("flags", "sampler", "spans"), [("00", None, 0), ("01", "parentbased_always_off", 4), (None, "always_off", 0)]
)
def test_the_caller_or_the_standard_variable_decides_what_is_sampled(
    start, bundles, collector, monkeypatch, flags, sampler, spans
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    if sampler:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    server = start("--model", bundles / "twice")
    with server.client() as client:
        headers = traceparent(flags) if flags else {}
        client.post("/v2/models/scale/infer", json={"inputs": [ENTRY]}, headers=headers)
    assert server.stop() == 0
    assert (len(collector.spans), collector.metrics) == (spans, [])


def test_metrics_are_pushed_and_named_as_they_are_scraped(start, bundles, collector, monkeypatch):
    for name, value in {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{collector.url}/v1/metrics",
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20secret-token",
        "OTEL_SERVICE_NAME": "fraud",
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
    }.items():
        monkeypatch.setenv(name, value)
    server = start("--model", bundles / "twice")
    with server.client() as client:
        for _ in range(5):
            client.post("/v2/models/scale/infer", json={"inputs": [ENTRY]})
        deadline = time.monotonic() + 60
        while len(collector.metrics) < 3:  # it is sent again and again
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert server.stop() == 0
    last = collector.metrics[-1]
    answers = last["modelport_requests_total"].sum.data_points
    (answered,) = [point for point in answers if attributes(point)["route"] == "v2_infer"]
    assert (answered.as_int, attributes(answered)) == (5, {"route": "v2_infer", "status": "200"})
    assert last["modelport_requests_total"].sum.is_monotonic
    (seconds,) = last["modelport_inference_duration_seconds"].histogram.data_points
    assert (seconds.count, sum(seconds.bucket_counts)) == (5, 5)
    assert len(seconds.bucket_counts) == 1 + len(seconds.explicit_bounds)
    assert last["modelport_inference_duration_seconds"].unit == "s"
    assert last["modelport_ready"].gauge.data_points[0].as_int == 0  # it was draining
    assert (collector.resources[-1]["service.name"], collector.spans) == ("fraud", [])
    assert {headers["authorization"] for headers in collector.headers} == {"Bearer secret-token"}
    assert "secret-token" not in server.errors


def test_a_collector_that_is_gone_stops_neither_requests_nor_the_drain(start, bundles):
    server = start("--model", bundles / "twice", "--otlp", f"http://127.0.0.1:{free_port()}")
    with server.client() as client:
        assert client.post("/v2/models/scale/infer", json={"inputs": [ENTRY]}).status_code == 200
    started = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - started < 25


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, ()),
        ({otlp.ENDPOINT: "http://c"}, ("traces", "metrics")),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, ("traces",)),
        ({otlp.ENDPOINT: "http://c", "OTEL_TRACES_EXPORTER": "none"}, ("metrics",)),
        ({otlp.ENDPOINT: "http://c", "OTEL_METRICS_EXPORTER": "console, otlp"}, ("traces", "metrics")),
        ({otlp.ENDPOINT: "http://c", "OTEL_SDK_DISABLED": "True"}, ()),
        ({otlp.ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, ("traces", "metrics")),
    ],
)
def test_the_standard_variables_say_what_is_sent(env, expected):
    assert otlp.signals(env) == expected


def test_a_protocol_that_is_not_spoken_is_said(start, bundles, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    server = start("--model", bundles / "twice", "--otlp", "http://127.0.0.1:4317")
    assert (server.ready, server.wait()) == (None, 2)
    assert "protocol grpc: this server speaks http/protobuf" in server.errors
    assert "Traceback" not in server.errors


def test_without_the_extra_the_server_says_what_to_install():
    code = (
        "import sys; sys.modules['opentelemetry.exporter.otlp.proto.http'] = None;"
        "from modelport_server.__main__ import main;"
        "sys.exit(main(['--model', 'any', '--otlp', 'http://127.0.0.1:1', '--http-port', '0']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'modelport-server[otlp]'" in done.stderr
    assert "Traceback" not in done.stderr
