"""The one path that the clouds score on: the content type says what the body is, Accept what the answer shall be.

JSON is a V2 infer request where it has `inputs`, and instances where it has those or is a list. Triton's binary types
carry a V2 request with tensors as bytes through SageMaker and Vertex AI, which let no other header pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelport_server.bundle import Bundle
from modelport_server.errors import Fault, Rejected
from modelport_server.tensors import Array, Inference
from modelport_server.wire import instances, tables, v2
from modelport_server.wire.body import parsed

JSON, CSV, LINES, NPY = "application/json", "text/csv", "application/jsonlines", "application/x-npy"
BINARY = ("application/vnd.sagemaker-triton.binary+json", "application/vnd.vertex-ai-triton.binary+json")
JSON_SIZE = "json-header-size"
SAME_AS = {
    "": JSON,
    "application/x-www-form-urlencoded": JSON,  # as curl calls what it is given with --data
    "application/x-ndjson": LINES,
    "application/jsonl": LINES,
}
DECODERS = {CSV: tables.decode_csv, LINES: tables.decode_lines, NPY: tables.decode_npy}
ENCODERS = {CSV: tables.encode_csv, LINES: tables.encode_lines, NPY: tables.encode_npy}
ANYTHING = ("", "*/*", "application/*")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is read, and the form of its answer.

    Attributes:
        content_type: of the answer, without parameters.
        v2: whether JSON is the V2 response, and not predictions.
    """

    inference: Inference
    content_type: str
    v2: bool

    def encode(self, bundle: Bundle, arrays: list[Array]) -> tuple[bytes, str]:
        """The answer and its content type.

        Raises:
            Rejected: it has no such form.
        """
        if encode := ENCODERS.get(self.content_type):
            return encode(bundle, self.inference, arrays), self.content_type
        if not self.v2:
            return instances.encode(self.inference, arrays), JSON
        answer = v2.encode(bundle, self.inference, arrays)
        if answer.json_size is None:
            return answer.body, JSON
        return answer.body, f"{self.content_type};{JSON_SIZE}={answer.json_size}"


def decode(body: bytes, content_type: str, accept: str, bundle: Bundle) -> Exchange:
    """Read a body for the model of `bundle`.

    Raises:
        Rejected: it is of no known type, the answer cannot be as asked, or the body does not fit.
    """
    kind, _, parameters = content_type.partition(";")
    kind = _known(kind)
    if kind in BINARY:
        inference, is_v2 = v2.decode(body, bundle, _json_size(parameters)), True
    elif kind == JSON:
        inference, is_v2 = _json(body, bundle)
    elif decode := DECODERS.get(kind):
        inference, is_v2 = decode(body, bundle), False
    else:
        known = ", ".join([JSON, *DECODERS, *BINARY])
        raise Rejected(Fault.UNSUPPORTED_MEDIA_TYPE, f"content type {content_type}: this server takes {known}")
    return _exchange(inference, is_v2, kind, accept)


def _exchange(inference: Inference, is_v2: bool, kind: str, accept: str) -> Exchange:
    answer = _accepted(accept, kind)
    if answer in BINARY and not is_v2:
        raise Rejected(Fault.NOT_ACCEPTABLE, f"{answer} answers a V2 request, and this is none")
    if inference.binary and answer not in BINARY:
        text = f"tensors as bytes were asked for: they come as {' or '.join(BINARY)}"
        raise Rejected(Fault.NOT_ACCEPTABLE, text)
    return Exchange(inference, answer, is_v2)


def _json(body: bytes, bundle: Bundle) -> tuple[Inference, bool]:
    content = parsed(body)
    if isinstance(content, dict) and "inputs" in content:
        return v2.inference(content, memoryview(b""), bundle), True
    if isinstance(content, dict) and "instances" in content:
        return instances.inference(content, bundle), False
    if isinstance(content, (list, np.ndarray)):
        return instances.inference({"instances": content}, bundle), False
    raise Rejected(Fault.MALFORMED, "the body must be an object with inputs (V2) or instances, or a list of instances")


def _accepted(accept: str, kind: str) -> str:
    """The type of the answer: the first that the client names and there is; the request's own where it names none."""
    for each in accept.split(","):
        name = each.partition(";")[0].strip().lower()
        if name in ANYTHING or SAME_AS.get(name, name) == kind:
            return kind
        if (known := SAME_AS.get(name, name)) in (JSON, *ENCODERS, *BINARY):
            return known
    given = ", ".join([JSON, *ENCODERS, *BINARY])
    raise Rejected(Fault.NOT_ACCEPTABLE, f"accept {accept}: this server answers with {given}")


def _known(kind: str) -> str:
    name = kind.strip().lower()
    return SAME_AS.get(name, JSON if name in ANYTHING else name)


def _json_size(parameters: str) -> int:
    values = dict(part.strip().split("=", 1) for part in parameters.split(";") if "=" in part)
    size = values.get(JSON_SIZE, "")
    if not (size.isascii() and size.isdigit()):
        raise Rejected(Fault.MALFORMED, f"the content type must say {JSON_SIZE}=BYTES")
    return int(size)
