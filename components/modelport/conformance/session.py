from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelport.conformance.check import Check, Failed, Skipped
from modelport.conformance.client import Answer, Client
from modelport.conformance.subject import Subject

SAGEMAKER_LIMIT = 6_291_456
"""Bytes that SageMaker delivers to a container at most."""
CLIENT_FAULT = range(400, 500)


@dataclass
class Session:
    """One server that is being judged, and what is known of it.

    Attributes:
        client: asks it over HTTP.
        subject: the model that it serves; None where nobody knows it.
        score_path: where instances are scored; the first usual one that is there by default.
        live_path: where the server says that it lives, likewise.
        ready_path: where it says that it serves, likewise.
        limit: bytes that a request may have.
        grpc: host and port of V2 gRPC; None where it is not known.
        message: makes the classes of V2 gRPC's messages, by name.
    """

    client: Client
    subject: Subject | None = None
    score_path: str | None = None
    live_path: str | None = None
    ready_path: str | None = None
    limit: int = SAGEMAKER_LIMIT
    grpc: str | None = None
    message: Callable[[str], Any] | None = None
    _found: dict[tuple[str, ...], str | None] = field(default_factory=dict, repr=False)

    @property
    def model(self) -> Subject:
        """The model.

        Raises:
            Skipped: nobody knows it.
        """
        if self.subject is None:
            raise Skipped("no model is known: give --bundle, or --model where the server tells V2 metadata")
        return self.subject

    def first(self, given: str | None, method: str, *usual: str) -> str:
        """A path: the one given, or else the first of the usual ones that the server has; fails where it has none."""
        if given:
            return given
        key = (method, *usual)
        if key not in self._found:
            self._found[key] = next((path for path in usual if self._has(method, path)), None)
        if (path := self._found[key]) is None:
            raise Failed(f"the server has none of {', '.join(usual)}: name its own")
        return path

    def _has(self, method: str, path: str) -> bool:
        try:
            answer = self.client.ask(
                method, path, b"{}" if method == "POST" else b"", {"content-type": "application/json"}
            )
        except Failed:
            return False
        return answer.status not in (404, 405, 501)


def refuses(answer: Answer) -> None:
    """Fail unless a request was refused."""
    if answer.status < 400:
        raise Failed(f"{answer.asked} answered {answer.status} to a wrong request")


def blames_the_client(answer: Answer, *statuses: int) -> None:
    """Fail unless a request was refused as the client's fault, with one of `statuses` if any are given."""
    refuses(answer)
    if statuses:
        answer.expect(*statuses)
    elif answer.status not in CLIENT_FAULT:
        raise Failed(f"{answer.asked} answered {answer.status} to a fault of the client")


def checks_of(
    wire: str, level: Any, source: str, rows: Sequence[tuple[str, str, Callable[[Any], None]]]
) -> list[Check]:
    """Checks of one source: what comes after the wire in their id, what is demanded, and what tries it."""
    return [Check(f"{wire}.{id}", level, demand, source, run) for id, demand, run in rows]
