"""What a service is called on Vertex AI, known before any of it is there."""

from __future__ import annotations

import re

from modelport.plan import Plan
from modelport.providers.vertex.ids import number_of
from modelport.targets.logical import check_logical_name

LOGICAL = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def check_name(name: str) -> None:
    """Refuse the name of a component of which Google takes no names.

    Source: https://cloud.google.com/compute/docs/naming-resources, https://cloud.google.com/storage/docs/buckets#naming
    """
    words = "lower-case letters, digits and dashes, and begin with a letter"
    check_logical_name(name, "vertex", LOGICAL, words, "-vpc-endpoint")


def endpoint_id(plan: Plan) -> str:
    """What callers know the endpoint by: ten digits."""
    return number_of("endpoint", plan.names.of())


def dataset_id(plan: Plan) -> str:
    """The dataset that requests are kept in: BigQuery takes no dashes."""
    return plan.names.of("captures").replace("-", "_")
