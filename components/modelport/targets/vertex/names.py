"""What a service is called on Vertex AI, known before any of it is there."""

from __future__ import annotations

from modelport.plan import Plan
from modelport.providers.vertex.ids import number_of


def endpoint_id(plan: Plan) -> str:
    """What callers know the endpoint by: ten digits."""
    return number_of("endpoint", plan.names.of())


def dataset_id(plan: Plan) -> str:
    """The dataset that requests are kept in: BigQuery takes no dashes."""
    return plan.names.of("captures").replace("-", "_")
