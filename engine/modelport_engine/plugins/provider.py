"""A resource provider: the requests of Pulumi's ResourceProvider protocol, in plain values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import grpc
from google.protobuf import empty_pb2

from modelport_engine.errors import EngineError
from modelport_engine.plugins.plugin import Plugin, Plugins
from modelport_engine.protocol.messages import provider_pb2 as pb
from modelport_engine.protocol.messages import provider_pb2_grpc, status_pb2
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import Properties, from_struct, restore_secrets, strip_secrets, to_struct

COMPACT = (",", ":")
KINDS = ["add", "add-replace", "delete", "delete-replace", "update", "update-replace"]


class ProviderError(EngineError):
    """A provider refused or failed; the message is the provider's own."""


class InitFailed(ProviderError):
    """A provider created or updated an object that did not become ready: it exists, and its state must be kept."""

    def __init__(self, details: pb.ErrorResourceInitFailed):
        super().__init__("\n".join(details.reasons))
        self.id = details.id
        self.outputs = from_struct(details.properties)
        self.inputs = from_struct(details.inputs)
        self.reasons = list(details.reasons)


@dataclass(frozen=True)
class Found:
    """An object as it is now; `inputs` is None when the provider cannot tell, `problems` say why it is not ready."""

    id: str
    inputs: Properties | None
    outputs: Properties
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class Difference:
    """What a provider's Diff says; `details` maps property paths to (kind, concerns the inputs)."""

    changed: bool
    replaces: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    details: Mapping[str, tuple[str, bool]] | None = None


NO_DIFFERENCE = Difference(False)


