"""Steps: the smallest changes of one resource, each with what it sends to a provider."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from modelport_engine.errors import EngineError
from modelport_engine.plugins.provider import NO_DIFFERENCE, Difference, InitFailed, Provider, ProviderError
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import Properties, Secret, restore_secrets
from modelport_engine.state.resource import Resource
from modelport_engine.state.snapshot import now


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
    DISCARD_REPLACED = "discard-replaced"
    REMOVE_PENDING_REPLACE = "remove-pending-replace"
    REFRESH = "refresh"
    IMPORT = "import"
    IMPORT_REPLACEMENT = "import-replacement"


PHYSICAL_ONLY = {Op.CREATE_REPLACEMENT, Op.DELETE_REPLACED, Op.DISCARD_REPLACED, Op.IMPORT_REPLACEMENT}


class Protected(EngineError):
    """A resource may not be deleted."""

    def __init__(self, resource: Resource):
        super().__init__(
            f'resource "{resource.urn}" cannot be deleted\n'
            "because it is protected. To unprotect the resource, either remove the `protect` flag from the resource in "
            "your Pulumi program and run `pulumi up`, or use the command:\n"
            f"`pulumi state unprotect '{resource.urn}'`"
        )


@dataclass
class Step:
    """One change: `old` is what state holds, `new` what it will hold; either may be missing.

    `displaced` is the old entry as it stays in state beside a replacement: to be deleted, or deleted and to be made
    again. `retired` is another entry whose place `new` takes, and how it stays, to be deleted. `provider` is None for
    components and wherever nothing is to be asked.
    """

    op: Op
    old: Resource | None = None
    new: Resource | None = None
    provider: Provider | None = None
    difference: Difference = NO_DIFFERENCE
    displaced: Resource | None = None
    retired: tuple[Resource, Resource] | None = None

    @property
    def resource(self) -> Resource:
        """The entry that the step is about: the new one, if there is one."""
        resource = self.new or self.old
        assert resource
        return resource

    async def apply(self, preview: bool) -> None:
        """Do it: ask the provider, and complete `new` with the answer. InitFailed leaves `new` complete, and raises."""
        if self.op is Op.DELETE and self.resource.protect:
            raise Protected(self.resource)
        if self.provider:
            match self.op:
                case Op.CREATE | Op.CREATE_REPLACEMENT:
                    await self._create(self.provider, preview)
                case Op.UPDATE:
                    await self._update(self.provider, preview)
                case Op.DELETE | Op.DELETE_REPLACED:
                    await self._delete(self.provider, preview)
                case Op.READ:
                    await self._read(self.provider)
                case Op.IMPORT | Op.IMPORT_REPLACEMENT:
                    await self._import(self.provider)
                case Op.REFRESH:
                    await self._refresh(self.provider)
        elif self.op in (Op.CREATE, Op.UPDATE):
            self._date(self.old)

    @property
    def outcome(self) -> Op:
        """What the step came to: a refresh finds an object the same, changed or gone; any other is what it says."""
        if self.op is not Op.REFRESH:
            return self.op
        return Op.DELETE if self.new is None else Op.UPDATE if self.difference.changed else Op.SAME

    @property
    def logical(self) -> bool:
        """Whether it is a change of its own: neither half of a replacement nor a look at what is there."""
        return self.op not in PHYSICAL_ONLY and self.op is not Op.REFRESH

    async def _create(self, provider: Provider, preview: bool) -> None:
        new = self.resource
        try:
            id, outputs = await provider.create(
                Urn(new.urn), new.inputs, preview=preview, seconds=new.custom_timeouts.get("create", 0)
            )
        except InitFailed as failure:
            self._complete(failure.id, failure.outputs, None, failure.reasons)
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
                seconds=new.custom_timeouts.get("update", 0),
            )
        except InitFailed as failure:
            self._complete(old.id, failure.outputs, old, failure.reasons)
            raise
        self._complete(old.id, outputs, old)

    async def _delete(self, provider: Provider, preview: bool) -> None:
        old = self.resource
        if not preview:
            seconds = old.custom_timeouts.get("delete", 0)
            await provider.delete(Urn(old.urn), old.id, old.inputs, old.outputs, seconds=seconds)

    async def _read(self, provider: Provider) -> None:
        new = self.resource
        found = await provider.read(Urn(new.urn), new.id, new.inputs, {})
        if found is None:
            raise ProviderError(f"{new.type} '{new.id}' does not exist, so {Urn(new.urn).name} cannot be read")
        old = self.old if self.old and self.old.external else None
        self._complete(found.id, found.outputs, old, found.problems)

    async def _import(self, provider: Provider) -> None:
        """Take over an object that something else has made: what it is now counts as what was asked for before."""
        new = self.resource
        found = await provider.read(Urn(new.urn), new.import_id)
        if found is None:
            raise ProviderError(f"resource '{new.import_id}' does not exist")
        if found.inputs is None:
            package = new.type.partition(":")[0]
            raise ProviderError(
                f"provider does not support importing resources; please try updating the '{package}' plugin"
            )
        self.new = replace(new, inputs=found.inputs)
        self._complete(found.id, found.outputs, problems=found.problems)

    async def _refresh(self, provider: Provider) -> None:
        """Take over what exists now. The provider's Diff, with old and new exchanged, says whether that matters."""
        old = self.resource
        found = await provider.read(Urn(old.urn), old.id, old.inputs, old.outputs)
        if found is None:
            self.new = None
            return
        id, inputs, outputs = found.id, found.inputs or {}, found.outputs
        if not old.external:
            self.difference = await provider.diff(Urn(old.urn), id, inputs, outputs, old.inputs, old.ignore_changes)
        inputs, outputs = restore_secrets(inputs, old.inputs), restore_secrets(outputs, old.outputs)
        changed = (id, inputs, outputs) != (old.id, old.inputs, old.outputs)
        self.new = replace(self.resource, id=id, inputs=inputs, outputs=outputs, init_errors=list(found.problems))
        self.new = replace(self.new, modified=now()) if changed else self.new

    def _complete(
        self, id: str, outputs: Properties, old: Resource | None = None, problems: Sequence[str] = ()
    ) -> None:
        new = self.resource
        self.new = replace(new, id=id, outputs=outputs, init_errors=list(problems))
        self._date(old)

    def _date(self, old: Resource | None) -> None:
        moment = now()
        self.new = replace(self.resource, created=old.created if old and old.created else moment, modified=moment)


def secured(resource: Resource) -> Resource:
    """The resource with the outputs secret that are named so, or that may repeat a secret input."""
    secret = {
        key: Secret(value)
        for key, value in resource.outputs.items()
        if not isinstance(value, Secret)
        and (key in resource.additional_secret_outputs or isinstance(resource.inputs.get(key), Secret))
    }
    return replace(resource, outputs=resource.outputs | secret) if secret else resource
