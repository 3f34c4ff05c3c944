"""A timeout, a dynamic resource, a stack reference, a transform; with config `mode`, an import."""

import pulumi
from pulumi import CustomTimeouts, ResourceOptions, ResourceTransformResult
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Sim(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, opts):
        super().__init__(f"sim:index:{kind}", name, {"arn": None} | inputs, opts)


class Upper(ResourceProvider):
    def create(self, props):
        return CreateResult("dyn-1", props | {"up": props["x"].upper()})


class Dynamic(Resource):
    up: pulumi.Output[str]

    def __init__(self, name, x):
        super().__init__(Upper(), name, {"x": x, "up": None})


def tag(args):
    if args.type_ != "sim:index:Bucket":
        return None
    return ResourceTransformResult(props=args.props | {"tags": {"by": "transform"}}, opts=args.opts)


pulumi.runtime.register_resource_transform(tag)
bucket = Sim("Bucket", "b", {"name": "b6"}, ResourceOptions(custom_timeouts=CustomTimeouts(create="90s")))
dynamic = Dynamic("dyn", bucket.arn)
other = pulumi.StackReference("organization/demo4/dev")
pulumi.export("refA", other.get_output("aArn"))
pulumi.export("dyn", dynamic.up)
if pulumi.Config().get("mode") == "import":
    Sim("Server", "imp", {"name": "imported", "size": 9}, ResourceOptions(import_="imported"))
