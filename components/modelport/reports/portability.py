from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from modelport.spec import Duration, Loaded, Memory, Origin, Problem, leaf_values
from modelport.spec.problem import shown

Severity = Literal["error", "warning"]

REALTIME = ("realtime",)
SYNCHRONOUS = ("realtime", "serverless")
ANY_MODE = ("realtime", "async", "batch", "serverless")


@dataclass(frozen=True)
class Limit:
    """What a platform allows a service, whether or not modelport can run it there yet.

    Attributes:
        severity: `error` where the service cannot run there as it is written, `warning` where it can in one way only.
        message: the limit, as a sentence.
        most, least: bounds of the value, both included.
        never: a value that the platform does not have.
        modes: modes of a service that the limit holds for.
    """

    field: str
    target: str
    severity: Severity
    message: str
    most: Any = None
    least: Any = None
    never: Any = None
    modes: tuple[str, ...] = ANY_MODE

    def is_broken_by(self, value: Any) -> bool:
        """Whether the value of the field is beyond the limit."""
        return bool(
            (self.most is not None and value > self.most)
            or (self.least is not None and value < self.least)
            or (self.never is not None and value == self.never)
        )


@dataclass(frozen=True)
class Finding:
    """A limit that a service breaks, and where."""

    limit: Limit
    value: str
    origin: Origin

    def __str__(self) -> str:
        limit, origin = self.limit, self.origin
        message = f"{limit.severity} on {limit.target}: {limit.message}"
        return str(Problem(message, origin.file, origin.line, path=limit.field, value=self.value))

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "field": self.limit.field,
            "target": self.limit.target,
            "severity": self.limit.severity,
            "message": self.limit.message,
            "value": self.value,
            "file": self.origin.file,
            "line": self.origin.line,
        }


def _megabytes(number: float) -> Memory:
    return Memory(int(number * 1_000_000) // 1024)


LIMITS = (
    Limit(
        "request.payload",
        "sagemaker",
        "error",
        "a synchronous request or answer has at most 6 MiB; mode: async takes more.",
        most=Memory.parse("6Mi"),
        modes=REALTIME,
    ),
    Limit(
        "request.payload",
        "sagemaker",
        "error",
        "a serverless request or answer has at most 4 MB; mode: async takes more.",
        most=_megabytes(4),
        modes=("serverless",),
    ),
    Limit(
        "request.payload",
        "vertex",
        "error",
        "a synchronous request or answer has at most 10 MB.",
        most=_megabytes(10),
        modes=SYNCHRONOUS,
    ),
    Limit(
        "request.timeout",
        "sagemaker",
        "error",
        "a synchronous answer takes at most 60 s; mode: async waits up to 1 h.",
        most=Duration.parse("60s"),
        modes=SYNCHRONOUS,
    ),
    Limit(
        "request.timeout",
        "vertex",
        "error",
        "a synchronous answer takes at most 600 s.",
        most=Duration.parse("600s"),
        modes=SYNCHRONOUS,
    ),
    Limit(
        "request.timeout",
        "azureml",
        "error",
        "a synchronous answer takes at most 180 s.",
        most=Duration.parse("180s"),
        modes=SYNCHRONOUS,
    ),
    Limit("startupSeconds", "sagemaker", "warning", "a start is given at least 60 s.", least=60),
    Limit("protocols.grpc", "sagemaker", "error", "the platform forwards HTTP/1.1 only.", never=True),
    Limit("protocols.grpc", "vertex", "warning", "gRPC needs a dedicated endpoint.", never=True),
    Limit("protocols.grpc", "azureml", "error", "the platform forwards HTTP only.", never=True),
    Limit("rollout.mirror", "vertex", "error", "requests cannot be mirrored.", most=0),
    Limit("rollout.mirror", "azureml", "error", "at most 50 % of the requests can be mirrored.", most=50),
    Limit(
        "scaling.scaleToZero",
        "sagemaker",
        "error",
        "a real-time endpoint keeps an instance; use mode: async or mode: serverless.",
        never=True,
        modes=REALTIME,
    ),
    Limit("scaling.scaleToZero", "vertex", "warning", "scaling to zero is a beta feature.", never=True),
    Limit("scaling.scaleToZero", "azureml", "error", "an endpoint keeps an instance.", never=True),
)
"""What the platforms document. For one field and target the stricter limit stands first."""


def lint(service: Loaded) -> list[Finding]:
    """The limits that keep a service from running everywhere, in the order of the file; the worst per field and target.

    The rules of the config itself (the form of a name, for one) are portable already.
    """
    values = leaf_values(service.spec)
    found: dict[tuple[str, str], Finding] = {}
    for limit in LIMITS:
        value = values[limit.field]
        if service.spec.mode in limit.modes and limit.is_broken_by(value):
            finding = Finding(limit, shown(value), service.origins[limit.field])
            found.setdefault((limit.field, limit.target), finding)
    return sorted(found.values(), key=lambda finding: (finding.origin.file, finding.origin.line or 0))
