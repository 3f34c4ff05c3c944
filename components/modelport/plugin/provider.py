from __future__ import annotations

import asyncio
import json
from functools import partial

from pulumi.provider.experimental import provider as protocol

from modelport.errors import ModelportError
from modelport.providers.crud import Crud, Say
from modelport.providers.resources import RESOURCES

from .engine_log import EngineLog
from .values import plain_map, property_values


class ModelportProvider(protocol.Provider):
    """Our own resources and components. Configure contacts nothing; blocking work runs in threads."""

    def __init__(self, log: EngineLog):
        self._log = log

    async def get_schema(self, request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:
        """What the package has, for documentation and SDKs in other languages."""
        from .schema import package_schema  # it and components import what resources do not need

        return protocol.GetSchemaResponse(json.dumps(package_schema()))

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Keep none of the project's `modelport:` config, secrets among it: the provider has no options."""
        return protocol.CheckResponse(inputs={})

    async def configure(self, request: protocol.ConfigureRequest) -> protocol.ConfigureResponse:
        """What the provider can."""
        # With accept_outputs the SDK fails on unknown inputs of components.
        return protocol.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=False
        )

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Fill in defaults and judge the inputs."""
        inputs, failures = _resource(request.type).check(plain_map(request.new_inputs))
        return protocol.CheckResponse(
            inputs=property_values(inputs, request.new_inputs),
            failures=[protocol.CheckFailure(failure.property, failure.reason) for failure in failures],
        )

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Compare state and inputs."""
        resource = _resource(request.type)
        changes = resource.diff(plain_map(request.old_state), plain_map(request.new_inputs))
        return protocol.DiffResponse(
            changes=bool(changes.properties),
            diffs=list(changes.properties),
            replaces=list(changes.replaces),
            delete_before_replace=resource.deletes_first and bool(changes.replaces),
        )

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Make the resource, or preview it."""
        resource, inputs = _resource(request.type), plain_map(request.properties)
        if request.preview:
            id, outputs = "", resource.plan({}, inputs)
        else:
            id, outputs = await asyncio.to_thread(resource.create, inputs, self._say(request.urn))
        return protocol.CreateResponse(id, property_values(outputs, request.properties))

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """Look at the resource as it is."""
        resource = _resource(request.type)
        outputs = await asyncio.to_thread(resource.read, request.resource_id, plain_map(request.properties))
        if outputs is None:
            return protocol.ReadResponse("")
        asked = request.inputs or resource.inputs
        inputs = {name: value for name, value in outputs.items() if name in resource.inputs and name in asked}
        return protocol.ReadResponse(
            request.resource_id,
            property_values(outputs, request.properties),
            property_values(inputs, request.inputs),
        )

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Change the resource, or preview the change."""
        resource, inputs = _resource(request.type), plain_map(request.news)
        if request.preview:
            outputs = resource.plan(plain_map(request.olds), inputs)
        else:
            outputs = await asyncio.to_thread(resource.update, request.resource_id, inputs, self._say(request.urn))
        return protocol.UpdateResponse(property_values(outputs, request.news))

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Remove the resource."""
        delete, outputs = _resource(request.type).delete, plain_map(request.properties)
        await asyncio.to_thread(delete, request.resource_id, outputs, self._say(request.urn))

    async def construct(self, request: protocol.ConstructRequest) -> protocol.ConstructResponse:
        """Run a component inside the plugin."""
        from .components import construct

        return await construct(request)

    def _say(self, urn: str) -> Say:
        return partial(self._log.say, urn)


def _resource(qualified: str) -> Crud:
    """By the type in a URN, which starts with the types of the parents."""
    kind = qualified.rpartition("$")[2]
    if kind not in RESOURCES:
        raise ModelportError(f"modelport has no resource {kind}. There is: {', '.join(RESOURCES)}.")
    return RESOURCES[kind]
