"""What a service is called on SageMaker, known before any of it is there."""

from __future__ import annotations

import re

from modelport.plan import Plan
from modelport.targets.logical import check_logical_name

LOGS_OF_JOBS = "/aws/sagemaker/TransformJobs"
"""Where SageMaker puts what the containers of all jobs of an account say."""
JOB_LENGTH = 63
"""Most characters of a job's name: botocore, CreateTransformJob."""
MOMENT = "$(date -u +%Y%m%d%H%M%S)"
"""What a shell makes 14 digits of."""
LOGICAL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_name(name: str) -> None:
    """Refuse the name of a component of which AWS takes no names.

    Source: botocore, CreateEndpointConfig: EndpointConfigName; ecr, CreateRepository: repositoryName.
    """
    check_logical_name(name, "sagemaker", LOGICAL, "lower-case letters, digits and dashes", "-configuration")


def endpoint_name(plan: Plan) -> str:
    """What callers know the endpoint by; also alarms and the log group, which are there before it."""
    return plan.names.of()


def job_prefix(plan: Plan) -> str:
    """What the names of the service's jobs begin with; a moment follows."""
    return f"{plan.names.of(max_length=JOB_LENGTH - len('-YYYYMMDDhhmmss'))}-"


def log_group_name(plan: Plan) -> str:
    """Where SageMaker puts what the containers of an endpoint say, or those of jobs."""
    return LOGS_OF_JOBS if plan.spec.mode == "batch" else f"/aws/sagemaker/Endpoints/{endpoint_name(plan)}"
