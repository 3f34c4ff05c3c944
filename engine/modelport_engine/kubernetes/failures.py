"""What a cluster answers when it does not do what it was asked, in words that help."""

import json
import re
from dataclasses import dataclass
from typing import Any

from modelport_engine.errors import EngineError


class ClusterError(EngineError):
    """A cluster did not do what it was asked."""


class Unreachable(ClusterError):
    """No API server answered."""


class Forbidden(ClusterError):
    """The user may not do this, or a quota or an admission policy does not allow it."""


class NotFound(ClusterError):
    """The object, or the namespace that it should be in, does not exist."""


class UnknownKind(ClusterError):
    """The cluster knows no objects of this kind."""


class AlreadyExists(ClusterError):
    """There is an object of this name, and the stack did not make it."""


class Changed(ClusterError):
    """The object is not the one, or no longer as it was, that the request was about."""


class NoDryRun(ClusterError):
    """An admission webhook cannot tell what it would do."""


class NotLoggedIn(ClusterError):
    """The API server does not accept the credentials."""


class Immutable(ClusterError):
    """A field cannot be changed in place."""


@dataclass(frozen=True)
class Claim:
    """A field that another manager owns."""

    field: str
    manager: str


class Conflict(ClusterError):
    """Other managers own fields that the object sets."""

    def __init__(self, what: str, claims: tuple[Claim, ...]):
        lines = [f"    {claim.field} is managed by {claim.manager}" for claim in claims]
        super().__init__(
            f"{what}: other managers own fields that the program sets.\n"
            + "\n".join(lines)
            + "\nLeave them to their manager (take them out of the program, or add them to ignore_changes), or take "
            'them over with the annotation pulumi.com/patchForce: "true".'
        )
        self.claims = claims


def failure(status: int, body: str, doing: str, cluster: str) -> ClusterError:
    """The error for an answer of an API server.

    `doing` says what it was asked ("apply Deployment web/web"), `cluster` which cluster and user it was. What is wrong
    with those is told in the same words whatever was asked, so that who shows errors can show it once.
    """
    answer = _parsed(body)
    message = str(answer.get("message") or body.strip() or f"HTTP {status}")
    causes = (answer.get("details") or {}).get("causes") or []
    match status:
        case 400 if "does not support dry run" in message:
            return NoDryRun(f"{doing}: {message}")
        case 401:
            return NotLoggedIn(
                f"{cluster} does not accept the credentials: {message}. "
                "They are wrong or have expired: log in again, or renew the token in the kubeconfig."
            )
        case 403:
            return Forbidden(f"{doing}: {message}{_advice(message)}")
        case 404:
            return NotFound(f"{doing}: {message}")
        case 409 if claims := tuple(_claims(causes)):
            return Conflict(doing, claims)
        case 409:
            return Changed(f"{doing}: {message}")
        case 422 if any("immutable" in str(cause.get("message")) for cause in causes):
            fields = [str(cause.get("field")) for cause in causes]
            return Immutable(
                f"{doing}: {message}\nTo replace the object on such a change, give the resource "
                f"replace_on_changes={fields}."
            )
    return ClusterError(f"{doing}: {message}")


def unreachable(cluster: str, reason: str) -> Unreachable:
    """The error when no API server answered."""
    return Unreachable(
        f"{cluster} does not answer: {reason}. See whether the address is right and can be reached from this machine."
    )


def unknown_kind(api_version: str, kind: str, cluster: str) -> UnknownKind:
    """The error for a kind that a cluster lacks."""
    return UnknownKind(
        f"{cluster} has no {kind} of {api_version}: install its CustomResourceDefinition first, or make the resource "
        "depend on the one that does."
    )


def quota_advice(message: str) -> str:
    """What to do about a quota, if that is what a message is about."""
    return "\nRaise the ResourceQuota, or ask for less." if "exceeded quota" in message else ""


def _advice(message: str) -> str:
    if advice := quota_advice(message):
        return advice
    if "violates PodSecurity" in message or "denied the request" in message:
        return ""
    return "\nThe user needs this permission: add it to a Role of the namespace, or to a ClusterRole."


def _claims(causes: list[dict[str, Any]]) -> list[Claim]:
    found = []
    for cause in causes:
        if cause.get("reason") == "FieldManagerConflict":
            manager = re.search(r'conflict with "((?:[^"\\]|\\.)*)"', str(cause.get("message")))
            field = str(cause.get("field")).removeprefix(".")
            found.append(Claim(field, manager[1] if manager else str(cause.get("message"))))
    return found


def _parsed(body: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
