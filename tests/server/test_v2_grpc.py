"""V2 gRPC, by clients of the official library that know nothing of ours."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from cluster.bed.waiting import until
from onnx import TensorProto
from support import models
from support.models import VALUES
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import triton_to_np_dtype

from modelport_server.errors import Rejected
from modelport_server.inference.model import Model
from modelport_server.wire import v2_grpc
from modelport_server.wire.messages import message

FIELDS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip
PATIENCE = 60  # seconds after which a call that has no answer is lost


@pytest.fixture(scope="module")
def served(tmp_path_factory, serve, bundles):
    """A server of `scale` and of `echo`, which has an input and an output of every type."""
    echo = models.save(models.echo(), tmp_path_factory.mktemp("models") / "echo.onnx")
    return serve("--model", bundles / "twice", "--model", echo, "--grpc-port", 0, "--max-body", 100_000)


@pytest.fixture
def channel(served):
    with grpc.insecure_channel(f"127.0.0.1:{served.ready['grpc']}") as channel:
        yield channel


@pytest.fixture
def stub(channel):
    return service_pb2_grpc.GRPCInferenceServiceStub(channel)


@pytest.fixture
def client(served):
    with triton.InferenceServerClient(f"127.0.0.1:{served.ready['grpc']}") as client:
        yield client


def test_the_server_and_its_models_describe_themselves(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("scale")
    assert client.is_model_ready("scale", "1")
    assert client.get_server_metadata().name == "modelport-server"
    metadata = client.get_model_metadata("scale", as_json=True)
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": ["-1", "3"]}]
    assert (metadata["platform"], metadata["versions"]) == ("onnx_onnxv1", ["1"])


def test_every_datatype_survives_the_way_in_and_out(client):
    arrays = {}
    for name, (kind, values) in VALUES.items():
        arrays[name] = np.array(contents(values), triton_to_np_dtype(kind))
    inputs = [triton.InferInput(f"in_{name}", [2], kind) for name, (kind, _) in VALUES.items()]
    for given in inputs:
        given.set_data_from_numpy(arrays[given.name().removeprefix("in_")])

    result = client.infer("echo", inputs, request_id="42")

    assert result.get_response().id == "42"
    for name, array in arrays.items():
        assert result.as_numpy(f"out_{name}").tolist() == array.tolist(), name


def asked_of_scale(values=(1, 2, 3.5), **more):
    entry = {"name": "x", "datatype": "FP32", "shape": [1, 3], "contents": {"fp32_contents": values}}
    return service_pb2.ModelInferRequest(model_name="scale", inputs=[{**entry, **more}])


def test_typed_contents_are_answered_with_typed_contents(stub):
    answer = stub.ModelInfer(asked_of_scale())
    assert list(answer.outputs[0].contents.fp32_contents) == [2.0, 4.0, 7.0]
    assert not answer.raw_output_contents


@pytest.fixture
def identity(tmp_path):
    """Answer typed contents of an element type with those of the identity, without a server."""

    def identity(name, **given):
        model = Model.load(models.save(models.identity(TensorProto.DataType.Value(name)), tmp_path / "m.onnx"))
        kind = model.bundle.inputs[0].datatype
        request = message("ModelInferRequest")(
            inputs=[{"name": "x", "datatype": kind, "shape": [2], "contents": given}]
        )
        asked = v2_grpc.decode(request, model.bundle)
        arrays = models.answered(model, asked.feeds, asked.outputs)
        return v2_grpc.encode(model.bundle, asked, arrays).outputs[0].contents

    return identity


@pytest.mark.parametrize("name", sorted(VALUES.keys() - {"FLOAT16"}))
def test_every_typed_content_survives(identity, name):
    kind, values = VALUES[name]
    assert list(getattr(identity(name, **{FIELDS[kind]: contents(values)}), FIELDS[kind])) == contents(values)


@pytest.mark.parametrize(
    ("name", "given", "message_"),
    [
        ("FLOAT16", {}, "FP16 has no typed contents, send raw_input_contents"),
        ("INT8", {"int_contents": [128, 0]}, "a value beyond INT8"),
        ("UINT16", {"uint_contents": [65536, 0]}, "a value beyond UINT16"),
        ("STRING", {"bytes_contents": [b"\xff", b""]}, "a text is not UTF-8"),
        ("INT64", {"int64_contents": [1]}, "1 values for shape"),
        ("FLOAT", {"fp64_contents": [1, 2]}, "FP32 is in fp32_contents, not in fp64_contents"),
    ],
)
def test_typed_contents_that_do_not_fit_are_the_callers_fault(identity, name, given, message_):
    with pytest.raises(Rejected, match=message_):
        identity(name, **given)


def contents(values):
    return [value.encode() if isinstance(value, str) else value for value in values]


def test_only_the_outputs_asked_for_come_back(client):
    given = triton.InferInput("x", [1, 3], "FP32")
    given.set_data_from_numpy(np.ones((1, 3), np.float32))
    with pytest.raises(triton.InferenceServerException, match="unknown output z: the model gives y"):
        client.infer("scale", [given], outputs=[triton.InferRequestedOutput("z")])
    answer = client.infer("scale", [given], outputs=[triton.InferRequestedOutput("y")])
    assert answer.as_numpy("y").tolist() == [[2, 2, 2]]


@pytest.mark.parametrize(
    ("request_", "status", "code", "message"),
    [
        (service_pb2.ModelInferRequest(model_name="other"), "NOT_FOUND", "not_found", "no model other"),
        (
            service_pb2.ModelInferRequest(model_name="scale", model_version="9"),
            "NOT_FOUND",
            "not_found",
            "no version 9 of scale",
        ),
        (service_pb2.ModelInferRequest(model_name="scale"), "INVALID_ARGUMENT", "invalid_input", "missing input x"),
        (asked_of_scale(shape=[3]), "INVALID_ARGUMENT", "invalid_input", "shape [3], the model takes [-1, 3]"),
        (asked_of_scale(shape=[-1, 3]), "INVALID_ARGUMENT", "invalid_input", "shape must be a list of sizes"),
        (asked_of_scale([1, 2]), "INVALID_ARGUMENT", "invalid_input", "it takes 12 bytes"),
        (asked_of_scale(datatype="INT64"), "INVALID_ARGUMENT", "invalid_input", "datatype 'INT64'"),
        (
            asked_of_scale(contents={"int_contents": [1, 2, 3]}),
            "INVALID_ARGUMENT",
            "invalid_input",
            "FP32 is in fp32_contents, not in int_contents",
        ),
        (
            service_pb2.ModelInferRequest(
                model_name="scale",
                inputs=[{"name": "x", "datatype": "FP32", "shape": [1, 3]}],
                raw_input_contents=[b"1", b"2"],
            ),
            "INVALID_ARGUMENT",
            "malformed",
            "raw_input_contents has 2 entries for 1 inputs",
        ),
        (
            service_pb2.ModelInferRequest(
                model_name="scale", inputs=asked_of_scale().inputs, raw_input_contents=[b"0" * 12]
            ),
            "INVALID_ARGUMENT",
            "malformed",
            "contradict each other",
        ),
    ],
)
def test_what_does_not_fit_is_answered_with_what_is_wrong(stub, request_, status, code, message):
    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(request_)
    assert raised.value.code() is grpc.StatusCode[status]
    assert message in raised.value.details()
    assert dict(raised.value.trailing_metadata())["modelport-code"] == code


def test_a_message_over_the_limit_is_refused(stub):
    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(service_pb2.ModelInferRequest(model_name="scale", raw_input_contents=[b"x" * 200_000]))
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_bytes_that_are_no_message_are_no_failure_of_the_server(channel, stub):
    call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
    with pytest.raises(grpc.RpcError) as raised:
        call(b"\xff\xff\xff")
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert stub.ServerLive(service_pb2.ServerLiveRequest()).live


def test_answers_are_counted_as_those_over_http(served, stub):
    stub.ModelInfer(asked_of_scale())
    with pytest.raises(grpc.RpcError):
        stub.ModelInfer(asked_of_scale([]))
    text = served.get("/metrics").text
    assert 'modelport_requests_total{route="grpc_ModelInfer",status="200"}' in text
    assert 'modelport_requests_total{route="grpc_ModelInfer",status="400"}' in text


def test_both_definitions_of_the_protocol_read_each_other():
    ours = message("ModelInferRequest")(model_name="m", raw_input_contents=[b"1"])
    ours.inputs.add(name="x", datatype="BYTES", shape=[1]).contents.bytes_contents.append(b"t")
    theirs = service_pb2.ModelInferRequest.FromString(ours.SerializeToString())
    assert theirs.inputs[0].contents.bytes_contents == [b"t"]
    theirs.inputs[0].parameters["p"].bool_param = True
    read = message("ModelInferRequest").FromString(theirs.SerializeToString())
    assert str(read.inputs[0]) == str(ours.inputs[0])  # parameters are skipped


def test_a_method_that_is_not_there_is_unimplemented(channel):
    for path in ("/inference.GRPCInferenceService/ModelStreamInfer", "/grpc.health.v1.Health/Check"):
        with pytest.raises(grpc.RpcError) as raised:
            channel.unary_unary(path)(b"")
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert path in raised.value.details()


def test_a_client_that_compresses_is_told_that_it_cannot(stub):
    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(asked_of_scale(), compression=grpc.Compression.Gzip)
    assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "send messages as they are" in raised.value.details()


def test_an_error_may_speak_any_language(stub):
    with pytest.raises(grpc.RpcError) as raised:
        stub.ModelInfer(service_pb2.ModelInferRequest(model_name="Größe 100%\n"))
    assert raised.value.details().startswith("no model Größe 100%\n: this server has")


def test_many_calls_share_a_channel(served):
    async def all_at_once():
        async with grpc.aio.insecure_channel(f"127.0.0.1:{served.ready['grpc']}") as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            return await asyncio.gather(*(stub.ModelInfer(asked_of_scale([n, 0, -n])) for n in range(500)))

    answers = asyncio.run(all_at_once())
    assert [list(answer.outputs[0].contents.fp32_contents) for answer in answers] == [
        [2 * n, 0, -2 * n] for n in range(500)
    ]


def test_large_messages_come_and_go(serve, bundles):
    """As images do: 602 KB, several at once, on one channel."""
    server = serve("--model", bundles / "twice", "--grpc-port", 0)
    rows = np.random.default_rng(0).random((50_176, 3), np.float32)

    async def all_at_once():
        async with triton_aio.InferenceServerClient(f"127.0.0.1:{server.ready['grpc']}") as client:
            given = triton_aio.InferInput("x", list(rows.shape), "FP32")
            given.set_data_from_numpy(rows)
            return await asyncio.gather(*(client.infer("scale", [given]) for _ in range(12)))

    for answer in asyncio.run(all_at_once()):
        assert np.array_equal(answer.as_numpy("y"), rows * 2)


@pytest.mark.parametrize("goes", ["at its deadline", "by its own will"])
def test_a_call_whose_client_goes_while_it_waits_does_not_run(start, bundles, goes):
    server = start("--model", bundles / "slow", "--grpc-port", 0)
    with grpc.insecure_channel(f"127.0.0.1:{server.ready['grpc']}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stub.ModelInfer(asked_of_slow(50_000))  # the server learns that this model is slow
        before = metric(server, "modelport_inference_duration_seconds_count")
        first = stub.ModelInfer.future(asked_of_slow(2_000_000))
        while metric(server, "modelport_requests_inflight") < 2:  # the scrape itself is one
            pass
        second = stub.ModelInfer.future(asked_of_slow(1), timeout=0.1 if "deadline" in goes else None)
        if "deadline" in goes:
            assert second.exception().code() is grpc.StatusCode.DEADLINE_EXCEEDED
        else:
            while metric(server, "modelport_requests_waiting") < 1:
                pass
            second.cancel()
        first.result()
        assert metric(server, "modelport_inference_duration_seconds_count") - before == 1


def metric(server, name):
    lines = server.get("/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def asked_of_slow(number):
    entry = {"name": "x", "datatype": "INT64", "shape": [1], "contents": {"int64_contents": [number]}}
    return service_pb2.ModelInferRequest(model_name="slow", inputs=[entry])


def test_a_server_that_drains_finishes_what_it_has(start, bundles):
    server = start("--model", bundles / "slow", "--grpc-port", 0)
    with grpc.insecure_channel(f"127.0.0.1:{server.ready['grpc']}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stub.ModelInfer(asked_of_slow(50_000))  # the server learns that this model is slow
        asked = stub.ModelInfer.future(asked_of_slow(1_000_000))
        while "inflight 2" not in server.get("/metrics").text:  # the scrape itself is one
            pass
        assert server.stop() == 0
        assert list(asked.result().outputs[0].contents.int64_contents) == [1_000_000]


@pytest.mark.parametrize("port", ["http", "grpc"])
def test_a_grpc_port_that_is_taken_is_named(start, bundles, served, port):
    server = start("--model", bundles / "twice", "--grpc-port", served.ready[port])
    assert (server.ready, server.wait()) == (None, 1)
    assert f"cannot listen on 127.0.0.1 port {served.ready[port]}" in server.errors
    assert "choose another with --grpc-port" in server.errors


def test_a_successor_takes_over_where_its_predecessor_listens(start, bundles, tmp_path):
    first = start("--model", bundles / "twice", "--grpc-port", 0, "--run-dir", tmp_path)
    assert first.ready
    second = start("--model", bundles / "thrice", "--grpc-port", 0, "--run-dir", tmp_path)
    assert (second.ready["grpc"], first.wait()) == (first.ready["grpc"], 0)
    third = start("--model", bundles / "twice", "--grpc-port", first.ready["grpc"], "--run-dir", tmp_path)
    assert (third.ready["grpc"], second.wait()) == (first.ready["grpc"], 0)
    with grpc.insecure_channel(f"127.0.0.1:{third.ready['grpc']}") as channel:
        answer = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(asked_of_scale())
    assert list(answer.outputs[0].contents.fp32_contents) == [2.0, 4.0, 7.0]


def test_a_successor_without_grpc_lets_the_port_go(start, bundles, tmp_path):
    first = start("--model", bundles / "twice", "--grpc-port", 0, "--run-dir", tmp_path)
    assert first.ready
    second = start("--model", bundles / "twice", "--run-dir", tmp_path)
    assert (second.ready["grpc"], first.wait()) == (None, 0)
    assert start("--model", bundles / "twice", "--grpc-port", first.ready["grpc"]).ready


def test_calls_survive_updates(start, bundles, tmp_path):
    flags = ["--grpc-port", 0, "--run-dir", tmp_path, "--grace", 1]
    running = start("--model", bundles / "twice", *flags)
    answered, stop = [], threading.Event()

    def ask():
        with grpc.insecure_channel(f"127.0.0.1:{running.ready['grpc']}") as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            while not stop.is_set():
                answered.append(stub.ModelInfer(asked_of_scale(), timeout=PATIENCE))

    with ThreadPoolExecutor() as pool, ExitStack() as leaving:
        leaving.callback(stop.set)
        asking = [pool.submit(ask) for _ in range(4)]
        for name in ("thrice", "twice", "thrice"):
            enough = len(answered) + 100
            until(lambda: len(answered) >= enough)  # noqa: B023  it is called in this pass
            successor = start("--model", bundles / name, *flags)
            assert (successor.ready["grpc"], running.wait()) == (running.ready["grpc"], 0)
            running = successor
    for each in asking:
        each.result()
    assert len(answered) >= 300
