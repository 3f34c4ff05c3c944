"""Transforms: the program's own functions that see, and may change, every registration."""

from collections.abc import Iterable
from typing import Any

import grpc
import grpc.aio

from modelport_engine.errors import EngineError
from modelport_engine.plugins.plugin import CHANNEL_OPTIONS
from modelport_engine.protocol.messages import callback_pb2, callback_pb2_grpc, resource_pb2
from modelport_engine.protocol.values import as_outputs, from_struct, to_struct

Registration = resource_pb2.RegisterResourceRequest

# Options whose message field has the same shape in a registration, by their name there.
SCALARS = {
    "version": "version",
    "provider": "provider",
    "plugin_download_url": "pluginDownloadURL",
    "deleted_with": "deletedWith",
    "import": "importId",
}
LISTS = {
    "depends_on": "dependencies",
    "ignore_changes": "ignoreChanges",
    "replace_on_changes": "replaceOnChanges",
    "additional_secret_outputs": "additionalSecretOutputs",
    "replace_with": "replace_with",
    "hide_diff": "hideDiffs",
    "aliases": "aliases",
}
MAPS = {"providers": "providers", "plugin_checksums": "pluginChecksums"}
OPTIONAL = {"protect": "protect", "retain_on_delete": "retainOnDelete", "delete_before_replace": "deleteBeforeReplace"}


class Transforms:
    """Calls transforms back in the process that registered them."""

    def __init__(self) -> None:
        self._channels: dict[str, grpc.aio.Channel] = {}
        self.of_stack: list[callback_pb2.Callback] = []
        self.of_invokes: list[callback_pb2.Callback] = []

    async def register(self, request: Registration, callbacks: Iterable[callback_pb2.Callback]) -> Registration:
        """The registration after the resource's own transforms, its ancestors', and the stack's."""
        for callback in (*callbacks, *self.of_stack):
            asked = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=to_struct(as_outputs(from_struct(request.object)), outputs=True),
            )
            asked.options.CopyFrom(options_of(request))
            answer = resource_pb2.TransformResponse.FromString(await self._invoke(callback, asked.SerializeToString()))
            request = applied(request, answer)
        return request

    async def invoke(self, request: resource_pb2.ResourceInvokeRequest) -> resource_pb2.ResourceInvokeRequest:
        """A function call after the stack's invoke transforms."""
        for callback in self.of_invokes:
            options = resource_pb2.TransformInvokeOptions(
                provider=request.provider, version=request.version, plugin_download_url=request.pluginDownloadURL
            )
            asked = resource_pb2.TransformInvokeRequest(token=request.tok, args=request.args, options=options)
            answer = resource_pb2.TransformInvokeResponse.FromString(
                await self._invoke(callback, asked.SerializeToString())
            )
            if answer.HasField("args"):
                request.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                request.provider, request.version = answer.options.provider, answer.options.version
                request.pluginDownloadURL = answer.options.plugin_download_url
        return request

    async def close(self) -> None:
        """Close the connections to the processes that hold the transforms."""
        for channel in self._channels.values():
            await channel.close()

    async def _invoke(self, callback: callback_pb2.Callback, payload: bytes) -> bytes:
        if callback.target not in self._channels:
            self._channels[callback.target] = grpc.aio.insecure_channel(callback.target, options=CHANNEL_OPTIONS)
        stub = callback_pb2_grpc.CallbacksStub(self._channels[callback.target])
        try:
            answer = await stub.Invoke(callback_pb2.CallbackInvokeRequest(token=callback.token, request=payload))
        except grpc.aio.AioRpcError as error:
            raise EngineError(f"a transform failed: {error.details()}") from error
        response: bytes = answer.response
        return response


def options_of(request: Any) -> resource_pb2.TransformResourceOptions:
    """The options of a registration, as transforms see them."""
    options = resource_pb2.TransformResourceOptions()
    for theirs, ours in SCALARS.items():
        setattr(options, theirs, getattr(request, ours))
    for theirs, ours in LISTS.items():
        getattr(options, theirs).extend(getattr(request, ours))
    for theirs, ours in MAPS.items():
        getattr(options, theirs).update(getattr(request, ours))
    for theirs, ours in OPTIONAL.items():
        if request.deleteBeforeReplaceDefined if ours == "deleteBeforeReplace" else request.HasField(ours):
            setattr(options, theirs, getattr(request, ours))
    if request.HasField("customTimeouts"):
        options.custom_timeouts.CopyFrom(request.customTimeouts)
    if request.HasField("hooks"):
        options.hooks.CopyFrom(request.hooks)
    return options


def applied(request: Registration, answer: resource_pb2.TransformResponse) -> Registration:
    """The registration with what a transform answered."""
    result: Any = Registration()
    result.CopyFrom(request)
    if answer.HasField("properties"):
        result.object.CopyFrom(answer.properties)
        for key in [key for key in result.propertyDependencies if key not in answer.properties]:
            del result.propertyDependencies[key]
    if not answer.HasField("options"):
        return result  # type: ignore[no-any-return]
    options: Any = answer.options
    for theirs, ours in SCALARS.items():
        setattr(result, ours, getattr(options, theirs))
    for theirs, ours in (LISTS | MAPS).items():
        result.ClearField(ours)
        getattr(result, ours).MergeFrom(getattr(options, theirs))
    for theirs, ours in OPTIONAL.items():
        result.ClearField(ours)
        if options.HasField(theirs):
            setattr(result, ours, getattr(options, theirs))
    result.deleteBeforeReplaceDefined = options.HasField("delete_before_replace")
    result.ClearField("customTimeouts")
    if options.HasField("custom_timeouts"):
        result.customTimeouts.CopyFrom(options.custom_timeouts)
    return result  # type: ignore[no-any-return]
