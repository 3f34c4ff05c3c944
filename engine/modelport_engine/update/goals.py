"""What a program asks for: one registered resource with its options."""

import os.path
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from modelport_engine.protocol.messages import alias_pb2, resource_pb2, source_pb2
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import Properties, dependencies, plain_outputs
from modelport_engine.state.resource import Resource

TIMEOUT_KEYS = ("create", "update", "delete", "read")
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One resource as the program wants it. `None` in an option means that the program did not say."""

    urn: Urn
    custom: bool
    inputs: Properties
    parent: str = ""
    provider: str = ""
    dependencies: Sequence[str] = ()
    property_dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    delete_before_replace: bool | None = None
    ignore_changes: Sequence[str] = ()
    replace_on_changes: Sequence[str] = ()
    additional_secret_outputs: Sequence[str] = ()
    aliases: Sequence[str] = ()
    import_id: str = ""
    custom_timeouts: Mapping[str, float] = field(default_factory=dict)
    deleted_with: str = ""
    source_position: str = ""
    stack_trace: Sequence[Mapping[str, str]] = ()

    def resource(self, **known: Any) -> Resource:
        """The state entry that this goal asks for; `known` fills in what only a provider or the old state knows."""
        return Resource(
            urn=str(self.urn),
            custom=self.custom,
            type=self.urn.type,
            parent=self.parent,
            protect=self.protect,
            dependencies=list(self.dependencies),
            provider=self.provider,
            property_dependencies={key: list(urns) for key, urns in self.property_dependencies.items()},
            additional_secret_outputs=list(self.additional_secret_outputs),
            custom_timeouts=dict(self.custom_timeouts),
            retain_on_delete=self.retain_on_delete,
            deleted_with=self.deleted_with,
            source_position=self.source_position,
            stack_trace=[dict(frame) for frame in self.stack_trace],
            ignore_changes=list(self.ignore_changes),
            replace_on_changes=list(self.replace_on_changes),
            **known,
        )


def from_request(
    request: resource_pb2.RegisterResourceRequest,
    values: Properties,
    urn: Urn,
    parent: "Goal | None",
    provider: str,
    aliases: Sequence[str],
    root: Path,
) -> Goal:
    """The goal of a request with its values; what it leaves open of some options comes from the parent."""
    sent = request.propertyDependencies
    depends = {key: {*sent[key].urns} if sent else {*request.dependencies} for key in {*sent, *values}}
    depends = {key: urns | dependencies(values.get(key)) for key, urns in sorted(depends.items())}
    return Goal(
        urn=urn,
        custom=request.custom,
        inputs=plain_outputs(values),
        parent=request.parent,
        provider=provider,
        dependencies=tuple(dict.fromkeys([*request.dependencies, *sorted(dependencies(values))])),
        property_dependencies={key: tuple(sorted(urns)) for key, urns in depends.items()},
        protect=request.protect if request.HasField("protect") else bool(parent and parent.protect),
        retain_on_delete=request.retainOnDelete
        if request.HasField("retainOnDelete")
        else bool(parent and parent.retain_on_delete),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        aliases=tuple(aliases),
        import_id=request.importId,
        custom_timeouts=timeouts(request.customTimeouts),
        deleted_with=request.deletedWith or (parent.deleted_with if parent else ""),
        source_position=position(request.sourcePosition, root),
        stack_trace=trace(request.stackTrace, root),
    )


def aliases_of(
    own: Iterable[alias_pb2.Alias], urns: Iterable[str], urn: Urn, parent: str, parent_aliases: Sequence[str]
) -> list[str]:
    """Every URN under which old state may know the resource: its own aliases, and what follows from its parent's."""
    found = [*urns]
    found += [each.urn if each.WhichOneof("alias") == "urn" else _from_spec(each.spec, urn, parent) for each in own]
    parent_name = Urn(parent).name if parent else ""
    for former in parent_aliases:
        former_name = Urn(former).name
        name = (
            former_name + urn.name.removeprefix(parent_name)
            if parent_name and urn.name.startswith(parent_name)
            else urn.name
        )
        found += [Urn.make(urn.stack, urn.project, former, urn.type, each) for each in (name, urn.name)]
    return [each for each in dict.fromkeys(found) if each != urn]


def timeouts(message: resource_pb2.RegisterResourceRequest.CustomTimeouts) -> dict[str, float]:
    """Custom timeouts in seconds, only those given."""
    return {key: seconds(getattr(message, key)) for key in TIMEOUT_KEYS if getattr(message, key)}


def seconds(duration: str) -> float:
    """Seconds of a duration such as ``1h30m`` or ``90s``."""
    total, number, unit = 0.0, "", ""
    for character in duration + "0":
        if unit and (character.isdigit() or character == "."):
            total, number, unit = total + float(number) * UNITS[unit], "", ""
        if character.isdigit() or character == ".":
            number += character
        else:
            unit += character
    return total


def position(source: source_pb2.SourcePosition, root: Path) -> str:
    """Where in the project a resource is declared, as state holds it: ``project:///stacks/__main__.py#12``."""
    if not source.uri:
        return ""
    return f"project:///{_relative(source.uri, root)}#{source.line}"


def trace(stack: source_pb2.StackTrace, root: Path) -> list[dict[str, str]]:
    """The stack trace of a declaration, as state holds it."""
    return [{"sourcePosition": where} if (where := position(frame.pc, root)) else {} for frame in stack.frames]


@lru_cache(maxsize=1024)  # each resource comes with a stack trace, and most of its frames are the SDK's
def _relative(uri: str, root: Path) -> str:
    return os.path.relpath(unquote(urlparse(uri).path), root)


def _from_spec(spec: alias_pb2.Alias.Spec, urn: Urn, parent: str) -> str:
    former_parent = "" if spec.noParent else spec.parentUrn or parent
    return str(
        Urn.make(
            spec.stack or urn.stack,
            spec.project or urn.project,
            former_parent,
            spec.type or urn.type,
            spec.name or urn.name,
        )
    )
