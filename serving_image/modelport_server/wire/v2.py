"""Open Inference Protocol (V2), REST: tensors as JSON, or as bytes behind it (the binary tensor data extension)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import orjson

from modelport_server import tensors
from modelport_server.bundle import Bundle
from modelport_server.errors import Fault, Rejected
from modelport_server.tensors import Array, Inference
from modelport_server.wire import envelopes, forms, layouts
from modelport_server.wire.body import parsed_object
from modelport_server.wire.envelopes import Parted

PLATFORM = "onnx_onnxv1"
EXTENSIONS = ["binary_tensor_data"]
NONE: frozenset[str] = frozenset()


class Answer(NamedTuple):
    """An infer response; its first `json_size` bytes are JSON, or all where that is None."""

    body: bytes
    json_size: int | None


def decode(body: bytes, bundle: Bundle, json_size: int | None = None) -> Inference:
    """Read an infer request for the model of `bundle`; with `json_size`, tensors follow after so many bytes of JSON.

    Raises:
        Rejected: with everything a caller needs to correct it.
    """
    if json_size is None:
        return _decode_json(body, bundle)
    text, rest = _split(body, json_size)
    if layout := layouts.find(text, rest, bundle):
        return layout.read(rest, bundle)
    content = parsed_object(text)
    read = inference(content, rest, bundle)
    sizes = {entry["name"]: _parameters(entry, entry["name"]).get("binary_data_size") for entry in content["inputs"]}
    layouts.keep(text, read, {name: size for name, size in sizes.items() if size is not None}, bundle)
    return read


def _decode_json(body: bytes, bundle: Bundle) -> Inference:
    found = envelopes.parted(body)
    if found and (known := envelopes.read(found, bundle)):
        return known
    read = inference(parsed_object(body), memoryview(b""), bundle)
    if found:
        envelopes.keep(found, read, bundle)
    return read


def parted(body: bytes, json_size: int | None) -> Parted | None:
    """The parts of a request with one input, if it has them."""
    return envelopes.parted(body) if json_size is None else Parted((body[:json_size],), body[json_size:])


def is_known(found: Parted, json_size: int | None, bundle: Bundle) -> bool:
    """Whether a request with all that is around these values, and other ones, was right."""
    if json_size is None:
        return envelopes.find(found, bundle) is not None
    return layouts.find(found.around[0], memoryview(found.values), bundle) is not None


def inference(request: Mapping[str, Any], rest: memoryview, bundle: Bundle) -> Inference:
    """An infer request that is read already; `rest` are the bytes behind it.

    Raises:
        Rejected: as `decode`.
    """
    identity = request.get("id")
    if identity is not None and not isinstance(identity, str):
        raise Rejected(Fault.MALFORMED, "id must be a string")
    entries, outputs = _entries(request.get("inputs"), "inputs"), _entries(request.get("outputs") or [], "outputs")
    wanted = tensors.wanted_outputs([entry["name"] for entry in outputs], bundle)
    return Inference(
        feeds=_feeds(entries, rest, bundle),
        outputs=wanted,
        id=identity,
        binary=_binary_outputs(_parameters(request, "the request"), outputs, wanted),
    )


def encode(bundle: Bundle, asked: Inference, arrays: list[Array]) -> Answer:
    """The infer response with `arrays` as the outputs that `asked` wants, in that order.

    Raises:
        Rejected: an output has no V2 datatype.
    """
    entries, parts = [], []
    for name, given in zip(asked.outputs, arrays, strict=True):
        array = tensors.as_array(given)
        if name in asked.binary:
            parts.append(tensors.to_bytes(array))
            entries.append(forms.binary(name, array, len(parts[-1])))
        else:
            values = orjson.dumps(tensors.to_json(array.ravel()), option=orjson.OPT_SERIALIZE_NUMPY)
            entries.append(b'%b,"data":%b}' % (forms.output(name, array.dtype, array.shape), values))
    identity = b"" if asked.id is None else b',"id":%b' % orjson.dumps(asked.id)
    text = forms.response(bundle, identity, entries)
    return Answer(b"".join((text, *parts)), len(text)) if asked.binary else Answer(text, None)


def metadata(bundle: Bundle, versions: list[str]) -> dict[str, Any]:
    """The model metadata response, with all the `versions` that there are."""
    return {
        "name": bundle.name,
        "versions": versions,
        "platform": PLATFORM,
        "inputs": [asdict(tensor) for tensor in bundle.inputs],
        "outputs": [asdict(tensor) for tensor in bundle.outputs],
    }


def _split(body: bytes, json_size: int) -> tuple[bytes, memoryview]:
    if not 0 < json_size <= len(body):
        text = f"the JSON should have {json_size} bytes, of a body of {len(body)}"
        raise Rejected(Fault.MALFORMED, text)
    return body[:json_size], memoryview(body)[json_size:]


def _entries(entries: Any, field: str) -> list[dict[str, Any]]:
    if type(entries) is list:
        for entry in entries:  # a loop, as every request comes here
            if type(entry) is not dict or type(entry.get("name")) is not str:
                break
        else:
            return entries
    raise Rejected(Fault.MALFORMED, f"{field} must be a list of objects with a name")


def _feeds(entries: list[dict[str, Any]], rest: memoryview, bundle: Bundle) -> dict[str, Array]:
    tensors.check_names([entry["name"] for entry in entries], bundle)
    known = bundle.inputs_by_name
    feeds = {}
    for entry in entries:
        tensor = known[entry["name"]]
        tensors.check_datatype(entry.get("datatype"), tensor)
        shape = tensors.shape_of(entry.get("shape"), tensor)
        if (size := _parameters(entry, tensor.name).get("binary_data_size")) is None:
            feeds[tensor.name] = tensors.from_list(entry.get("data"), shape, tensor)
            continue
        raw, rest = _take(rest, size, tensor.name)
        if "data" in entry:
            raise Rejected(Fault.MALFORMED, f"input {tensor.name}: data and binary_data_size contradict each other")
        feeds[tensor.name] = tensors.from_bytes(raw, shape, tensor)
    if rest:
        raise Rejected(Fault.MALFORMED, f"{len(rest)} bytes after the last tensor belong to none")
    return feeds


def _take(rest: memoryview, size: Any, name: str) -> tuple[memoryview, memoryview]:
    if type(size) is not int or size < 0:
        raise Rejected(Fault.MALFORMED, f"input {name}: binary_data_size must be a number of bytes")
    if size > len(rest):
        text = f"input {name}: binary_data_size is {size}, and only {len(rest)} bytes are left after the JSON"
        raise Rejected(Fault.MALFORMED, text)
    return rest[:size], rest[size:]


def _binary_outputs(parameters: Mapping[str, Any], outputs: list[dict[str, Any]], wanted: list[str]) -> frozenset[str]:
    if not (parameters or outputs):
        return NONE
    every = _flag(parameters, "binary_data_output", "the request", default=False)
    said = {
        entry["name"]: _flag(_parameters(entry, entry["name"]), "binary_data", entry["name"], default=every)
        for entry in outputs
    }
    return frozenset(name for name in wanted if said.get(name, every))


def _parameters(holder: Mapping[str, Any], what: str) -> Mapping[str, Any]:
    parameters = holder.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Rejected(Fault.MALFORMED, f"{what}: parameters must be an object")
    return parameters


def _flag(parameters: Mapping[str, Any], name: str, what: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if not isinstance(value, bool):
        raise Rejected(Fault.MALFORMED, f"{what}: {name} must be true or false")
    return value
