"""What a request says about itself: its inference id, and the trace that it is part of."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping

ID_HEADERS = (b"x-amzn-sagemaker-inference-id", b"x-request-id")
ANSWER_ID = b"x-inference-id"
ID = re.compile(r"[\x21-\x7e]{1,128}")
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")

Headers = Mapping[bytes, bytes]


def given_id(headers: Headers) -> str | None:
    """The inference id that a platform or client has given in a header; None where it is none that can be one."""
    given = (headers.get(name, b"").decode("latin-1") for name in ID_HEADERS)
    return next((each for each in given if ID.fullmatch(each)), None)


def inference_id(given: str | None, asked: str | None) -> str:
    """The id of an inference: of a header, or else of the request itself, or else a new one."""
    return given or (asked if asked and ID.fullmatch(asked) else uuid.uuid4().hex)


def is_sampled(identity: str, share: float) -> bool:
    """Whether an inference is in a sample of `share` (0 to 1) of all: the same answer in every process."""
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest) < share * 2**64


def trace_id(headers: Headers) -> str | None:
    """The trace that the caller names in `traceparent` (W3C Trace Context), in 32 hexadecimal digits."""
    found = TRACEPARENT.fullmatch(headers.get(b"traceparent", b"").decode("latin-1"))
    return found[1] if found else None


def names(headers: Headers) -> dict[str, str | None]:
    """What the log says about a request beside its message."""
    return {"inference_id": given_id(headers), "trace_id": trace_id(headers)}