@dataclass
class Provider:
    """One provider instance, in a process of its own. Every method raises ProviderError when the provider does.

    `owner` is the URN of the provider resource that it serves, once it serves one. In a preview its config may not be
    known yet; then it is not configured, and says nothing about what it manages.
    """

    plugin: Plugin
    owner: str = ""
    accepts_secrets: bool = False
    accepts_resources: bool = False
    accepts_outputs: bool = False
    supports_preview: bool = False
    configured_with: Properties | None = None
    configured_as: str = ""
    _stub: Any = field(init=False)

    def __post_init__(self) -> None:
        self._stub = provider_pb2_grpc.ResourceProviderStub(self.plugin.channel)

    @property
    def offline(self) -> bool:
        """Whether it knows only what the SDK says."""
        return self.plugin.offline

    @classmethod
    async def start(cls, plugins: Plugins, package: str, version: str | None) -> "Provider":
        """Start the plugin of a package and shake hands."""
        provider = cls(await plugins.start(package, version))
        folder = str(provider.plugin.folder)
        hello = pb.ProviderHandshakeRequest(
            engine_address=plugins.engine,
            root_directory=folder,
            program_directory=folder,
            configure_with_urn=True,
            invoke_with_preview=True,
        )
        await provider._tolerant(provider._stub.Handshake, hello, None)
        await provider._tolerant(provider._stub.GetPluginInfo, empty_pb2.Empty(), None)
        return provider

    async def check_config(self, urn: Urn, olds: Properties, news: Properties) -> Properties:
        """The provider's own inputs, checked."""
        request = pb.CheckRequest(
            urn=str(urn), olds=self._struct(olds), news=self._struct(news), name=urn.name, type=urn.type
        )
        answer = await self._tolerant(self._stub.CheckConfig, request, None)
        if answer is None:
            return news
        raise_failures(urn, news, answer.failures)
        checked: Properties = restore_secrets(from_struct(answer.inputs), news)
        return checked

    async def diff_config(
        self, urn: Urn, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Difference:
        """Whether new inputs of the provider itself force the replacement of everything it manages."""
        request = pb.DiffRequest(
            urn=str(urn),
            olds=self._struct(old_outputs),
            news=self._struct(news),
            old_inputs=self._struct(old_inputs),
        )
        request.name, request.type = urn.name, urn.type
        answer = await self._tolerant(self._stub.DiffConfig, request, None)
        return NO_DIFFERENCE if answer is None else _difference(answer, old_inputs != news)

    async def configure(self, urn: Urn, id: str, inputs: Properties) -> None:
        """Give the provider its inputs; the same inputs again are not sent twice to one process.

        What came with the engine is told its id, too, when an update after a preview has made one.
        """
        if self.configured_with == inputs and (id == self.configured_as or not self.plugin.built_in):
            return
        package = urn.type.rpartition(":")[2]
        plain = {key: strip_secrets(value) for key, value in inputs.items() if key != "version"}
        request = pb.ConfigureRequest(
            variables={f"{package}:config:{key}": _text(value) for key, value in plain.items()},
            args=to_struct(inputs),
            acceptSecrets=True,
            acceptResources=True,
            sends_old_inputs=True,
            sends_old_inputs_to_delete=True,
            id=id,
            urn=str(urn),
            name=urn.name,
            type=urn.type,
        )
        answer = await self._call(self._stub.Configure, request)
        self.accepts_secrets, self.accepts_outputs = answer.acceptSecrets, answer.acceptOutputs
        self.accepts_resources = answer.acceptResources
        self.supports_preview = answer.supportsPreview
        self.configured_with, self.configured_as = inputs, id

    async def check(self, urn: Urn, olds: Properties, news: Properties, seed: bytes) -> Properties:
        """The inputs with the provider's defaults; raises ProviderError with every failed property."""
        if self.configured_with is None:
            return news
        request = pb.CheckRequest(
            urn=str(urn),
            olds=self._struct(olds),
            news=self._struct(news),
            randomSeed=seed,
            name=urn.name,
            type=urn.type,
        )
        answer = await self._call(self._stub.Check, request)
        raise_failures(urn, news, answer.failures)
        return self._answered(answer.inputs, news)

    async def diff(
        self,
        urn: Urn,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str] = (),
    ) -> Difference:
        """What would change, and whether that needs a replacement."""
        if self.configured_with is None:
            return Difference(old_inputs != news)
        request = pb.DiffRequest(
            id=id,
            urn=str(urn),
            olds=self._struct(old_outputs),
            news=self._struct(news),
            old_inputs=self._struct(old_inputs),
            ignoreChanges=ignore_changes,
            name=urn.name,
            type=urn.type,
        )
        return _difference(await self._call(self._stub.Diff, request), old_inputs != news)

    async def create(self, urn: Urn, inputs: Properties, *, preview: bool, seconds: float) -> tuple[str, Properties]:
        """Id and outputs of a new object; raises InitFailed when it exists and is not ready."""
        if preview and not self.supports_preview:
            return "", inputs
        request = pb.CreateRequest(
            urn=str(urn),
            properties=self._struct(inputs),
            preview=preview,
            timeout=seconds,
            name=urn.name,
            type=urn.type,
        )
        answer = await self._call(self._stub.Create, self._with_status(request))
        if not answer.id and not preview:
            raise ProviderError(f"plugin {self.plugin.name} created {urn.name} ({urn.type}) and returned no id for it")
        return answer.id, self._answered(answer.properties, inputs)

    async def update(
        self,
        urn: Urn,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
        *,
        preview: bool,
        seconds: float,
    ) -> Properties:
        """The outputs after an update in place."""
        if preview and not self.supports_preview:
            return news
        request = pb.UpdateRequest(
            id=id,
            urn=str(urn),
            olds=self._struct(old_outputs),
            news=self._struct(news),
            old_inputs=self._struct(old_inputs),
            ignoreChanges=ignore_changes,
            preview=preview,
            timeout=seconds,
            name=urn.name,
            type=urn.type,
        )
        answer = await self._call(self._stub.Update, self._with_status(request))
        return self._answered(answer.properties, news)

    async def delete(self, urn: Urn, id: str, inputs: Properties, outputs: Properties, *, seconds: float) -> None:
        """Delete an object."""
        request = pb.DeleteRequest(
            id=id,
            urn=str(urn),
            properties=self._struct(outputs),
            old_inputs=self._struct(inputs),
            timeout=seconds,
            name=urn.name,
            type=urn.type,
        )
        await self._call(self._stub.Delete, self._with_status(request))

    async def read(
        self, urn: Urn, id: str, inputs: Properties | None = None, outputs: Properties | None = None
    ) -> Found | None:
        """The object as it is now, None when it is gone; `inputs` and `outputs` are what state has of it."""
        request = pb.ReadRequest(
            id=id,
            urn=str(urn),
            properties=None if outputs is None else self._struct(outputs),
            inputs=None if inputs is None else self._struct(inputs),
            name=urn.name,
            type=urn.type,
        )
        try:
            answer = await self._call(self._stub.Read, self._with_status(request))
        except InitFailed as failure:
            return Found(failure.id, failure.inputs or inputs, failure.outputs, failure.reasons)
        if not answer.id:
            return None
        read = from_struct(answer.inputs) if answer.HasField("inputs") else inputs
        return Found(answer.id, read, from_struct(answer.properties))

    async def invoke(
        self, token: str, arguments: Properties, preview: bool
    ) -> tuple[Properties, list[pb.CheckFailure]]:
        """Call a function of the provider."""
        answer = await self._call(
            self._stub.Invoke, pb.InvokeRequest(tok=token, args=self._struct(arguments), preview=preview)
        )
        return from_struct(getattr(answer, "return")), list(answer.failures)

    async def construct(self, request: pb.ConstructRequest, inputs: Properties) -> pb.ConstructResponse:
        """Let the provider run a component; `request` lacks only the inputs."""
        request.inputs.CopyFrom(to_struct(inputs, secrets=True, outputs=self.accepts_outputs))
        answer: pb.ConstructResponse = await self._call(self._stub.Construct, request)
        return answer

    async def call(self, request: pb.CallRequest, arguments: Properties) -> pb.CallResponse:
        """Call a method of a component; `request` lacks only the arguments."""
        request.args.CopyFrom(to_struct(arguments, secrets=True, outputs=self.accepts_outputs))
        answer: pb.CallResponse = await self._call(self._stub.Call, request)
        return answer

    async def cancel(self) -> None:
        """Tell the provider that the run is over."""
        if self.plugin.process.ended is None:
            await self._tolerant(self._stub.Cancel, empty_pb2.Empty(), None)

    def _struct(self, properties: Properties) -> Any:
        return to_struct(properties, secrets=self.accepts_secrets, resources=self.accepts_resources)

    def _answered(self, properties: Any, like: Properties) -> Properties:
        """What a provider answers; one that knows no secrets gets them restored from what it was asked."""
        values = from_struct(properties)
        return values if self.accepts_secrets else {**restore_secrets(values, like)}

    def _with_status(self, request: Any) -> Any:
        request.resource_status_token = str(uuid4())
        return request

    async def _call(self, method: Any, request: Any) -> Any:
        try:
            return await self.plugin.call(method, request)
        except grpc.aio.AioRpcError as error:
            raise failure(error) from error

    async def _tolerant(self, method: Any, request: Any, instead: Any) -> Any:
        """A call that a provider need not implement."""
        try:
            return await self.plugin.call(method, request)
        except grpc.aio.AioRpcError as error:
            if error.code() == grpc.StatusCode.UNIMPLEMENTED or "NotImplementedError" in (error.details() or ""):
                return instead
            raise failure(error) from error


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=COMPACT)


