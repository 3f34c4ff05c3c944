"""Requests and answers that SageMaker keeps in the service's bucket."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pulumi

from modelport.plan import Plan

from .account import Account
from .documents import Statement, allow
from .storage import Store, names_of

FOLDER = "captured"
DAY = 24 * 3600
CAPTURED = ("Input", "Output")
JSON, CSV = ("application/json", "application/jsonlines"), ("text/csv",)
"""Content types that are kept as they are; all others in base64."""


def captured(plan: Plan, store: Store) -> pulumi.Output[str] | None:
    """The address below which requests and answers are kept; None where none are."""
    return pulumi.Output.concat(store.root, f"/{FOLDER}") if captures(plan) else None


def captures(plan: Plan) -> bool:
    """Whether anything is kept."""
    return plan.spec.monitoring.capture.percent > 0


def kept_days(plan: Plan) -> dict[str, int]:
    """The folder of what is kept, with the days that it is."""
    return {FOLDER: math.ceil(plan.spec.monitoring.capture.retention.seconds / DAY)} if captures(plan) else {}


def keeping(account: Account, kept: pulumi.Input[str] | None, **of_whom: Any) -> Iterator[Statement]:
    """The right to keep requests below an address."""
    if kept is not None:
        yield allow("Captures", "s3:PutObject", names_of(account, kept).objects, **of_whom)


def capture(plan: Plan, kept: pulumi.Input[str] | None, key: pulumi.Input[str]) -> dict[str, Any]:
    """What a configuration says of it, encrypted with the service's key.

    Args:
        kept: the address.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture.html
    """
    if kept is None:
        return {}
    config = {
        "enableCapture": True,
        "initialSamplingPercentage": plan.spec.monitoring.capture.percent,
        "destinationS3Uri": kept,
        "kmsKeyId": key,
        "captureOptions": [{"captureMode": each} for each in CAPTURED],
        "captureContentTypeHeader": {"jsonContentTypes": list(JSON), "csvContentTypes": list(CSV)},
    }
    return {"dataCaptureConfig": config}
