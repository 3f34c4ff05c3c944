"""One entry of a stack's state."""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.protocol.values import Properties, Seal, from_state, to_state

PROPERTIES = ("inputs", "outputs")
ALWAYS_WRITTEN = ("urn", "custom", "type")


class InvalidResource(EngineError):
    """An entry of a state is not one that this engine can keep."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as state has it. The fields stand in the order of the format; an empty one is not written.

    Treat it as a value: use `dataclasses.replace` to change it, never change a list or dictionary inside.
    """

    urn: str
    custom: bool
    delete: bool = False
    id: str = ""
    type: str
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    taint: bool = False
    external: bool = False
    dependencies: list[str] = field(default_factory=list)
    init_errors: list[str] = field(default_factory=list)
    provider: str = ""
    property_dependencies: dict[str, list[str]] = field(default_factory=dict)
    pending_replacement: bool = False
    additional_secret_outputs: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    custom_timeouts: dict[str, float] = field(default_factory=dict)
    import_id: str = field(default="", metadata={"key": "importID"})
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: list[str] = field(default_factory=list)
    created: str = ""
    modified: str = ""
    source_position: str = ""
    stack_trace: list[dict[str, str]] = field(default_factory=list)
    ignore_changes: list[str] = field(default_factory=list)
    hide_diff: list[str] = field(default_factory=list)
    replace_on_changes: list[str] = field(default_factory=list)
    replacement_trigger: Any = None
    refresh_before_update: bool = False
    view_of: str = ""
    resource_hooks: dict[str, list[str]] = field(default_factory=dict)
    extension_ref: Any = None
    snippet_id: Any = field(default=None, metadata={"key": "snippetID"})

    @property
    def provider_urn(self) -> str:
        """The URN of its provider; `provider` names it as ``URN::ID``. Empty for components and providers."""
        return self.provider.rpartition("::")[0]

    @cached_property
    def needs(self) -> frozenset[str]:
        """The URNs of everything that must exist as long as this does: parent, provider, dependencies of every kind."""
        urns = {self.parent, self.provider_urn, self.deleted_with, *self.dependencies}
        urns.update(*self.property_dependencies.values())
        return frozenset(urns - {"", self.urn})

    def renamed(self, names: Mapping[str, str]) -> "Resource":
        """The same resource where others, or it itself, have new URNs; `names` maps old to new."""

        def new(urn: str) -> str:
            return names.get(urn, urn)

        return replace(
            self,
            urn=new(self.urn),
            parent=new(self.parent),
            provider=f"{new(self.provider_urn)}::{self.provider.rpartition('::')[2]}" if self.provider else "",
            deleted_with=new(self.deleted_with),
            dependencies=[new(urn) for urn in self.dependencies],
            replace_with=[new(urn) for urn in self.replace_with],
            property_dependencies={key: [new(urn) for urn in urns] for key, urns in self.property_dependencies.items()},
        )

    def without(self, missing: Container[str], parents: Mapping[str, str]) -> "Resource":
        """The same resource where it does not need what is missing any more; `parents` has the parent of each."""
        parent = self.parent
        while parent in missing:
            parent = parents[parent]
        return replace(
            self,
            parent=parent,
            deleted_with="" if self.deleted_with in missing else self.deleted_with,
            dependencies=[urn for urn in self.dependencies if urn not in missing],
            replace_with=[urn for urn in self.replace_with if urn not in missing],
            property_dependencies={
                key: [urn for urn in urns if urn not in missing] for key, urns in self.property_dependencies.items()
            },
        )

    def to_json(self, seal: Seal) -> dict[str, Any]:
        """The entry as state, exports and imports write it."""
        written: dict[str, Any] = {}
        for name, key in KEYS.items():
            value = getattr(self, name)
            if value or name in ALWAYS_WRITTEN:
                written[key] = to_state(value, seal) if name in PROPERTIES else value
        return written

    @classmethod
    def from_json(cls, entry: Mapping[str, Any], decrypt: Callable[[str], str]) -> "Resource":
        """The resource of an entry. Raises InvalidResource if it lacks a field or has an unknown one."""
        if missing := [name for name in ALWAYS_WRITTEN if name not in entry]:
            raise InvalidResource(f"{entry.get('urn', 'a resource')} lacks the field {missing[0]!r}")
        if unknown := sorted(entry.keys() - NAMES.keys()):
            raise InvalidResource(f"{entry['urn']} has the field {unknown[0]!r}, which this engine does not know")
        values = {NAMES[key]: value for key, value in entry.items() if value is not None}
        values |= {name: from_state(values[name], decrypt) for name in PROPERTIES if name in values}
        return cls(**values)


def _key(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(map(str.capitalize, rest))


KEYS = {each.name: each.metadata.get("key", _key(each.name)) for each in fields(Resource)}
NAMES = {key: name for name, key in KEYS.items()}
