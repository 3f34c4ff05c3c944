"""From a goal and the old state to steps: what has to happen so that the resource is as the program wants it."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from modelport_engine.errors import EngineError
from modelport_engine.plugins.provider import NO_DIFFERENCE, Difference, Provider
from modelport_engine.protocol import paths
from modelport_engine.protocol.values import Properties, restore_secrets
from modelport_engine.state.resource import Resource
from modelport_engine.update.goals import Goal
from modelport_engine.update.replacements import dependents_to_replace, replace_on_changes
from modelport_engine.update.steps import Op, Step

SEED_BYTES = 32


class Providers(Protocol):
    """Gives the provider that manages a resource: of this run, or from the old state."""

    async def of(self, resource: Resource) -> Provider:
        """The configured provider of a custom resource."""

    async def moved(self, old: str, new: str) -> bool:
        """Whether a resource that changes from one provider reference to another must be replaced."""


class Judges(Protocol):
    """The policy packs."""

    async def judge(self, resource: Resource, goal: Goal) -> Properties:
        """The inputs as remediated; raises when a mandatory policy forbids the resource."""


class Generator:
    """Decides the steps of every registered resource of one run. Not reentrant: one resource at a time."""

    def __init__(self, olds: Iterable[Resource], providers: Providers, judges: Judges):
        self.old_order = list(olds)
        self.olds: dict[str, Resource] = {resource.urn: resource for resource in self.old_order if not resource.delete}
        self.goals: dict[str, Goal] = {}
        self.registered: dict[str, str] = {}  # old URN -> new URN: what has been taken over from the old state
        self.replaced: dict[str, Resource] = {}  # URN -> the old object, to be deleted when all creates are done
        self.deleted: dict[
            str, tuple[str, ...]
        ] = {}  # URN -> keys: deleted before its replacement, because of another resource
        self.replacing: set[str] = set()  # URNs whose object is another one after this run
        self.condemned: set[str] = set()  # URNs of which an object is deleted in this run
        self._removed: set[int] = set()  # identities of old objects, due for deletion before, that go earlier
        self._providers = providers
        self._judges = judges

    async def steps(self, goal: Goal) -> list[Step]:
        """The steps that bring one resource to its goal, to be run in order; raises EngineError."""
        old = self.take_over(goal)
        if not goal.custom:
            return await self._component(goal, old)
        if goal.import_id and (old is None or old.external or goal.import_id != (old.import_id or old.id)):
            return await self._import(goal, old)
        return await self._custom(goal, old)

    async def after_import(self, goal: Goal, imported: Resource) -> list[Step]:
        """The steps from what was imported to the goal; none if it is that already."""
        steps = await self._custom(goal, imported)
        return [step for step in steps if step.op is not Op.SAME]

    async def _import(self, goal: Goal, old: Resource | None) -> list[Step]:
        new = goal.resource(inputs={}, import_id=goal.import_id)
        provider = await self._providers.of(new)
        if old is None or old.urn in self.deleted:
            return [Step(Op.IMPORT, None, new, provider)]
        marked = self.replaced[old.urn] = replace(old, delete=True)
        return [Step(Op.IMPORT_REPLACEMENT, old, new, provider, displaced=marked), Step(Op.REPLACE, old, new)]

    async def _component(self, goal: Goal, old: Resource | None) -> list[Step]:
        new = goal.resource(inputs=goal.inputs)
        new = replace(new, inputs=await self._judges.judge(new, goal))
        if old is None:
            return [Step(Op.CREATE, None, new)]
        new = replace(new, created=old.created, modified=old.modified)
        if old.inputs == new.inputs:
            return [Step(Op.SAME, old, replace(new, outputs=old.outputs))]
        return [Step(Op.UPDATE, old, new, difference=Difference(True))]

    async def _custom(self, goal: Goal, old: Resource | None) -> list[Step]:
        new = goal.resource(inputs=goal.inputs, import_id=goal.import_id)
        provider = await self._providers.of(new)
        seed = secrets.token_bytes(SEED_BYTES)
        if old is None or old.external or old.urn in self.deleted:
            olds, wanted = {}, goal.inputs
        else:
            olds, wanted = old.inputs, paths.keep(goal.inputs, old.inputs, goal.ignore_changes)
        checked = await provider.check(goal.urn, olds, wanted, seed)
        new = replace(new, inputs=checked)
        new = replace(new, inputs=await self._judges.judge(new, goal))
        if old is None:
            return [Step(Op.CREATE, None, new, provider)]
        if old.external:
            return self._beside(old, new, provider, NO_DIFFERENCE)
        if (keys := self.deleted.get(old.urn)) is not None:
            self.replacing.add(new.urn)
            difference = Difference(True, keys)
            return [Step(Op.REPLACE, old, new), Step(Op.CREATE_REPLACEMENT, old, new, provider, difference)]
        difference = await self._difference(goal, old, new, provider)
        if difference.replaces or old.pending_replacement:
            return await self._replacement(goal, old, new, provider, difference, seed)
        if difference.changed:
            return [Step(Op.UPDATE, old, replace(new, id=old.id, created=old.created), provider, difference)]
        same = replace(
            new,
            id=old.id,
            outputs=restore_secrets(old.outputs, checked),
            created=old.created,
            modified=old.modified,
            init_errors=old.init_errors,
        )
        return [Step(Op.SAME, old, same)]

    async def _difference(self, goal: Goal, old: Resource, new: Resource, provider: Provider) -> Difference:
        if new.deleted_with in self.replacing:
            return Difference(True, ("deletedWith",))
        if await self._moved(old, new):
            return Difference(True, ("provider",))
        difference = await provider.diff(goal.urn, old.id, old.inputs, old.outputs, new.inputs, goal.ignore_changes)
        difference = replace_on_changes(difference, goal.replace_on_changes)
        if old.taint:
            return replace(difference, changed=True, replaces=difference.replaces or ("id",))
        if old.init_errors and not difference.changed:
            return replace(difference, changed=True, changes=("#initerror",))
        return difference

    async def _moved(self, old: Resource, new: Resource) -> bool:
        """Whether another provider manages the resource now, and cannot go on with its object."""
        renamed = old.provider_urn != new.provider_urn and self.registered.get(old.provider_urn) == new.provider_urn
        return old.provider != new.provider and not renamed and await self._providers.moved(old.provider, new.provider)

    async def _replacement(
        self,
        goal: Goal,
        old: Resource,
        new: Resource,
        provider: Provider,
        difference: Difference,
        seed: bytes,
    ) -> list[Step]:
        """A new object beside the old one, or after it; a second Check lets the provider pick a fresh name."""
        refuse_replacement(goal, old)
        self.replacing.add(new.urn)
        new = replace(new, inputs=await provider.check(goal.urn, {}, goal.inputs, seed))
        first = goal.delete_before_replace
        if not old.pending_replacement and (buried := self._buried(new)):
            return self._revival(old, buried, new, provider)
        if not (difference.delete_before_replace if first is None else first) and not old.pending_replacement:
            return self._beside(old, new, provider, difference)
        steps = [] if old.pending_replacement else await self._deletes_first(old, difference)
        old = self.olds[new.urn] if new.urn in self.deleted else old
        logical = Step(Op.REPLACE, old, new, difference=difference)
        return [*steps, logical, Step(Op.CREATE_REPLACEMENT, old, new, provider, difference)]

    def _buried(self, new: Resource) -> Resource | None:
        """What an earlier run has replaced and not come to delete, if it is just what is wanted again."""
        same = (each for each in self.old_order if each.delete and each.urn == new.urn and each.inputs == new.inputs)
        return next((each for each in same if each.provider == new.provider and not each.external), None)

    def _revival(self, old: Resource, buried: Resource, new: Resource, provider: Provider) -> list[Step]:
        """Take back what was replaced: its name is not free, and what still uses it may need it."""
        self._removed.add(id(buried))
        marked = self.replaced[old.urn] = replace(old, delete=True)
        revived = replace(new, id=buried.id, created=buried.created)
        return [Step(Op.UPDATE, buried, revived, provider, retired=(old, marked))]

    def _beside(self, old: Resource, new: Resource, provider: Provider, difference: Difference) -> list[Step]:
        marked = self.replaced[old.urn] = replace(old, delete=True)
        create = Step(Op.CREATE_REPLACEMENT, old, new, provider, difference, marked)
        return [create, Step(Op.REPLACE, marked, new, difference=difference)]

    async def _deletes_first(self, root: Resource, difference: Difference) -> list[Step]:
        """Deletes of what cannot outlive `root`, then its own."""
        steps = []
        for dependent, keys in await dependents_to_replace(root, self.old_order, self._providers, self.registered):
            if dependent.urn in self.deleted or dependent.pending_replacement or id(dependent) in self._removed:
                continue
            if dependent.delete:
                self._removed.add(id(dependent))
                steps.append(Step(Op.DELETE_REPLACED, dependent, None, await self.deleter(dependent)))
                continue
            if dependent.protect:
                raise EngineError(PROTECTED_DEPENDENT.format(dependent=dependent.urn, root=root.urn))
            steps.append(await self._delete_first(dependent, keys))
        return [*steps, await self._delete_first(root, difference.replaces)]

    async def _delete_first(self, old: Resource, keys: tuple[str, ...]) -> Step:
        """Delete an object now, and make its replacement when the program registers it."""
        self.deleted[old.urn] = keys
        self.condemned.add(old.urn)
        marked = self.olds[old.urn] = replace(old, pending_replacement=True)
        return Step(Op.DELETE_REPLACED, old, None, await self.deleter(old), displaced=marked)

    async def deleter(self, resource: Resource) -> Provider | None:
        """The provider that must be asked to delete a resource; None if its object goes without that."""
        kept = resource.external or resource.retain_on_delete or not resource.custom
        return None if kept or resource.deleted_with in self.condemned else await self._providers.of(resource)

    def take_over(self, goal: Goal) -> Resource | None:
        """Note a goal, and the old resource that it continues."""
        urn = goal.urn
        if urn in self.goals:
            raise EngineError(f"Duplicate resource URN '{urn}'; try giving it a unique name")
        old = self._old(goal)
        if old:
            self.registered[old.urn] = urn
        self.goals[urn] = goal
        return old

    def _old(self, goal: Goal) -> Resource | None:
        for urn in (goal.urn, *goal.aliases):
            if old := self.olds.get(urn):
                if urn in self.registered:
                    raise EngineError(TAKEN.format(old=urn, urn=goal.urn, other=self.registered[urn]))
                return old
        return None

    def leftovers(self, base: Iterable[Resource]) -> list[Step]:
        """Steps, without their providers, that delete what nobody registered and what was replaced; last made first."""
        steps = [step for resource in reversed(list(base)) if (step := self._leftover(resource))]
        self.condemned.update(step.resource.urn for step in steps if not self._stays(step.resource.urn))
        return steps

    def _stays(self, urn: str) -> bool:
        """Whether the object that state had, and what goes with it, stays; one that it replaced before may go."""
        return urn in self.registered and urn not in self.replaced and urn not in self.deleted

    def _leftover(self, resource: Resource) -> Step | None:
        urn = resource.urn
        if id(resource) in self._removed:
            return None
        if resource.delete or urn in self.replaced:
            old = resource if resource.delete else self.replaced[urn]
            return Step(Op.DISCARD_REPLACED if old.external else Op.DELETE_REPLACED, old)
        if urn in self.registered:
            return None
        old = self.olds[urn]
        if old.pending_replacement:
            return Step(Op.REMOVE_PENDING_REPLACE, old)
        return Step(Op.DISCARD if old.external else Op.DELETE, old)


def refuse_replacement(goal: Goal, old: Resource) -> None:
    """Raise where the program forbids that another object takes the place of the old one."""
    if goal.protect and old.protect:
        raise EngineError(PROTECTED.format(urn=goal.urn))
    if goal.import_id:
        raise EngineError(
            "previously-imported resources that still specify an ID may not be replaced; "
            "please remove the `import` declaration from your program"
        )


TAKEN = (
    "'{urn}' cannot continue '{old}', as '{other}' does already; "
    "remove the alias from one of them, or give the resource another name"
)
PROTECTED = """unable to replace resource "{urn}"
as it is currently marked for protection. To unprotect the resource, remove the `protect` flag from the resource in \
your Pulumi program and run `pulumi up`"""
PROTECTED_DEPENDENT = """unable to replace resource "{dependent}" as part of replacing "{root}" as it is currently \
marked for protection. To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program \
and run `pulumi up`, or use the command:
`pulumi state unprotect '{dependent}'`"""
