"""What the values of `mode` mean on SageMaker: what each takes at most, and what it has not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from modelport.plan import Objection
from modelport.spec import Environment, Memory, ModelSpec, Scaling, leaf_values, written
from modelport.targets.jobs import LEFT_OUT, job_lacks

PAYLOAD, TIMEOUT, CONCURRENCY = "request.payload", "request.timeout", "request.concurrency"
METRIC, VALUE, TO_ZERO = "scaling.target.metric", "scaling.target.value", "scaling.scaleToZero"
TARGET = {METRIC, VALUE}
MEGABYTE = 1_000_000
REALTIME = "Use mode: realtime, or leave the field out."
TOLD = "Leave it out, and have an EventBridge rule tell of jobs that fail."
WITH_INSTANCES = "Use mode: realtime or mode: async, or leave the field out."


@dataclass(frozen=True)
class Limits:
    """Of one request.

    Attributes:
        what: it goes to, for messages.
        bytes: of its body, and of that of the answer.
        seconds: until the answer.
        more: what takes more.
    """

    what: str
    bytes: int
    seconds: int
    more: str = ""


LIMITS: Mapping[str, Limits] = {
    "realtime": Limits("a realtime endpoint", 6_291_456, 60, "mode: async takes more."),
    "serverless": Limits("a serverless endpoint", 4 * MEGABYTE, 60, "mode: async takes more."),
    "async": Limits("an asynchronous endpoint", 1000 * MEGABYTE, 3600),
    "batch": Limits("a transform job", 100 * MEGABYTE, 3600, "mode: async takes more."),
}
"""Source: botocore, InvokeEndpoint and CreateTransformJob;
https://docs.aws.amazon.com/sagemaker/latest/dg/deploy-model-options.html"""

MOST_MEGABYTES = LIMITS["batch"].bytes // MEGABYTE
"""Of all requests that an instance of a job works on at once: botocore, CreateTransformJob."""
MOST_INSTANCES = 100
"""Of a job: botocore, TransformResources."""

LACKS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "realtime": {
        "scaling.scaleToZero": (
            "a realtime endpoint keeps an instance",
            "Use mode: async or mode: serverless, or leave the field out.",
        ),
        CONCURRENCY: (
            "instances of a realtime endpoint take what comes, and it waits in them",
            "Use scaling.target.metric: concurrency, which adds instances, or mode: async.",
        ),
    },
    "serverless": {
        "compute.cpu": ("SageMaker gives cores by memory here", "Ask for compute.memory, or use mode: realtime."),
        "compute.machine": ("a serverless endpoint has no instances of its own", WITH_INSTANCES),
        "compute.accelerator.kind": ("a serverless endpoint has no accelerators", WITH_INSTANCES),
        "scaling.min": ("a serverless endpoint keeps nothing running", REALTIME),
        **dict.fromkeys(
            ("scaling.target.metric", "scaling.target.value", "scaling.schedule"),
            ("SageMaker itself follows the load of a serverless endpoint", REALTIME),
        ),
        "monitoring.capture.percent": ("SageMaker captures nothing of a serverless endpoint", WITH_INSTANCES),
    },
    "async": {
        "monitoring.capture.percent": (
            "SageMaker captures nothing of an asynchronous endpoint",
            LEFT_OUT,
        ),
    },
    "batch": {
        **job_lacks(TOLD),
        "scaling.min": (
            "a job has all of its instances from beginning to end",
            "Write scaling.max: so many are there while it runs.",
        ),
        **dict.fromkeys(
            ("scaling.target.metric", "scaling.target.value", "scaling.schedule"),
            ("a job has the same number of instances from beginning to end", "Write scaling.max alone."),
        ),
        "startupSeconds": ("SageMaker itself says how long the containers of a job may start", "Leave it out."),
    },
}
"""Fields that a mode has nothing for: why not, and what to do instead.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html (feature exclusions)
"""


def mode_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What the service's mode does not take."""
    limits, values = LIMITS[spec.mode], leaf_values(spec)
    if spec.request.payload.bytes > limits.bytes:
        most = Memory(limits.bytes // 1024)
        reason = f"{limits.what} takes at most {most} in one request"
        yield Objection(PAYLOAD, str(spec.request.payload), reason, f"Write at most {most}. {limits.more}".rstrip())
    if spec.request.timeout.seconds > limits.seconds:
        reason = f"SageMaker waits for the answer of {limits.what} for {limits.seconds} seconds"
        alternative = f"Write at most {limits.seconds}s. {limits.more}".rstrip()
        yield Objection(TIMEOUT, str(spec.request.timeout), reason, alternative)
    for field, (reason, alternative) in LACKS[spec.mode].items():
        if field in written(spec) and values.get(field):
            yield Objection(field, values[field], reason, alternative)
    if spec.mode == "serverless" and environment.existing.subnets:
        reason = "SageMaker puts a serverless endpoint into no network of one's own"
        alternative = "Use mode: realtime or mode: async, or a stack without existing.subnets."
        yield Objection("modelport:existing.subnets", None, reason, alternative)


def queue_rules(spec: ModelSpec) -> Iterator[Objection]:
    """What the queue of an endpoint cannot follow."""
    scaling, metric = spec.scaling, spec.scaling.target.metric
    alternative = "Use concurrency: it counts what waits as well."
    if metric in ("requestsPerSecond", "waiting"):
        yield Objection(METRIC, metric, "requests wait in SageMaker's queue, however many come", alternative)
    elif wakes(scaling) and not follows_backlog(spec):
        yield Objection(METRIC, metric, "without instances nobody can tell it", alternative)
    if scaling.scale_to_zero and scaling.schedule:
        alternative = f"Use windows with min: 0 instead of {TO_ZERO}."
        yield Objection(TO_ZERO, True, "a window keeps its instances, whether requests come or not", alternative)


def job_rules(spec: ModelSpec) -> Iterator[Objection]:
    """What is too much for a job."""
    concurrency, most = spec.request.concurrency, MOST_MEGABYTES // max(job_megabytes(spec), 1)
    if CONCURRENCY in written(spec) and concurrency > most > 0:
        reason = f"an instance of a job works on {MOST_MEGABYTES} MB of requests at once, and each may have "
        alternative = f"Write at most {most}, or a smaller request.payload."
        yield Objection(CONCURRENCY, concurrency, f"{reason}{job_megabytes(spec)} MB", alternative)
    if spec.scaling.max > MOST_INSTANCES:
        reason = f"a job has at most {MOST_INSTANCES} instances"
        yield Objection("scaling.max", spec.scaling.max, reason, f"Write at most {MOST_INSTANCES}.")


def wakes(scaling: Scaling) -> bool:
    """Whether instances come back from none when something waits: not in a window that allows none."""
    return scaling.scale_to_zero or any(window.min == 0 < window.max for window in scaling.schedule)


def follows_backlog(spec: ModelSpec) -> bool:
    """Whether the number of instances follows what waits or is worked on: so it is unless utilisation is asked for."""
    return spec.mode == "async" and (spec.scaling.target.metric == "concurrency" or not TARGET & written(spec))


def job_megabytes(spec: ModelSpec) -> int:
    """Of one request of a job, rounded up."""
    return -(-spec.request.payload.bytes // MEGABYTE)


def job_concurrency(spec: ModelSpec) -> int:
    """Requests that an instance of a job works on at the same time, as far as they fit."""
    return min(spec.request.concurrency, MOST_MEGABYTES // job_megabytes(spec))
