"""Engine events, in the JSON form that `pulumi --json` streams."""

import time
from collections.abc import Callable
from typing import Any

from modelport_engine.protocol.values import hide_secrets
from modelport_engine.state.resource import Resource

Event = dict[str, Any]
OnEvent = Callable[[Event], None]


class Events:
    """Numbers and dates events, and hands them to one listener."""

    def __init__(self, on_event: OnEvent):
        self._on_event = on_event
        self._sequence = 0

    def emit(self, kind: str, body: dict[str, Any]) -> None:
        """Send one event; `kind` is its key in Pulumi's format, for example ``summaryEvent``."""
        self._on_event({"sequence": self._sequence, "timestamp": int(time.time()), kind: body})
        self._sequence += 1

    def diagnostic(
        self, severity: str, message: str, *, urn: str = "", stream: int = 0, ephemeral: bool = False
    ) -> None:
        """A message for the user; `severity` is debug, info, info#err, warning or error."""
        prefix = "" if severity.startswith("info") else f"{severity}: "
        body: dict[str, Any] = {"prefix": prefix, "message": message, "color": "never", "severity": severity}
        body |= {key: value for key, value in {"urn": urn, "streamId": stream, "ephemeral": ephemeral}.items() if value}
        self.emit("diagnosticEvent", body)


def state(resource: Resource | None) -> dict[str, Any] | None:
    """A resource as events show it: secrets hidden."""
    if resource is None:
        return None
    shown: dict[str, Any] = {"type": resource.type, "urn": resource.urn}
    shown |= {"custom": True} if resource.custom else {}
    shown |= {"delete": True} if resource.delete else {}
    shown |= {"id": resource.id or "", "parent": resource.parent or ""}
    shown |= {"protect": True} if resource.protect else {}
    shown |= {"external": True} if resource.external else {}
    shown |= {"inputs": hide_secrets(resource.inputs), "outputs": hide_secrets(resource.outputs)}
    return shown | {"provider": resource.provider or ""}
