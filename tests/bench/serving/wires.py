"""How a request for a model's input is written, and the numbers in the answer read, on each wire."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from bench.serving.client import Address, Connection, HttpConnection, WrongAnswer
from bench.serving.grpc_connection import GrpcConnection
from bench.serving.models import INPUT, OUTPUT, Served

BINARY_SIZE = b"inference-header-content-length"


@dataclass(frozen=True)
class Wire:
    """A way to ask.

    Attributes:
        connection: makes one that is ready to ask for a model's input.
        numbers: those in its answer; None where the answer is always the same.
    """

    name: str
    connection: Callable[[Address, Served, np.ndarray], Connection]
    numbers: Callable[[Connection], np.ndarray] | None
    is_grpc: bool = False


def check(wire: Wire, connection: Connection, expected: np.ndarray) -> None:
    """Raises WrongAnswer unless the last answer has the numbers that raw onnxruntime gives."""
    if wire.numbers is None:
        return
    try:
        found = np.asarray(wire.numbers(connection), np.float32).ravel()
    except (ValueError, KeyError, IndexError, TypeError) as problem:
        raise WrongAnswer(f"{wire.name}: no numbers in {str(connection.answer)[:300]}") from problem
    wanted = expected.ravel()
    if found.shape != wanted.shape or not np.allclose(found, wanted, rtol=1e-3, atol=1e-4 * float(abs(wanted).max())):
        raise WrongAnswer(f"{wire.name}: answered {found[:4]}, and raw onnxruntime {wanted[:4]}")


def http(name: str, path: str, write: Callable[[np.ndarray], tuple[bytes, str]], numbers: Callable | None) -> Wire:
    """A wire over HTTP; `path` may have the model's name in it, `write` gives a body and its headers."""

    def connection(address: Address, model: Served, values: np.ndarray) -> Connection:
        body, headers = write(values)
        head = f"POST {path.format(model=model.name)} HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\n{headers}"
        return HttpConnection(address, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    return Wire(name, connection, numbers)


def rows(path: str, name: str = "JSON", key: str = "instances", answer: str | None = "predictions") -> Wire:
    """JSON of nested lists, as KServe's first protocol and most others have it; without `answer` the whole is one."""

    def write(values: np.ndarray) -> tuple[bytes, str]:
        return _json({key: _plain(values)}), "Content-Type: application/json\r\n"

    def numbers(one: HttpConnection) -> list:
        found = json.loads(one.answer[1])
        return found[answer] if answer else found

    return http(name, path, write, numbers)


def _v2_json(values: np.ndarray) -> tuple[bytes, str]:
    tensor = {"name": INPUT, "datatype": "FP32", "shape": values.shape, "data": _plain(values.ravel())}
    return _json({"inputs": [tensor]}), "Content-Type: application/json\r\n"


def _v2_binary(values: np.ndarray) -> tuple[bytes, str]:
    size = {"binary_data_size": values.nbytes}
    tensor = {"name": INPUT, "datatype": "FP32", "shape": values.shape, "parameters": size}
    wanted = [{"name": OUTPUT, "parameters": {"binary_data": True}}]
    header = _json({"inputs": [tensor], "outputs": wanted})
    names = f"Content-Type: application/octet-stream\r\nInference-Header-Content-Length: {len(header)}\r\n"
    return header + values.tobytes(), names


def _v2_binary_numbers(one: HttpConnection) -> np.ndarray:
    head, body = one.answer
    size = next(line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(BINARY_SIZE))
    return np.frombuffer(body[int(size) :], "<f4")


def _grpc(address: Address, model: Served, values: np.ndarray) -> Connection:
    from tritonclient.grpc import service_pb2

    request = service_pb2.ModelInferRequest(model_name=model.name, raw_input_contents=[values.tobytes()])
    request.inputs.add(name=INPUT, datatype="FP32", shape=values.shape)
    return GrpcConnection(address, "/inference.GRPCInferenceService/ModelInfer", request.SerializeToString())


def _grpc_numbers(one: GrpcConnection) -> np.ndarray:
    from tritonclient.grpc import service_pb2

    response = service_pb2.ModelInferResponse.FromString(one.answer[5:])
    if response.raw_output_contents:
        return np.frombuffer(response.raw_output_contents[0], "<f4")
    return np.array(response.outputs[0].contents.fp32_contents, np.float32)


def _plain(values: np.ndarray) -> list:
    """As float64 of as few digits: JSON of a float32 made float64 would have 17."""
    return np.round(values.astype(np.float64), 5).tolist()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


INFER = "/v2/models/{model}/infer"
V2_JSON = http("V2 JSON", INFER, _v2_json, lambda one: json.loads(one.answer[1])["outputs"][0]["data"])
V2_BINARY = http("V2 binary", INFER, _v2_binary, _v2_binary_numbers)
FIXED = http("fixed bytes", "/echo", _v2_json, None)
GRPC = Wire("V2 gRPC", _grpc, _grpc_numbers, is_grpc=True)
