"""Requests and answers that are kept in BigQuery.

Source: https://cloud.google.com/vertex-ai/docs/predictions/online-prediction-logging#request-response-logging
"""

from __future__ import annotations

from typing import Any

import pulumi

from .key import Key
from .names import dataset_id
from .project import Project
from .resources import DATASET, Resources


def captured(own: Resources, project: Project, key: Key) -> pulumi.Output[str] | None:
    """Where requests and answers are kept, `bq://PROJECT.DATASET`; None where none are."""
    capture = own.plan.spec.monitoring.capture
    if not capture.percent:
        return None
    inputs = {
        "datasetId": dataset_id(own.plan),
        "location": project.region,
        "description": f"What the model service {own.plan.names.of()} was asked and has answered.",
        "defaultEncryptionConfiguration": {"kmsKeyName": key.name},
        "defaultPartitionExpirationMs": round(capture.retention.seconds * 1000),
        "deleteContentsOnDestroy": False,
    }
    made = own.keep(DATASET, "captures", inputs, key.first)
    return pulumi.Output.concat("bq://", project.id, ".", made.dataset_id)


def capture(own: Resources, where: pulumi.Output[str] | None) -> dict[str, Any]:
    """What an endpoint says of requests that are kept."""
    if where is None:
        return {}
    percent = own.plan.spec.monitoring.capture.percent
    said = {"enabled": True, "samplingRate": float(percent) / 100, "bigqueryDestination": {"outputUri": where}}
    return {"predictRequestResponseLoggingConfig": said}
