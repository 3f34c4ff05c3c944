"""V2 REST with tensors as bytes: for servers that advertise the binary tensor data extension."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from modelport.conformance.check import Skipped, expect
from modelport.conformance.client import Answer
from modelport.conformance.session import Session, blames_the_client, checks_of, refuses
from modelport.conformance.v2 import outputs_of
from modelport.conformance.values import Value

SIZE = "Inference-Header-Content-Length"
EXTENSION = "binary_tensor_data"


def packed(session: Session, **more: Any) -> tuple[bytes, bytes]:
    """A request whose tensors are bytes: its JSON, and the bytes behind it."""
    parts = [value.bytes for value in session.model.inputs]
    inputs = [value.json(binary_data_size=len(part)) for value, part in zip(session.model.inputs, parts, strict=True)]
    return json.dumps({**more, "inputs": inputs}).encode(), b"".join(parts)


def unpacked(content: bytes, size: int) -> list[Value]:
    """The outputs of a response whose first `size` bytes are JSON; fails where they are none."""
    expect(0 < size <= len(content), f"the response says {size} bytes of JSON, and has {len(content)} in all")
    entries, rest = json.loads(content[:size])["outputs"], content[size:]
    outputs = []
    for entry in entries:
        length = entry.get("parameters", {}).get("binary_data_size")
        if length is None:
            outputs.append(Value.of_json(entry))
            continue
        outputs.append(Value.of_bytes(entry["name"], entry["datatype"], entry["shape"], rest[:length]))
        rest = rest[length:]
    expect(not rest, f"{len(rest)} bytes after the last output belong to none")
    return outputs


def _post(session: Session, text: bytes, rest: bytes, size: Any = None) -> Answer:
    extensions = session.client.get("/v2").object().get("extensions") or []
    if EXTENSION not in extensions:
        raise Skipped(f"the server does not advertise {EXTENSION}")
    path = f"/v2/models/{session.model.name}/infer"
    kind = "application/octet-stream"
    return session.client.post(path, text + rest, kind, **{SIZE: str(len(text) if size is None else size)})


def _outputs(answer: Answer) -> list[Value]:
    answer.expect(200)
    size = answer.headers.get(SIZE.lower())
    return outputs_of(answer) if size is None else unpacked(answer.body, int(size) if size.isdecimal() else -1)


def _inputs(session: Session) -> None:
    if not session.model.speaks_json:
        raise Skipped("V2 has no JSON for FP16")
    answer = _post(session, *packed(session))
    expect(SIZE.lower() not in answer.headers, "outputs are bytes, and nobody asked for them")
    session.model.check_outputs(outputs_of(answer))


def _every_output(session: Session) -> None:
    answer = _post(session, *packed(session, parameters={"binary_data_output": True}))
    answer.expect(200)
    expect(SIZE.lower() in answer.headers, f"a response with bytes has no {SIZE}")
    session.model.check_outputs(_outputs(answer))


def _one_output(session: Session) -> None:
    name = session.model.gives[-1].name
    answer = _post(session, *packed(session, outputs=[{"name": name, "parameters": {"binary_data": True}}]))
    answer.expect(200)
    expect(SIZE.lower() in answer.headers, f"a response with bytes has no {SIZE}")
    session.model.check_outputs(_outputs(answer), [name])


def _lies(session: Session) -> dict[str, tuple[bytes, bytes, Any]]:
    text, rest = packed(session)
    request = json.loads(text)
    request["inputs"][0]["parameters"]["binary_data_size"] += 1
    longer = json.dumps(request).encode()
    return {
        "short": (text, rest[:-1], None),
        "long": (text, rest + b"\0", None),
        "size": (longer, rest + b"\0", None),
        "header": (text, rest, len(text) + len(rest) + 1),
        "number": (text, rest, "many"),
        "negative": (text, rest, -1),
    }


LIES = {
    "short": "fewer bytes than binary_data_size says",
    "size": "a binary_data_size that is not that of the shape",
    "header": f"more bytes of JSON in {SIZE} than the body has",
    "long": "more bytes than binary_data_size says",
    "number": f"a {SIZE} that is no number",
    "negative": f"a negative {SIZE}",
}


def _is_refused(name: str) -> Callable[[Session], None]:
    return lambda session: refuses(_post(session, *_lies(session)[name]))


def _is_the_clients(name: str) -> Callable[[Session], None]:
    return lambda session: blames_the_client(_post(session, *_lies(session)[name]))


REFUSED = [
    (f"binary.error.{name}", f"{LIES[name]} is refused", _is_refused(name)) for name in ("short", "size", "header")
]
BLAMED = [
    (f"binary.fault.{name}", f"{what} is answered with 4xx", _is_the_clients(name)) for name, what in LIES.items()
]
TEXT = "Open Inference Protocol, Binary Tensor Data Extension"
CHECKS = [
    *checks_of("v2", "must", TEXT, [
        ("binary.inputs", "the right outputs in JSON for inputs as bytes", _inputs),
        ("binary.every_output", "binary_data_output gives all outputs as bytes", _every_output),
        ("binary.one_output", "binary_data gives one output as bytes", _one_output),
        *REFUSED,
    ]),
    *checks_of("v2", "should", "what a client needs to tell its faults from the server's", [
        *BLAMED,
    ]),
]  # fmt: skip
