"""From a goal and the old state to steps: what has to happen so that the resource is as the program wants it."""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from modelport_engine.errors import EngineError
from modelport_engine.plugins.provider import Difference, Provider
from modelport_engine.protocol import paths
from modelport_engine.protocol.values import Properties, restore_secrets
from modelport_engine.state.resource import Resource
from modelport_engine.update.goals import Goal
from modelport_engine.update.replacements import dependents_to_replace
from modelport_engine.update.steps import Op, Step

SEED_BYTES = 32


class Providers(Protocol):
    """Gives the provider that manages a resource: of this run, or from the old state."""

    async def of(self, resource: Resource) -> Provider:
        """The configured provider of a custom resource."""

    def moved(self, old: str, new: str) -> bool:
        """Whether a resource that changes from one provider reference to another must be replaced."""


class Judges(Protocol):
    """The policy packs."""

    async def judge(self, resource: Resource, goal: Goal) -> Properties:
        """The inputs as remediated; raises when a mandatory policy forbids the resource."""


class Generator:
    """Decides the steps of every registered resource of one run. Not reentrant: one resource at a time."""

    def __init__(self, olds: Iterable[Resource], providers: Providers, judges: Judges):
        self.old_order = [resource for resource in olds if not resource.delete]
        self.olds: dict[str, Resource] = {resource.urn: resource for resource in self.old_order}
        self.goals: dict[str, Goal] = {}
        self.registered: dict[str, str] = {}  # old URN -> new URN: what has been taken over from the old state
        self.replaced: dict[str, Resource] = {}  # URN -> the old object, to be deleted when all creates are done
        self.deleted: dict[
            str, tuple[str, ...]
        ] = {}  # URN -> keys: deleted before its replacement, because of another resource
        self._providers = providers
        self._judges = judges

    async def steps(self, goal: Goal) -> list[Step]:
        """The steps that bring one resource to its goal, to be run in order; raises EngineError."""
        old = self.take_over(goal)
        if not goal.custom:
            return await self._component(goal, old)
        return await self._custom(goal, old)

    async def _component(self, goal: Goal, old: Resource | None) -> list[Step]:
        new = goal.resource(inputs=goal.inputs)
        new = replace(new, inputs=await self._judges.judge(new, goal))
        if old is None:
            return [Step(Op.CREATE, None, new)]
        new = replace(new, created=old.created, modified=old.modified)
        if old.inputs == new.inputs:
            return [Step(Op.SAME, old, replace(new, outputs=old.outputs))]
        changed = tuple(sorted(key for key in {*old.inputs, *new.inputs} if old.inputs.get(key) != new.inputs.get(key)))
        return [Step(Op.UPDATE, old, new, difference=Difference(True, changes=changed))]

    async def _custom(self, goal: Goal, old: Resource | None) -> list[Step]:
        new = goal.resource(inputs=goal.inputs)
        provider = await self._providers.of(new)
        seed = secrets.token_bytes(SEED_BYTES)
        wanted = paths.keep(goal.inputs, old.inputs, goal.ignore_changes) if old else goal.inputs
        fresh = old is None or old.external or old.urn in self.deleted
        checked = await provider.check(goal.urn, {} if fresh else old.inputs, wanted, seed)  # type: ignore[union-attr]
        new = replace(new, inputs=checked)
        new = replace(new, inputs=await self._judges.judge(new, goal))
        if old is None or old.external:
            return [Step(Op.CREATE, None, new, provider)]
        if keys := self.deleted.get(old.urn):
            difference = Difference(True, keys)
            return [Step(Op.REPLACE, old, new), Step(Op.CREATE_REPLACEMENT, old, new, provider, difference)]
        difference = await self._difference(goal, old, new, provider)
        if difference.replaces:
            return await self._replacement(goal, old, new, provider, difference, wanted, seed)
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
        if old.provider != new.provider and self._providers.moved(old.provider, new.provider):
            return Difference(True, ("provider",), ("provider",))
        difference = await provider.diff(goal.urn, old.id, old.inputs, old.outputs, new.inputs, goal.ignore_changes)
        changed = difference.details or difference.changes
        forced = tuple(
            path for path in changed if path not in difference.replaces and paths.matches(goal.replace_on_changes, path)
        )
        if forced and difference.changed:
            difference = replace(difference, replaces=(*difference.replaces, *forced))
        if old.taint:
            return replace(difference, changed=True, replaces=difference.replaces or ("id",))
        if old.init_errors and not difference.changed:
            return replace(difference, changed=True, changes=("#initerror",))
        return difference

    async def _replacement(
        self,
        goal: Goal,
        old: Resource,
        new: Resource,
        provider: Provider,
        difference: Difference,
        wanted: Properties,
        seed: bytes,
    ) -> list[Step]:
        """A new object beside the old one, or after it; a second Check lets the provider pick a fresh name."""
        new = replace(new, inputs=await provider.check(goal.urn, {}, wanted, seed))
        logical = Step(Op.REPLACE, old, new, difference=difference)
        first = goal.delete_before_replace
        if not (difference.delete_before_replace if first is None else first):
            marked = self.replaced[old.urn] = replace(old, delete=True)
            return [Step(Op.CREATE_REPLACEMENT, old, new, provider, difference, marked), logical]
        dependents = await dependents_to_replace(old, self.old_order, self._providers, self.goals)
        steps = [
            await self._delete_first(dependent, keys)
            for dependent, keys in dependents
            if dependent.urn not in self.deleted
        ]
        steps.append(await self._delete_first(old, difference.replaces))
        old = self.olds[old.urn]
        return [*steps, replace(logical, old=old), Step(Op.CREATE_REPLACEMENT, old, new, provider, difference)]

    async def _delete_first(self, old: Resource, keys: tuple[str, ...]) -> Step:
        """Delete an object now, and make its replacement when the program registers it."""
        self.deleted[old.urn] = keys
        marked = self.olds[old.urn] = replace(old, pending_replacement=True)
        return Step(Op.DELETE_REPLACED, old, None, await self._providers.of(old), displaced=marked)

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
            if (old := self.olds.get(urn)) and urn not in self.registered:
                return old
        return None

    def leftovers(self, base: Iterable[Resource]) -> list[Step]:
        """Steps, without their providers, that delete what nobody registered and what was replaced; last made first."""
        steps = []
        for resource in reversed(list(base)):
            urn = resource.urn
            if resource.delete:
                steps.append(Step(Op.DELETE_REPLACED, resource))
            elif urn in self.replaced:
                steps.append(Step(Op.DELETE_REPLACED, self.replaced[urn]))
            elif urn not in self.registered:
                gone = resource.external or urn in self.deleted
                steps.append(Step(Op.DISCARD if gone else Op.DELETE, self.olds[urn]))
        return steps
