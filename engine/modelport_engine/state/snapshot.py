"""The state of a stack (deployment format, version 3): its resources in order, and what was under way."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.protocol.values import Seal
from modelport_engine.state.resource import Resource

VERSION = 3
# State names the release of Pulumi whose format and behaviour it follows; its engine checks the digest beside it.
PULUMI_VERSION = "v3.260.0"
KEYS = {"manifest", "secrets_providers", "resources", "pending_operations", "metadata"}


class SnapshotError(EngineError):
    """State that cannot be read, or that must not be written."""


@dataclass(frozen=True)
class Operation:
    """A change that had begun and whose end is unknown; `type` is creating, updating, deleting or reading."""

    resource: Resource
    type: str


@dataclass(frozen=True)
class Snapshot:
    """One stack's state. Resources stand after everything that they need."""

    resources: Sequence[Resource] = ()
    pending_operations: Sequence[Operation] = ()
    manifest: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, deployment: Mapping[str, Any], decrypt: Callable[[str], str]) -> "Snapshot":
        """The snapshot of a deployment in JSON form. Raises SnapshotError for fields that this engine does not know."""
        if unknown := sorted(deployment.keys() - KEYS):
            raise SnapshotError(
                f"the state has fields that this engine does not know: {', '.join(unknown)}. {USE_PULUMI}"
            )
        try:
            return cls(
                resources=[Resource.from_json(each, decrypt) for each in deployment.get("resources") or ()],
                pending_operations=[
                    Operation(Resource.from_json(each["resource"], decrypt), each["type"])
                    for each in deployment.get("pending_operations") or ()
                ],
                manifest=deployment.get("manifest") or {},
                metadata=deployment.get("metadata") or {},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SnapshotError(f"the state is damaged: {type(error).__name__}: {error}") from error

    def to_json(self, seal: Seal, secrets_providers: Mapping[str, Any] | None) -> dict[str, Any]:
        """The deployment in JSON form."""
        encoder = Encoder(seal)
        parts = encoder.parts(self, secrets_providers)
        return {key: json.loads(text) for key, text in parts.items()}

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs."""
        return next((each.outputs for each in self.resources if each.type == STACK_TYPE and not each.delete), {})

    def check(self) -> None:
        """Raise SnapshotError unless each resource is unique and stands after everything that it needs."""
        seen: set[str] = set()
        live: set[str] = set()
        for resource in self.resources:
            if not resource.needs <= seen:
                missing = min(resource.needs - seen)
                raise SnapshotError(f"{resource.urn} needs {missing}, which does not stand before it in the state")
            if not resource.delete and resource.urn in live:
                raise SnapshotError(f"{resource.urn} stands twice in the state")
            seen.add(resource.urn)
            if not resource.delete:
                live.add(resource.urn)


class Encoder:
    """Writes snapshots as JSON text, and a resource that was not changed only once: state is written twice per step."""

    def __init__(self, seal: Seal):
        self._seal = seal
        self._texts: dict[int, tuple[Resource, str]] = {}

    def deployment(self, snapshot: Snapshot, secrets_providers: Mapping[str, Any] | None) -> str:
        """The compact text of a deployment."""
        return _object(self.parts(snapshot, secrets_providers))

    def parts(self, snapshot: Snapshot, secrets_providers: Mapping[str, Any] | None) -> dict[str, str]:
        """The texts of a deployment's fields, in their order; empty ones are left out."""
        known = self._texts
        kept = [*snapshot.resources, *(each.resource for each in snapshot.pending_operations)]
        texts = self._texts = {id(each): known.get(id(each)) or self._encode(each) for each in kept}
        resources = ",".join([texts[id(each)][1] for each in snapshot.resources])
        operations = ",".join(
            _object({"resource": texts[id(each.resource)][1], "type": _dump(each.type)})
            for each in snapshot.pending_operations
        )
        parts = {"manifest": _dump(snapshot.manifest)}
        parts |= {"secrets_providers": _dump(secrets_providers)} if secrets_providers else {}
        parts |= {"resources": f"[{resources}]"} if resources else {}
        parts |= {"pending_operations": f"[{operations}]"} if operations else {}
        return parts | {"metadata": _dump(snapshot.metadata)}

    def _encode(self, resource: Resource) -> tuple[Resource, str]:
        return resource, _dump(resource.to_json(self._seal))


STACK_TYPE = "pulumi:pulumi:Stack"
USE_PULUMI = "Use the `pulumi` CLI with this stack."


def checkpoint(stack: str, deployment: str) -> str:
    """The text of a checkpoint file; `stack` is ``organization/PROJECT/STACK``, `deployment` an Encoder's text."""
    return _object({"version": str(VERSION), "checkpoint": _object({"stack": _dump(stack), "latest": deployment})})


def deployment_of(document: Any) -> dict[str, Any]:
    """The deployment in a checkpoint file or an export. Raises SnapshotError for another version or for features."""
    if not isinstance(document, Mapping):
        raise SnapshotError("this is not a state: expected a JSON object")
    version, features = document.get("version"), document.get("features") or []
    if version != VERSION or features:
        named = f" with {', '.join(map(str, features))}" if features else ""
        raise SnapshotError(f"state version {version}{named} is not supported, only version {VERSION}. {USE_PULUMI}")
    inner = document.get("deployment") or (document.get("checkpoint") or {}).get("latest")
    return inner or {}


def manifest() -> dict[str, str]:
    """What state says of its writer, now."""
    return {"time": now(), "magic": hashlib.sha256(PULUMI_VERSION.encode()).hexdigest(), "version": PULUMI_VERSION}


def now() -> str:
    """This moment as Pulumi writes it: RFC 3339, UTC, nanoseconds without trailing zeros."""
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{moment}.{nanoseconds:09d}".rstrip("0").rstrip(".") + "Z"


def _object(parts: Mapping[str, str]) -> str:
    pieces = [piece for key, text in parts.items() for piece in (",", f'"{key}":', text)]
    return "".join(("{", *pieces[1:], "}"))  # one copy: the texts may be megabytes


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
