"""A resource, a component of the same plugin that needs it, and a resource that needs the component."""

import pulumi


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name, size):
        super().__init__("duo:index:Thing", name, {"size": size, "arn": None})


class Pair(pulumi.ComponentResource):
    url: pulumi.Output[str]
    secret: pulumi.Output[str]

    def __init__(self, name, inputs):
        super().__init__("duo:index:Pair", name, {"url": None, "secret": None} | inputs, remote=True)


first = Thing("t0", 1)
pair = Pair("w", {"size": 3, "up": first.arn, "secret": pulumi.Output.secret("s3")})
last = Thing("t2", pair.url)
pulumi.export("url", pair.url)
pulumi.export("secret", pair.secret)
pulumi.export("t2", last.arn)
