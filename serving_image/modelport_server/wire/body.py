"""JSON as a client sends it."""

from __future__ import annotations

from typing import Any

import orjson

from modelport_server.errors import Fault, Rejected
from modelport_server.wire import bulk


def parsed(text: bytes) -> Any:
    """What JSON says; in a large text, arrays in place of long lists of numbers.

    Raises:
        Rejected: it is none.
    """
    if len(text) >= bulk.LEAST_BYTES and (content := bulk.read(text)) is not None:
        return content
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Rejected(Fault.MALFORMED, f"the body is not JSON: {error}") from error


def parsed_object(text: bytes) -> dict[str, Any]:
    """A JSON object.

    Raises:
        Rejected: it is none.
    """
    content = parsed(text)
    if not isinstance(content, dict):
        raise Rejected(Fault.MALFORMED, "the body is not a JSON object")
    return content
