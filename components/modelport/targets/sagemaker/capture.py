"""Requests and answers that SageMaker keeps in the service's bucket."""

from __future__ import annotations

from typing import Any

import pulumi

from modelport.plan import Plan

from .storage import Store

CAPTURED = ("Input", "Output")
JSON, CSV = ("application/json", "application/jsonlines"), ("text/csv",)
"""Content types that are kept as they are; all others in base64."""


def captured(plan: Plan, store: Store) -> pulumi.Output[str] | None:
    """The address below which requests and answers are kept; None where none are."""
    return store.captured(plan.name) if captures(plan) else None


def captures(plan: Plan) -> bool:
    """Whether anything is kept."""
    return plan.spec.monitoring.capture.percent > 0


def capture(plan: Plan, store: Store, key: pulumi.Input[str]) -> dict[str, Any]:
    """What a configuration says of it, encrypted with the service's key.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
    """
    if (address := captured(plan, store)) is None:
        return {}
    config = {
        "enableCapture": True,
        "initialSamplingPercentage": plan.spec.monitoring.capture.percent,
        "destinationS3Uri": address,
        "kmsKeyId": key,
        "captureOptions": [{"captureMode": each} for each in CAPTURED],
        "captureContentTypeHeader": {"jsonContentTypes": list(JSON), "csvContentTypes": list(CSV)},
    }
    return {"dataCaptureConfig": config}
