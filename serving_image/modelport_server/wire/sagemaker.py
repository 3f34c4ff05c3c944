"""SageMaker's container contract, beside its scoring path."""

from __future__ import annotations

import orjson

from modelport_server.health import Health
from modelport_server.inference.session import granted_cores

MIB = 1_048_576
CUSTOM_ATTRIBUTES = b"x-amzn-sagemaker-custom-attributes"


def ping(health: Health) -> int:
    """The status of `/ping`, whose body is empty."""
    return 200 if health is Health.READY else 503


def execution_parameters(max_body: int) -> bytes:
    """How batch transform shall call: as many requests at once as there are cores, several records in each."""
    parameters = {
        "MaxConcurrentTransforms": granted_cores(),
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": max(max_body // MIB, 1),
    }
    return orjson.dumps(parameters)