def failure(error: grpc.aio.AioRpcError) -> ProviderError:
    """The provider's error, or the half-made object in its details."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            details = pb.ErrorResourceInitFailed()
            for packed in status_pb2.Status.FromString(value).details:
                if packed.Unpack(details):
                    return InitFailed(details)
    return ProviderError(error.details() or error.code().name)


def raise_failures(urn: Urn, inputs: Properties, failures: Sequence[pb.CheckFailure]) -> None:
    """Turn the failures of a Check into one error, worded as Pulumi's."""
    lines = []
    for each in failures:
        where = f"{urn.type} resource '{urn.name}'"
        value = f" value {{{inputs[each.property]}}}" if each.property in inputs else ""
        lines.append(
            f"{where}: property {each.property}{value} has a problem: {each.reason}"
            if each.property
            else f"{where} has a problem: {each.reason}"
        )
    if lines:
        raise ProviderError("\n".join(lines))


def _difference(answer: pb.DiffResponse, inputs_differ: bool) -> Difference:
    known = answer.changes != pb.DiffResponse.DIFF_UNKNOWN
    details = (
        {path: (KINDS[each.kind], each.inputDiff) for path, each in answer.detailedDiff.items()}
        if answer.hasDetailedDiff
        else None
    )
    changed = answer.changes == pb.DiffResponse.DIFF_SOME if known else inputs_differ
    return Difference(
        changed or bool(answer.replaces),
        tuple(answer.replaces),
        tuple(answer.diffs),
        answer.deleteBeforeReplace,
        details,
    )
