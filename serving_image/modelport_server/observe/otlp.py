"""Whether, and how, traces and metrics go out over OTLP: the standard variables say it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from modelport_server.errors import ServerError

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PROTOCOL = "http/protobuf"
SIGNALS = ("traces", "metrics")


class OtlpUnusable(ServerError):
    """Telemetry was asked for and cannot be sent."""

    exit_code = 2


def signals(env: Mapping[str, str]) -> tuple[str, ...]:
    """Which of `SIGNALS` go out: none without an endpoint.

    Raises:
        OtlpUnusable: in a protocol that is not spoken here.
    """
    if env.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return ()
    return tuple(signal for signal in SIGNALS if _is_wanted(signal.upper(), env))


def resource() -> Resource:
    """What the telemetry is of: as OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, or else this server.

    Raises:
        OtlpUnusable: the libraries that send it are not installed.
    """
    try:
        import opentelemetry.exporter.otlp.proto.http  # noqa: F401
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    except ModuleNotFoundError as error:
        remedy = "Install the extra: pip install 'modelport-server[otlp]', or take the endpoint away."
        raise OtlpUnusable(f"OTLP\n  {error.name} is not installed.\n  {remedy}") from error
    own = {"service.name": "modelport-server", "service.version": version("modelport-server")}
    return Resource.create({**own, **OTELResourceDetector().detect().attributes})


def _is_wanted(signal: str, env: Mapping[str, str]) -> bool:
    if not (env.get(f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT") or env.get(ENDPOINT)):
        return False
    exporters = env.get(f"OTEL_{signal}_EXPORTER", "otlp").split(",")
    if "otlp" not in (exporter.strip() for exporter in exporters):
        return False
    name = f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"
    protocol = env.get(name) or env.get("OTEL_EXPORTER_OTLP_PROTOCOL") or PROTOCOL
    if protocol != PROTOCOL:
        remedy = f"Set {name}={PROTOCOL}, and the endpoint to the collector's port for HTTP (usually 4318)."
        raise OtlpUnusable(f"OTLP\n  protocol {protocol}: this server speaks {PROTOCOL}.\n  {remedy}")
    return True
