"""V2 REST: what the Open Inference Protocol demands, and how users are better off."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from modelport.conformance.check import Skipped, expect
from modelport.conformance.client import Answer, shown
from modelport.conformance.session import Session, blames_the_client, checks_of, refuses
from modelport.conformance.values import DATATYPES, Value, compare

ID = "modelport-conformance-é"


def is_spoken(session: Session) -> bool:
    """Whether the server seems to speak V2."""
    return any(session.client.get(path).status not in (404, 405) for path in ("/v2/health/live", "/v2"))


def infer(session: Session, content: Any, **headers: str) -> Answer:
    """Ask for an inference."""
    return session.client.post(f"/v2/models/{session.model.name}/infer", content, **headers)


def outputs_of(answer: Answer) -> list[Value]:
    """The outputs of a response in JSON; fails where they are none."""
    content = answer.object()
    expect("model_name" in content, "the response has no model_name")
    outputs = content.get("outputs")
    expect(isinstance(outputs, list), f"the response's outputs are {type(outputs).__name__}, no list")
    return [Value.of_json(entry) for entry in outputs]


def _live(session: Session) -> None:
    session.client.get("/v2/health/live").expect(200)


def _ready(session: Session) -> None:
    session.client.get("/v2/health/ready").expect(200)


def _live_says(session: Session) -> None:
    _says(session.client.get("/v2/health/live"), "live", True)


def _ready_says(session: Session) -> None:
    _says(session.client.get("/v2/health/ready"), "ready", True)


def _says(answer: Answer, key: str, value: Any) -> None:
    content = answer.object()
    expect(content.get(key) == value, f"{answer.asked} says {key}: {content.get(key)!r}, expected is {value!r}")


def _model_ready(session: Session) -> None:
    session.client.get(f"/v2/models/{session.model.name}/ready").expect(200)


def _model_ready_says(session: Session) -> None:
    _says(session.client.get(f"/v2/models/{session.model.name}/ready"), "name", session.model.name)


def _server(session: Session) -> None:
    content = session.client.get("/v2").object()
    for key, kind in (("name", str), ("version", str), ("extensions", list)):
        expect(isinstance(content.get(key), kind), f"{key} is {content.get(key)!r}, no {kind.__name__}")


def _metadata(session: Session) -> None:
    _check_metadata(session, f"/v2/models/{session.model.name}")


def _metadata_of_version(session: Session) -> None:
    if session.model.version is None:
        raise Skipped("the model has no version that is known")
    _check_metadata(session, f"/v2/models/{session.model.name}/versions/{session.model.version}")


def _check_metadata(session: Session, path: str) -> None:
    content = session.client.get(path).object()
    _is(content.get("name"), session.model.name, "name")
    expect(isinstance(content.get("platform"), str), f"platform is {content.get('platform')!r}, no text")
    for side, known in (("inputs", session.model.takes), ("outputs", session.model.gives)):
        tensors = content.get(side)
        expect(isinstance(tensors, list), f"{side} are {tensors!r}, no list")
        expect(all(tensor.get("datatype") in DATATYPES for tensor in tensors), f"{side} have other datatypes than V2's")
        declared = {tensor.name: (tensor.datatype, list(tensor.shape)) for tensor in known}
        _is({tensor.get("name"): (tensor["datatype"], tensor.get("shape")) for tensor in tensors}, declared, side)


def _is(given: Any, wanted: Any, what: str) -> None:
    expect(given == wanted, f"{what} is {given!r}, expected is {wanted!r}")


def _infer(session: Session) -> None:
    session.model.check_outputs(outputs_of(infer(session, session.model.request())))


def _infer_version(session: Session) -> None:
    if session.model.version is None:
        raise Skipped("the model has no version that is known")
    path = f"/v2/models/{session.model.name}/versions/{session.model.version}/infer"
    session.model.check_outputs(outputs_of(session.client.post(path, session.model.request())))


def _nested(session: Session) -> None:
    request = session.model.request()
    for entry, value in zip(request["inputs"], session.model.inputs, strict=True):
        entry["data"] = value.nested if value.shape else value.data
    session.model.check_outputs(outputs_of(infer(session, request)))


def _id(session: Session) -> None:
    _is(infer(session, session.model.request(id=ID)).object().get("id"), ID, "id")


def _chosen(session: Session) -> None:
    name = session.model.gives[-1].name
    answer = infer(session, session.model.request(outputs=[{"name": name}]))
    session.model.check_outputs(outputs_of(answer), [name])


def _content_type(session: Session) -> None:
    kind = infer(session, session.model.request()).headers.get("content-type", "")
    expect(kind.partition(";")[0].strip() == "application/json", f"the response is of type {kind!r}")


def _batch(session: Session) -> None:
    """Many rows at once; each has the answer that it has alone."""
    times = 64
    model = session.model
    if not model.rows or any(tensor.shape[:1] != (-1,) for tensor in (*model.takes, *model.gives)):
        raise Skipped("the model takes no batches of any size")
    alone = {output.name: output for output in outputs_of(infer(session, model.request()))}
    request = {"inputs": [value.repeated(times).json() for value in model.inputs]}
    for output in outputs_of(infer(session, request)):
        compare(output, alone[output.name].repeated(times), dict(model.tolerance))


def _text(session: Session) -> None:
    """Texts beyond ASCII, and empty ones."""
    if not any(value.datatype == "BYTES" for value in session.model.inputs):
        raise Skipped("the model takes no texts")
    request = session.model.request()
    for entry in request["inputs"]:
        if entry["datatype"] == "BYTES":
            entry["data"] = [("é日😀", "")[index % 2] for index in range(len(entry["data"]))]
    answer = infer(session, request)
    expect(answer.status < 500, f"{answer.asked} answered {answer.status}")


def _empty(session: Session) -> None:
    """No rows at all: an answer or a refusal, but no fault of the server."""
    if any(tensor.shape[:1] != (-1,) for tensor in session.model.takes):
        raise Skipped("the model takes no batches of any size")
    request = session.model.request()
    for entry in request["inputs"]:
        entry["shape"], entry["data"] = [0, *entry["shape"][1:]], []
    answer = infer(session, request)
    expect(answer.status < 500, f"{answer.asked} answered {answer.status} to an empty batch")


Break = Callable[[dict[str, Any]], Any]


def _first(**changes: Any) -> Break:
    """The request with something else in its first input."""

    def changed(request: dict[str, Any]) -> Any:
        request["inputs"][0].update(changes)
        return request

    return changed


def _fault(session: Session, change: Break) -> Answer:
    return infer(session, change(session.model.request()))


def _more_values(request: dict[str, Any]) -> Any:
    request["inputs"][0]["data"] = [*request["inputs"][0]["data"], request["inputs"][0]["data"][0]]
    return request


def _without_data(request: dict[str, Any]) -> Any:
    del request["inputs"][0]["data"]
    return request


def _nan(request: dict[str, Any]) -> bytes:
    entry = dict(request["inputs"][0])
    return json.dumps({"inputs": [{**entry, "data": [math.nan] * len(entry["data"])}]}).encode()


FAULTS: dict[str, tuple[str, Break]] = {
    "malformed": ("a body that is no JSON", lambda _: b'{"inputs": ['),
    "no_inputs": ("a request without inputs", lambda _: {"id": "1"}),
    "too_many_values": ("more values than the shape says", _more_values),
    "no_data": ("an input without values", _without_data),
}
"""What no server can answer."""
DOUBTS: dict[str, tuple[str, Break]] = {
    "unknown_input": ("an input that the model does not have", _first(name="no-such-input")),
    "wrong_type": ("a datatype that is none", _first(datatype="FP7")),
    "wrong_shape": ("a shape of more dimensions than the input", _first(shape=[1, 1, 1, 1, 1, 1, 1])),
    "negative_shape": ("a negative size", _first(shape=[-1])),
    "huge_shape": ("a shape beyond all memory", _first(shape=[2**62, 2**62])),
    "null": ("values that are null", _first(data=[None])),
    "nan": ("NaN, which is no JSON", _nan),
    "unknown_output": (
        "an output that the model does not have",
        lambda request: {**request, "outputs": [{"name": "no"}]},
    ),
    "list": ("a body that is no object", lambda _: []),
    "deep": ("lists in lists, a hundred thousand deep", lambda _: b"[" * 100_000),
    "not_text": ("a body that is no text", lambda _: bytes(range(128, 256))),
}
"""What the protocol leaves open, and a careful server refuses."""


def _is_refused(change: Break) -> Callable[[Session], None]:
    return lambda session: _refuses_with_a_text(_fault(session, change))


def _refuses_with_a_text(answer: Answer) -> None:
    refuses(answer)
    content = answer.json()
    is_error = isinstance(content, dict) and isinstance(content.get("error"), str) and content["error"]
    expect(is_error, f'{answer.asked}: the body of an error is not {{"error": TEXT}}: {shown(answer.body)}')


def _is_the_clients(change: Break) -> Callable[[Session], None]:
    return lambda session: blames_the_client(_fault(session, change))


def _unknown_model(session: Session) -> None:
    _refuses_with_a_text(session.client.post("/v2/models/no-such-model/infer", session.model.request()))


def _unknown_model_status(session: Session) -> None:
    for path in ("no-such-model", f"{session.model.name}/versions/no-such-version"):
        blames_the_client(session.client.get(f"/v2/models/{path}"), 404)


def _method(session: Session) -> None:
    blames_the_client(session.client.get(f"/v2/models/{session.model.name}/infer"), 404, 405)


def _limit(session: Session) -> None:
    blames_the_client(session.client.post(f"/v2/models/{session.model.name}/infer", b" " * (session.limit + 1)), 413)


def _survives(session: Session) -> None:
    _live(session)
    if session.subject and session.model.speaks_json:
        infer(session, session.model.request()).expect(200)


REFUSED = [
    (f"error.{name}", f'{what} is refused with {{"error": TEXT}}', _is_refused(change))
    for name, (what, change) in FAULTS.items()
]
BLAMED = [
    (f"fault.{name}", f"{what} is answered with 4xx", _is_the_clients(change))
    for name, (what, change) in {**FAULTS, **DOUBTS}.items()
]
REST = "Open Inference Protocol, HTTP/REST: "
BETTER = "what a client needs to tell its faults from the server's"
CHECKS = [
    *checks_of("v2", "must", REST + "Health", [
        ("live", "GET /v2/health/live answers 200", _live),
        ("ready", "GET /v2/health/ready answers 200", _ready),
        ("model_ready", "GET /v2/models/NAME/ready answers 200", _model_ready),
    ]),
    *checks_of("v2", "should", REST + "Health, response JSON objects", [
        ("live.body", 'it says {"live": true}', _live_says),
        ("ready.body", 'it says {"ready": true}', _ready_says),
        ("model_ready.body", "it says the model's name", _model_ready_says),
    ]),
    *checks_of("v2", "must", REST + "Server Metadata", [
        ("server", "GET /v2 tells name, version and extensions", _server),
    ]),
    *checks_of("v2", "must", REST + "Model Metadata", [
        ("metadata", "GET /v2/models/NAME tells name, platform, inputs and outputs", _metadata),
    ]),
    *checks_of("v2", "should", REST + "Model Metadata, versions", [
        ("metadata.version", "GET /v2/models/NAME/versions/VERSION tells the same", _metadata_of_version),
        ("infer.version", "POST /v2/models/NAME/versions/VERSION/infer answers the same", _infer_version),
    ]),
    *checks_of("v2", "must", REST + "Inference", [
        ("infer", "the right outputs for a request in JSON", _infer),
        ("infer.nested", "values nested as the shape says are the same as flat ones", _nested),
        ("infer.id", "the id of a request comes back", _id),
        ("infer.outputs", "only the outputs that a request names come back", _chosen),
    ]),
    *checks_of("v2", "should", "what clients rely on", [
        ("infer.content_type", "the response is application/json", _content_type),
        ("infer.batch", "64 times the rows give 64 times the rows", _batch),
        ("infer.text", "texts beyond ASCII and empty ones are no fault of the server", _text),
        ("infer.empty", "an empty batch is no fault of the server", _empty),
    ]),
    *checks_of("v2", "must", REST + "Inference Response JSON Error Object", [
        *REFUSED,
        ("error.unknown_model", "a model that there is none is refused", _unknown_model),
    ]),
    *checks_of("v2", "should", BETTER, [
        *BLAMED,
        ("fault.unknown_model", "a model or version that there is none is answered with 404", _unknown_model_status),
        ("fault.method", "another method is answered with 405", _method),
        ("fault.limit", "a body over the limit is answered with 413", _limit),
    ]),
    *checks_of("v2", "must", REST + "Health", [
        ("survives", "after all of this the server lives and answers", _survives),
    ]),
]  # fmt: skip
