"""SageMaker's container contract: `/ping` and `/invocations`, the latter with a V2 infer request as its body."""

from __future__ import annotations

from collections.abc import Mapping

from modelport_server.errors import Rejected
from modelport_server.health import Health
from modelport_server.model import Model

JSON_TYPES = ("", "application/json", "*/*")


def ping(health: Health) -> int:
    """The status of `/ping`, whose body is empty."""
    return 200 if health is Health.READY else 503


def invoked(models: Mapping[str, Model], content_type: str) -> Model:
    """The model that `/invocations` means: the only one.

    Raises:
        Rejected: (415) the body is not JSON; (400) there are several models.
    """
    if content_type.partition(";")[0].strip().lower() not in JSON_TYPES:
        raise Rejected(415, f"content type {content_type}: send application/json with a V2 infer request")
    if len(models) != 1:
        raise Rejected(400, f"this server has several models ({', '.join(models)}): use /v2/models/NAME/infer")
    return next(iter(models.values()))
