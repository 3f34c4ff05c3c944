"""What the server itself measures, as CloudWatch has it.

SageMaker brings what containers write to the endpoint's log group, from isolation too; CloudWatch makes metrics of
lines in its embedded format:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
"""

from __future__ import annotations

from typing import Any

from modelport.plan import Plan
from modelport.plan.bounds import is_fixed
from modelport.targets.version import Version

from .names import endpoint_name

OWN = {"waiting": "modelport_requests_waiting"}
"""Metrics of the server, serving_image/README.md, by what a service may scale on."""
SECONDS = 60
"""Between two values: a tracked metric has one a minute."""


def writes_metrics(plan: Plan, version: Version) -> dict[str, str]:
    """What tells the server to write its metrics, where the number of instances follows one of them."""
    if plan.spec.scaling.target.metric not in OWN or is_fixed(plan.spec.scaling):
        return {}
    return {"MODELPORT_EMF": str(SECONDS), "MODELPORT_EMF_NAMESPACE": namespace(plan, version)}


def measured(plan: Plan, version: Version) -> dict[str, Any]:
    """The metric of an instance that the service scales on, as a policy tracks it: the average of all."""
    labels = {"model": version.bundle.name, "version": version.bundle.version}
    return {
        "namespace": namespace(plan, version),
        "metricName": OWN[plan.spec.scaling.target.metric],
        "dimensions": [{"name": name, "value": value} for name, value in labels.items()],
        "statistic": "Average",
    }


def namespace(plan: Plan, version: Version) -> str:
    """Where CloudWatch keeps the metrics of a version's servers, as another may have the same name and number."""
    return f"modelport/{endpoint_name(plan)}/{version.slot}"
