"""Endpoints without instances of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelport.plan import Objection
from modelport.spec import ModelSpec, written

STEP, MOST_MEGABYTES = 1024, 6144
"""Of `MemorySizeInMB`, which is given in steps: botocore, CreateEndpointConfig."""
MOST_AT_ONCE = 200
"""Of `MaxConcurrency`: botocore, CreateEndpointConfig."""
START_SECONDS = 180
"""Until a container has to answer /ping: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html"""


def on_demand(spec: ModelSpec) -> dict[str, Any]:
    """What a variant has in place of instances: memory for one request, and how many are answered at once.

    An instance elsewhere works on several requests at once, so that `scaling.max` of them answer as many as these.
    """
    return {"serverlessConfig": {"memorySizeInMb": megabytes(spec), "maxConcurrency": at_once(spec)}}


def serverless_rules(spec: ModelSpec) -> Iterator[Objection]:
    """What a serverless endpoint is too small for."""
    memory, most = spec.compute.memory, at_once(spec)
    if megabytes(spec) > MOST_MEGABYTES:
        alternative = "Write at most 6Gi, or use mode: realtime or mode: async."
        yield Objection("compute.memory", str(memory), "a serverless endpoint has at most 6 GiB", alternative)
    if most > MOST_AT_ONCE:
        reason = f"a serverless endpoint answers at most {MOST_AT_ONCE} requests at once, and this is {most}"
        alternative = "Lower it or request.concurrency: at once are scaling.max times request.concurrency."
        yield Objection("scaling.max", spec.scaling.max, reason, alternative)
    if "startupSeconds" in written(spec) and spec.startup_seconds > START_SECONDS:
        reason = f"a serverless container has to be ready within {START_SECONDS} seconds"
        alternative = f"Write at most {START_SECONDS}, or use mode: realtime or mode: async."
        yield Objection("startupSeconds", spec.startup_seconds, reason, alternative)


def megabytes(spec: ModelSpec) -> int:
    """The smallest memory that holds what an instance is to have."""
    return -(-spec.compute.memory.bytes // (STEP << 20)) * STEP


def at_once(spec: ModelSpec) -> int:
    """Requests that are answered at the same time, at most."""
    return spec.scaling.max * spec.request.concurrency
