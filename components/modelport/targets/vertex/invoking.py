"""Requests to an endpoint of Vertex AI, from its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from modelport.errors import ModelportError
from modelport.providers.vertex.google import Google


def ask(endpoint: Mapping[str, Any], request: bytes, otherwise: str) -> bytes:
    """The answer to a V2 infer request, with the credentials that Google's libraries find.

    Args:
        endpoint: an entry of the output `endpoint`.
        otherwise: the command that asks from within a private endpoint's network, or starts a job.

    Raises:
        ModelportError: nobody answers at once, the endpoint is private, or Google says no.
    """
    parts = urlsplit(endpoint["url"])
    if not parts.path.endswith(":rawPredict"):
        raise ModelportError(
            f"{endpoint['url']}\n  answers with files in Cloud Storage. Start a job with:\n  {otherwise}"
        )
    if _is_address(parts.hostname or ""):
        reason = "is an address in your network, with a certificate for no name there"
        raise ModelportError(f"{endpoint['url']}\n  {reason}. From within the network ask with:\n  {otherwise}")
    return Google(f"{parts.scheme}://{parts.netloc}/").predict(parts.path.removeprefix("/"), request)


def _is_address(host: str) -> bool:
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return False
