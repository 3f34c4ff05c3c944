"""Requests to an endpoint of SageMaker, from its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from modelport.errors import ModelportError
from modelport.providers.sagemaker import LiveEndpoint


def ask(endpoint: Mapping[str, Any], request: bytes, otherwise: str) -> bytes:
    """The answer to a V2 infer request, signed with the credentials that boto3 finds.

    Args:
        endpoint: an entry of the output `endpoint`.
        otherwise: the command that asks a service whose answers are files.

    Raises:
        ModelportError: nobody answers at once, or AWS says no.
    """
    place = place_of(endpoint)
    if place is None or not endpoint["url"].endswith("/invocations"):
        raise ModelportError(f"{endpoint['url']}\n  answers with files in S3. Ask with:\n  {otherwise}")
    name, region = place
    return LiveEndpoint(region, name).ask(request)


def place_of(endpoint: Mapping[str, Any]) -> tuple[str, str] | None:
    """The name of an endpoint and its region; None for a service of jobs, which has none."""
    match urlsplit(endpoint["url"]).path.split("/"):
        case ["", "endpoints", name, _]:
            return name, endpoint["auth"]["audience"]
    return None
