"""The providers of one run: which there are, started when first needed, and the resources that stand for them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from modelport_engine.errors import EngineError
from modelport_engine.plugins.plugin import Plugins
from modelport_engine.plugins.provider import Difference, Provider
from modelport_engine.plugins.stack_references import StackReferences
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN, Properties, contains_unknown
from modelport_engine.state.resource import Resource
from modelport_engine.update.goals import Goal

PROVIDER_TYPE = "pulumi:providers:"
ENGINE_PACKAGE = "pulumi"  # the engine plays this provider itself
INTERNAL = "__internal"  # what state keeps of a provider that its plugin never sees


@dataclass
class Pool:
    """Plugin processes: started ahead of their use, and kept from a preview for the update that follows."""

    plugins: Plugins
    stack_references: StackReferences
    _idle: list[tuple[str, asyncio.Task[Provider]]] = field(default_factory=list)
    _used: list[tuple[str, Provider]] = field(default_factory=list)

    def warm(self, packages: Iterable[tuple[str, str | None]]) -> None:
        """Start one process for each package and version; whatever goes wrong with it shows when it is taken."""
        for package, version in packages:
            if package == ENGINE_PACKAGE:
                continue
            self._idle.append((package, asyncio.create_task(Provider.start(self.plugins, package, version))))

    async def take(self, urn: str, package: str, version: str | None) -> Any:
        """A provider process for one provider resource: its own from before, else a fresh one."""
        if package == ENGINE_PACKAGE:
            return self.stack_references
        for entry in [entry for entry in self._idle if entry[0] == package]:
            self._idle.remove(entry)
            provider = await entry[1]
            if provider.owner in ("", urn) and provider.plugin.process.ended is None:
                break
            self._idle.append(entry)
        else:
            provider = await Provider.start(self.plugins, package, version)
        provider.owner = urn
        self._used.append((package, provider))
        return provider

    def release(self) -> None:
        """The run is over: keep each process for the next one."""
        for package, provider in self._used:
            self._idle.append((package, asyncio.create_task(_same(provider))))
        self._used.clear()

    async def cancel(self) -> None:
        """Have each provider end what it waits for. It is told once: there is no way back."""
        await asyncio.gather(*(provider.cancel() for _, provider in self._used), return_exceptions=True)

    async def close(self) -> None:
        """Tell each provider that it is over, and end every process."""
        started = await asyncio.gather(*(task for _, task in self._idle), return_exceptions=True)
        providers = [each for each in started if isinstance(each, Provider)]
        await asyncio.gather(*(provider.cancel() for provider in providers if provider.owner), return_exceptions=True)
        await self.plugins.stop()


class Registry:
    """Providers by reference (``URN::ID``); and what checks, diffs and creates provider resources."""

    def __init__(self, pool: Pool, olds: Iterable[Resource], config: Callable[[str], Properties]):
        self._pool = pool
        self._config = config
        self._olds = {f"{old.urn}::{old.id}": old for old in olds if old.type.startswith(PROVIDER_TYPE)}
        self._started: dict[str, Provider] = {}
        self._ready: dict[str, tuple[Resource, Provider]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._defaults: dict[str, asyncio.Task[str]] = {}

    async def of(self, resource: Resource) -> Any:
        """The configured provider of a custom resource; for a provider resource, the registry in that role."""
        return self if resource.type.startswith(PROVIDER_TYPE) else await self.by_reference(resource.provider or "")

    async def by_reference(self, reference: str) -> Any:
        """The configured provider that a reference names: of this run, else from the old state."""
        async with self._locks.setdefault(reference, asyncio.Lock()):
            if reference not in self._ready:
                if (old := self._olds.get(reference)) is None:
                    raise EngineError(f"provider {reference!r} is neither in this run nor in the state")
                self._ready[reference] = old, await self._take(Urn(old.urn), old.inputs)
            resource, provider = self._ready[reference]
            if not contains_unknown(resource.inputs):
                await provider.configure(Urn(resource.urn), resource.id, own(resource.inputs))
            return provider

    async def moved(self, old: str, new: str) -> bool:
        """Whether a resource must be replaced because another provider manages it now: that one judges both configs.

        `old` is of the state, `new` of this run.
        """
        if (before := self._olds.get(old)) is None:
            return True
        after, provider = self._ready[new]
        urn, news = Urn(after.urn), own(after.inputs)
        return bool((await provider.diff_config(urn, own(before.inputs), before.outputs, news)).replaces)

    async def default(
        self, package: str, version: str, url: str, register: Callable[[Goal], Awaitable[Resource]], stack: Urn
    ) -> str:
        """The reference of a package's default provider, registered before its first user."""
        name = default_name(version, url)
        urn = Urn.make(stack.stack, stack.project, "", PROVIDER_TYPE + package, name)
        if (key := f"{urn}@{url}") not in self._defaults:
            inputs = self._config(package)
            inputs |= plugin_inputs(version, url)
            self._defaults[key] = asyncio.ensure_future(
                self._register(register, Goal(urn=urn, custom=True, inputs=inputs))
            )
        return await asyncio.shield(self._defaults[key])

    def ready(self, resource: Resource) -> None:
        """A provider resource has its final id and inputs."""
        self._ready[reference(resource)] = resource, self._started[resource.urn]

    # Provider resources play the part of resources, and the registry that of their provider.

    async def check(self, urn: Urn, olds: Properties, news: Properties, seed: bytes) -> Properties:
        """Start the plugin, and let it check its inputs."""
        provider = self._started.get(urn) or await self._take(urn, news)
        self._started[urn] = provider
        checked = await provider.check_config(urn, own(olds), own(news))
        return checked | {key: news[key] for key in (INTERNAL,) if key in news}

    async def diff(
        self,
        urn: Urn,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
    ) -> Difference:
        """Whether the provider's inputs changed, and whether all it manages must be replaced for that."""
        difference = await self._started[urn].diff_config(urn, own(old_inputs), old_outputs, own(news))
        return Difference(
            difference.changed or old_inputs != news,
            difference.replaces,
            difference.changes,
            details=difference.details,
        )

    async def create(self, urn: Urn, inputs: Properties, *, preview: bool, seconds: float) -> tuple[str, Properties]:
        """A provider gets an id of the engine's making, in an update."""
        return UNKNOWN.value if preview else str(uuid4()), own(inputs)

    async def update(
        self,
        urn: Urn,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
        **_: Any,
    ) -> Properties:
        """A provider's outputs are its inputs."""
        return own(news)

    async def delete(self, urn: Urn, id: str, inputs: Properties, outputs: Properties, *, seconds: float) -> None:
        """Nothing exists outside state."""

    async def _take(self, urn: Urn, inputs: Properties) -> Any:
        version = inputs.get("version")
        return await self._pool.take(
            str(urn), urn.type.removeprefix(PROVIDER_TYPE), version if isinstance(version, str) else None
        )

    async def _register(self, register: Callable[[Goal], Awaitable[Resource]], goal: Goal) -> str:
        return reference(await register(goal))


