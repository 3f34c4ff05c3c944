"""Steps: the smallest changes of one resource, each with what it sends to a provider."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from modelport_engine.events import state
from modelport_engine.provider import NO_DIFFERENCE, Difference, InitFailed, Provider
from modelport_engine.resource import Resource
from modelport_engine.urn import Urn
from modelport_engine.values import Properties, Secret, contains_secret


class Op(StrEnum):
    """The kinds of step, as Pulumi's events name them."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    READ = "read"
    DISCARD = "discard"
    REFRESH = "refresh"


# What state calls a step while it is under way; other steps do nothing that could be lost.
PENDING = {
    Op.CREATE: "creating",
    Op.CREATE_REPLACEMENT: "creating",
    Op.UPDATE: "updating",
    Op.DELETE: "deleting",
    Op.DELETE_REPLACED: "deleting",
    Op.READ: "reading",
}
PHYSICAL_ONLY = {Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED}


@dataclass
class Step:
    """One change: `old` is what state holds, `new` what it will hold; either may be missing.

    `provider` is None for components and wherever nothing is to be asked.
    """

    op: Op
    old: Resource | None = None
    new: Resource | None = None
    provider: Provider | None = None
    difference: Difference = NO_DIFFERENCE
    error: Exception | None = field(default=None, compare=False)

    @property
    def resource(self) -> Resource:
        """The entry that the step is about: the new one, if there is one."""
        resource = self.new or self.old
        assert resource
        return resource

    async def apply(self, preview: bool) -> None:
        """Do it: ask the provider, and complete `new` with what it answers. An InitFailed leaves `new` complete and raises."""
        if self.provider:
            match self.op:
                case Op.CREATE | Op.CREATE_REPLACEMENT:
                    await self._create(self.provider, preview)
                case Op.UPDATE:
                    await self._update(self.provider, preview)
                case Op.DELETE | Op.DELETE_REPLACED if not preview:
                    await self._delete(self.provider)
        elif self.new and not self.new.custom and self.op is not Op.SAME:
            self._date(self.old)

    def metadata(self) -> dict[str, Any]:
        """The step as events show it."""
        details = self.difference.details
        shown: dict[str, Any] = {"op": str(self.op), "urn": self.resource.urn, "type": self.resource.type}
        shown |= {"old": state(self.old), "new": state(self.new)}
        shown |= {"keys": list(self.difference.replaces)} if self.difference.replaces else {}
        shown |= {"diffs": list(self.difference.changes)} if self.difference.changes else {}
        shown["detailedDiff"] = (
            {path: {"diffKind": kind, "inputDiff": inputs} for path, (kind, inputs) in details.items()}
            if details
            else None
        )
        shown |= {} if self.op in PHYSICAL_ONLY else {"logical": True}
        return shown | {"provider": self.resource.provider or ""}

    async def _create(self, provider: Provider, preview: bool) -> None:
        new = self.resource
        try:
            id, outputs = await provider.create(
                Urn(new.urn), new.inputs, preview=preview, timeout=new.custom_timeouts.get("create", 0)
            )
        except InitFailed as failure:
            self._complete(failure.id, failure.outputs, failure.reasons)
            raise
        self._complete(id, outputs)

    async def _update(self, provider: Provider, preview: bool) -> None:
        old, new = self.old, self.resource
        assert old
        try:
            outputs = await provider.update(
                Urn(new.urn),
                old.id,
                old.inputs,
                old.outputs,
                new.inputs,
                new.ignore_changes,
                preview=preview,
                timeout=new.custom_timeouts.get("update", 0),
            )
        except InitFailed as failure:
            self._complete(old.id, failure.outputs, failure.reasons)
            raise
        self._complete(old.id, outputs)

    async def _delete(self, provider: Provider) -> None:
        old = self.resource
        if not (old.external or old.retain_on_delete):
            timeout = old.custom_timeouts.get("delete", 0)
            await provider.delete(Urn(old.urn), old.id, old.inputs, old.outputs, timeout=timeout)

    def _complete(self, id: str, outputs: Properties, problems: list[str] | None = None) -> None:
        new = self.resource
        secret = [key for key in new.additional_secret_outputs if key in outputs]
        outputs = outputs | {
            key: outputs[key] if contains_secret(outputs[key]) else Secret(outputs[key]) for key in secret
        }
        self.new = replace(new, id=id, outputs=outputs, init_errors=problems or [])
        self._date(self.old if self.op is Op.UPDATE else None)

    def _date(self, old: Resource | None) -> None:
        moment = now()
        self.new = replace(self.resource, created=old.created if old and old.created else moment, modified=moment)


def now() -> str:
    """This moment as state writes it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
