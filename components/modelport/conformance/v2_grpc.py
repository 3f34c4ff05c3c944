"""V2 gRPC: what the Open Inference Protocol demands. The messages' classes come from outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelport.conformance.check import Failed, Skipped, expect
from modelport.conformance.session import Session, checks_of
from modelport.conformance.values import Value

SERVICE = "inference.GRPCInferenceService"
ID = "modelport-conformance"
CONTENTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents", "UINT32": "uint_contents",
    "UINT64": "uint64_contents", "FP32": "fp32_contents", "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip


class Refused(Exception):
    """A call that ended with a status other than OK: `code` is its name."""

    def __init__(self, code: str, details: str):
        super().__init__(f"{code}: {details}")
        self.code = code


def is_spoken(session: Session) -> bool:
    """Whether there is an address to ask."""
    return session.grpc is not None


def _call(session: Session, method: str, **fields: Any) -> Any:
    """The answer to a call; fails where none comes.

    Raises:
        Refused: the server ends it with another status than OK.
    """
    return _send(session, method, session.message(f"{method}Request")(**fields))  # type: ignore[misc]


def _send(session: Session, method: str, request: Any) -> Any:
    import grpc

    assert session.grpc and session.message
    authorization = session.client.authorization
    metadata = [("authorization", authorization)] if authorization else []
    limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(session.grpc, options=limits) as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=session.message(f"{method}Response").FromString,
        )
        try:
            return call(request, timeout=session.client.timeout, metadata=metadata)
        except grpc.RpcError as error:
            code = error.code().name
            if code == "DEADLINE_EXCEEDED":
                raise Failed(f"{method} had no answer within {session.client.timeout:g} s") from error
            raise Refused(code, error.details() or "") from error


def _ok(session: Session, method: str, **fields: Any) -> Any:
    try:
        return _call(session, method, **fields)
    except Refused as refused:
        raise Failed(f"{method} ended with {refused}") from refused


def _live(session: Session) -> None:
    expect(_ok(session, "ServerLive").live, "ServerLive says that it does not live")


def _ready(session: Session) -> None:
    expect(_ok(session, "ServerReady").ready, "ServerReady says that it is not ready")


def _model_ready(session: Session) -> None:
    expect(_ok(session, "ModelReady", name=session.model.name).ready, "ModelReady says that it is not ready")


def _server(session: Session) -> None:
    expect(_ok(session, "ServerMetadata").name, "ServerMetadata tells no name")


def _metadata(session: Session) -> None:
    content = _ok(session, "ModelMetadata", name=session.model.name)
    expect(content.name == session.model.name, f"name is {content.name!r}, expected is {session.model.name!r}")
    for side, known in (("inputs", session.model.takes), ("outputs", session.model.gives)):
        given = {tensor.name: (tensor.datatype, tuple(tensor.shape)) for tensor in getattr(content, side)}
        declared = {tensor.name: (tensor.datatype, tensor.shape) for tensor in known}
        expect(given == declared, f"{side} are {given}, expected are {declared}")


def _request(session: Session, *, raw: bool, **fields: Any) -> Any:
    model = session.model
    assert session.message
    request = session.message("ModelInferRequest")(model_name=model.name, **fields)
    for value in model.inputs:
        entry = request.inputs.add(name=value.name, datatype=value.datatype, shape=value.shape)
        if raw:
            request.raw_input_contents.append(value.bytes)
        elif (name := CONTENTS.get(value.datatype)) is None:
            raise Skipped(f"{value.datatype} has no typed contents")
        else:
            texts = value.datatype == "BYTES"
            data = [str(text).encode() for text in value.data] if texts else value.data
            getattr(entry.contents, name).extend(data)
    return request


def _infer(session: Session, request: Any) -> Any:
    try:
        return _send(session, "ModelInfer", request)
    except Refused as refused:
        raise Failed(f"ModelInfer ended with {refused}") from refused


def _outputs(response: Any) -> list[Value]:
    raws = response.raw_output_contents
    expect(len(raws) in (0, len(response.outputs)), f"{len(raws)} raw contents for {len(response.outputs)} outputs")
    outputs = []
    for number, entry in enumerate(response.outputs):
        if raws:
            outputs.append(Value.of_bytes(entry.name, entry.datatype, entry.shape, raws[number]))
            continue
        expect(entry.datatype in CONTENTS, f"{entry.name} is {entry.datatype}, which has no typed contents")
        data = getattr(entry.contents, CONTENTS[entry.datatype])
        texts = entry.datatype == "BYTES"
        values = tuple(text.decode("utf-8", "replace") for text in data) if texts else tuple(data)
        outputs.append(Value(entry.name, entry.datatype, tuple(entry.shape), values).checked())
    return outputs


def _raw(session: Session) -> None:
    session.model.check_outputs(_outputs(_infer(session, _request(session, raw=True))))


def _typed(session: Session) -> None:
    session.model.check_outputs(_outputs(_infer(session, _request(session, raw=False))))


def _id(session: Session) -> None:
    given = _infer(session, _request(session, raw=True, id=ID)).id
    expect(given == ID, f"id is {given!r}, expected is {ID!r}")


def _chosen(session: Session) -> None:
    name = session.model.gives[-1].name
    request = _request(session, raw=True)
    request.outputs.add(name=name)
    session.model.check_outputs(_outputs(_infer(session, request)), [name])


def _unknown_model(request: Any) -> None:
    request.model_name = "no-such-model"


def _unknown_input(request: Any) -> None:
    request.inputs[0].name = "no-such-input"


def _short(request: Any) -> None:
    request.raw_input_contents[0] = request.raw_input_contents[0][:-1]


def _fewer(request: Any) -> None:
    del request.raw_input_contents[:]


def _more(request: Any) -> None:
    request.raw_input_contents.append(b"")


Faults = dict[str, tuple[str, Callable[[Any], None], tuple[str, ...]]]
FAULTS: Faults = {
    "unknown_model": ("a model that there is none", _unknown_model, ("NOT_FOUND",)),
    "short": ("fewer bytes than the shape says", _short, ("INVALID_ARGUMENT",)),
    "no_contents": ("an input without values", _fewer, ("INVALID_ARGUMENT",)),
}
"""What no server can answer."""
DOUBTS: Faults = {
    "more_contents": ("more raw contents than inputs", _more, ("INVALID_ARGUMENT",)),
    "unknown_input": ("an input that the model does not have", _unknown_input, ("INVALID_ARGUMENT", "NOT_FOUND")),
}
"""What the protocol leaves open, and a careful server refuses."""


def _is_refused(change: Callable[[Any], None], *codes: str) -> Callable[[Session], None]:
    def refused(session: Session) -> None:
        request = _request(session, raw=True)
        change(request)
        try:
            _send(session, "ModelInfer", request)
        except Refused as refusal:
            if refusal.code == "UNAVAILABLE" or (codes and refusal.code not in codes):
                wanted = f", not {' or '.join(codes)}" if codes else ""
                raise Failed(f"ModelInfer ended with {refusal}{wanted}") from refusal
            return
        raise Failed("ModelInfer answered a wrong request")

    return refused


def _survives(session: Session) -> None:
    _live(session)
    if session.subject:
        _infer(session, _request(session, raw=True))


REFUSED = [
    (f"error.{name}", f"{what} ends with another status than OK", _is_refused(change))
    for name, (what, change, _) in FAULTS.items()
]
BLAMED = [
    (f"fault.{name}", f"{what} ends with {' or '.join(codes)}", _is_refused(change, *codes))
    for name, (what, change, codes) in {**FAULTS, **DOUBTS}.items()
]
GRPC = "Open Inference Protocol, gRPC: "
CHECKS = [
    *checks_of("v2-grpc", "must", GRPC + "Health", [
        ("live", "ServerLive says true", _live),
        ("ready", "ServerReady says true", _ready),
        ("model_ready", "ModelReady says true", _model_ready),
    ]),
    *checks_of("v2-grpc", "must", GRPC + "Metadata", [
        ("server", "ServerMetadata tells a name", _server),
        ("metadata", "ModelMetadata tells inputs and outputs", _metadata),
    ]),
    *checks_of("v2-grpc", "must", GRPC + "Inference", [
        ("infer.raw", "the right outputs for raw contents", _raw),
        ("infer.typed", "the right outputs for typed contents", _typed),
        ("infer.id", "the id of a request comes back", _id),
        ("infer.outputs", "only the outputs that a request names come back", _chosen),
        *REFUSED,
    ]),
    *checks_of("v2-grpc", "should", "the meaning of gRPC's status codes", [
        *BLAMED,
    ]),
    *checks_of("v2-grpc", "must", GRPC + "Health", [
        ("survives", "after all of this the server lives and answers", _survives),
    ]),
]  # fmt: skip
