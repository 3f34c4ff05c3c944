"""Components of two languages' kind, a transform, an explicit provider for a whole component, a dynamic resource."""

import pulumi
from pulumi import ResourceOptions, ResourceTransformResult
from pulumi.dynamic import CreateResult, Resource, ResourceProvider


class Sim(pulumi.CustomResource):
    def __init__(self, name, inputs, opts=None):
        super().__init__("sim:index:Bucket", name, {"arn": None} | inputs, opts)


class Provider(pulumi.ProviderResource):
    def __init__(self, name, prefix):
        super().__init__("sim", name, {"prefix": prefix})


class Group(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("whole:index:Group", name, {}, opts)
        self.bucket = Sim(f"{name}-bucket", {"name": name}, ResourceOptions(parent=self))
        self.register_outputs({})


class Pair(pulumi.ComponentResource):
    url: pulumi.Output[str]

    def __init__(self, name, inputs):
        super().__init__("duo:index:Pair", name, {"url": None} | inputs, remote=True)

    def join(self, text):
        return pulumi.runtime.call("duo:index:Pair/join", {"__self__": self, "text": text}, self)["joined"]


class Shout(ResourceProvider):
    def create(self, props):
        return CreateResult("shouted", props | {"loud": props["text"].upper()})


class Dynamic(Resource):
    loud: pulumi.Output[str]

    def __init__(self, name, text):
        super().__init__(Shout(), name, {"text": text, "loud": None})


def tag(args):
    if args.type_ == "sim:index:Bucket":
        return ResourceTransformResult(props=args.props | {"tags": {"by": "transform"}}, opts=args.opts)
    return None


pulumi.runtime.register_resource_transform(tag)
group = Group("group", ResourceOptions(provider=Provider("special", "special-")))
pair = Pair("pair", {"size": 3})
pulumi.export("arn", group.bucket.arn)
pulumi.export("url", pair.url)
pulumi.export("joined", pair.join(group.bucket.arn))
pulumi.export("loud", Dynamic("shout", pair.url).loud)
if other := pulumi.Config().get("other"):
    pulumi.export("their_arn", pulumi.StackReference(other).get_output("aArn"))
