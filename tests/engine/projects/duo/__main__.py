"""One plugin that serves a resource and a component of two such resources."""

import sys

import pulumi
from pulumi.provider.experimental import provider
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.server import main
from pulumi.runtime.rpc import UNKNOWN


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name, size, opts=None):
        super().__init__("duo:index:Thing", name, {"size": size, "arn": None}, opts)


class Pair(pulumi.ComponentResource):
    def __init__(self, name, size, opts=None):
        super().__init__("duo:index:Pair", name, {"size": size}, opts)
        first = Thing(f"{name}-1", size, pulumi.ResourceOptions(parent=self))
        self.second = Thing(f"{name}-2", first.arn, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"url": self.second.arn})


class Duo(provider.Provider):
    async def configure(self, request):
        return provider.ConfigureResponse(
            accept_secrets=True, supports_preview=True, accept_resources=True, accept_outputs=False
        )

    async def check(self, request):
        return provider.CheckResponse(inputs=dict(request.new_inputs), failures=[])

    async def diff(self, request):
        return provider.DiffResponse(changes=request.old_state.get("size") != request.new_inputs.get("size"))

    async def create(self, request):
        arn = UNKNOWN if request.preview else f"arn:{request.name}"
        id = "" if request.preview else request.name
        return provider.CreateResponse(resource_id=id, properties={**request.properties, "arn": PropertyValue(arn)})

    async def delete(self, request):
        pass

    async def call(self, request):
        if request.tok != "duo:index:Pair/join":
            return provider.CallResponse(failures=[provider.CheckFailure("", f"no method {request.tok}")])
        urn = request.args["__self__"].value.urn
        text = request.args["text"]
        joined = UNKNOWN if text.value == UNKNOWN else f"{urn.rpartition('::')[2]} {text.value}"
        return provider.CallResponse({"joined": PropertyValue(joined, is_secret=text.is_secret)})

    async def construct(self, request):
        pair = Pair(request.name, float(request.inputs["size"].value), request.options)
        known = await pair.second.arn.is_known()
        url = await pair.second.arn.future() if known else UNKNOWN
        urn = await pair.urn.future()
        return provider.ConstructResponse(urn=urn, state={"url": PropertyValue(url)}, state_dependencies={})


if __name__ == "__main__":
    main(sys.argv[1:], "0.1.0", Duo())