def default_name(version: str, url: str) -> str:
    """The name of a default provider, as Pulumi derives it from what a request says about the plugin."""
    parts = ["default", *re.split(r"[.+-]", version)] if version else ["default"]
    # A name's segments begin with a letter, a digit, `_` or `.`, and go on with these or `-`; others become `_`.
    segments = [re.sub(r"^[^\w.]|[^\w.-]", "_", part, flags=re.ASCII) for part in url.split("/") if part]
    return "_".join([*parts, "/".join(segments)] if segments else parts)


def reference(resource: Resource) -> str:
    """How other resources name a provider resource."""
    return f"{resource.urn}::{resource.id or UNKNOWN.value}"


def plugin_inputs(version: str, url: str) -> Properties:
    """What a request says about the plugin, as its provider resource keeps it."""
    if not (version or url):
        return {}
    return ({"version": version} if version else {}) | {INTERNAL: {"pluginDownloadURL": url} if url else {}}


def provided_by(reference: str) -> str:
    """The package of the provider that a reference names."""
    return package_of(Urn(reference.rpartition("::")[0]).type)


def own(inputs: Properties) -> Properties:
    """A provider's inputs as its plugin sees them."""
    return {key: value for key, value in inputs.items() if key != INTERNAL}


def package_of(token: str) -> str:
    """The package of a token: ``sim`` of ``sim:index:Bucket``; of a provider's own type, what it provides."""
    return (
        token.removeprefix(PROVIDER_TYPE).partition(":")[0]
        if token.startswith(PROVIDER_TYPE)
        else token.partition(":")[0]
    )


async def _same(provider: Provider) -> Provider:
    return provider
