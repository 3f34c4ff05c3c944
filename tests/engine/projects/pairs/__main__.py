"""One plugin that serves a resource and a component; what it hands on stays unknown, secret and dependent."""

import asyncio
import sys

import pulumi
from pulumi.output import _OutputData
from pulumi.provider.experimental import provider
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import main
from pulumi.resource import DependencyResource
from pulumi.runtime.rpc import UNKNOWN


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name, size, opts):
        super().__init__("duo:index:Thing", name, {"size": size, "arn": None}, opts)


class Pair(pulumi.ComponentResource):
    def __init__(self, name, inputs, opts):
        super().__init__("duo:index:Pair", name, inputs, opts)
        mine = pulumi.ResourceOptions(parent=self)
        first = Thing(f"{name}-a", inputs["size"], mine)
        second = Thing(f"{name}-b", first.arn, mine)
        self.made = {
            "url": pulumi.Output.concat(first.arn, "+", second.arn),
            "secret": pulumi.Output.secret(inputs["secret"]),
        }
        self.register_outputs(self.made)


class Duo(provider.Provider):
    async def configure(self, request):
        return provider.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=False
        )

    async def diff(self, request):
        changed = [key for key, value in request.new_inputs.items() if request.old_state.get(key) != value]
        return provider.DiffResponse(changes=bool(changed), diffs=changed)

    async def create(self, request):
        arn, id = (UNKNOWN, "") if request.preview else (f"arn:{request.name}", f"id-{request.name}")
        return provider.CreateResponse(resource_id=id, properties={**request.properties, "arn": PropertyValue(arn)})

    async def update(self, request):
        return provider.UpdateResponse(properties={**request.news, "arn": request.olds["arn"]})

    async def delete(self, request):
        pass

    async def construct(self, request):
        pair = Pair(request.name, {key: given(value) for key, value in request.inputs.items()}, request.options)
        urn = await pair.urn.future()
        state = {key: await returned(output) for key, output in pair.made.items()}
        return provider.ConstructResponse(urn=urn, state=state, state_dependencies={})


def given(value):
    """An input as the component takes it."""
    known = value.value != UNKNOWN
    if known and not (value.is_secret or value.dependencies):
        return value.value
    data = asyncio.get_event_loop().create_future()
    resources = {DependencyResource(urn) for urn in value.dependencies}
    data.set_result(_OutputData(resources, value.value if known else None, known, value.is_secret))
    return pulumi.Output._from_data(data)


async def returned(output):
    """An output as the engine takes it."""
    value = await output.future() if await output.is_known() else UNKNOWN
    urns = {await resource.urn.future() for resource in await output.resources()}
    return PropertyValue(value, is_secret=await output.is_secret(), dependencies=urns)


if __name__ == "__main__":
    main(sys.argv[1:], "0.1.0", Duo())
