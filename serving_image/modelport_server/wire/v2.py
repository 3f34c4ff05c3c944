"""Open Inference Protocol (V2), REST with JSON tensors."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, cast

import orjson

from modelport_server import tensors
from modelport_server.bundle import Bundle, Tensor
from modelport_server.errors import Rejected

PLATFORM = "onnx_onnxv1"
BINARY_PARAMETERS = {"binary_data", "binary_data_size", "binary_data_output"}


@dataclass(frozen=True)
class Inference:
    """A decoded infer request: one array per model input, and the names of the outputs wanted."""

    id: str | None
    feeds: dict[str, tensors.Array]
    outputs: list[str]


def decode(body: bytes, bundle: Bundle) -> Inference:
    """Read an infer request for the model of `bundle`.

    Raises:
        Rejected: (400) with everything a caller needs to correct it.
    """
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Rejected(400, f"the body is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise Rejected(400, "the body is not a JSON object")
    identity = request.get("id")
    if identity is not None and not isinstance(identity, str):
        raise Rejected(400, "id must be a string")
    _refuse_binary(request, "the request")
    return Inference(identity, _feeds(request, bundle.inputs), _outputs(request, bundle.outputs))


def encode(bundle: Bundle, inference: Inference, arrays: list[tensors.Array]) -> bytes:
    """The infer response with `arrays` as the outputs that `inference` wants, in that order."""
    response: dict[str, Any] = {"model_name": bundle.name, "model_version": bundle.version}
    if inference.id is not None:
        response["id"] = inference.id
    response["outputs"] = [tensors.encode(*pair) for pair in zip(inference.outputs, arrays, strict=True)]
    return orjson.dumps(response, option=orjson.OPT_SERIALIZE_NUMPY)


def metadata(bundle: Bundle) -> dict[str, Any]:
    """The model metadata response."""
    return {
        "name": bundle.name,
        "versions": [bundle.version],
        "platform": PLATFORM,
        "inputs": [asdict(tensor) for tensor in bundle.inputs],
        "outputs": [asdict(tensor) for tensor in bundle.outputs],
    }


def _feeds(request: dict[str, Any], inputs: tuple[Tensor, ...]) -> dict[str, tensors.Array]:
    entries = _by_name(request.get("inputs"), "inputs")
    known = {tensor.name: tensor for tensor in inputs}
    if unknown := sorted(entries.keys() - known.keys()):
        raise Rejected(400, f"unknown input {', '.join(unknown)}: the model takes {', '.join(known)}")
    if missing := [name for name in known if name not in entries]:
        raise Rejected(400, f"missing input {', '.join(missing)}")
    return {name: tensors.decode(entries[name], tensor) for name, tensor in known.items()}


def _outputs(request: dict[str, Any], outputs: tuple[Tensor, ...]) -> list[str]:
    known = [tensor.name for tensor in outputs]
    wanted = list(_by_name(request.get("outputs") or [], "outputs"))
    if unknown := [name for name in wanted if name not in known]:
        raise Rejected(400, f"unknown output {', '.join(unknown)}: the model gives {', '.join(known)}")
    return wanted or known


def _by_name(entries: Any, field: str) -> dict[str, dict[str, Any]]:
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    ):
        raise Rejected(400, f"{field} must be a list of objects with a name")
    named = {cast("str", entry["name"]): cast("dict[str, Any]", entry) for entry in entries}
    if len(named) != len(entries):
        raise Rejected(400, f"{field} names a tensor twice")
    for name, entry in named.items():
        _refuse_binary(entry, name)
    return named


def _refuse_binary(holder: dict[str, Any], what: str) -> None:
    parameters = holder.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Rejected(400, f"{what}: parameters must be an object")
    if any(parameters.get(name) for name in BINARY_PARAMETERS):
        raise Rejected(400, f"{what}: binary tensor data is not supported, send and ask for JSON data")
