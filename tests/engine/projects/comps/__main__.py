"""A plugin of one component, served by the SDK's own host."""

from typing import TypedDict

import pulumi
from pulumi.provider.experimental import component_provider_host


class WebArgs(TypedDict):
    size: pulumi.Input[int]
    secret: pulumi.Input[str]


class Bucket(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, name, size, opts):
        super().__init__("sim:index:Bucket", name, {"size": size, "arn": None}, opts)


class Web(pulumi.ComponentResource):
    url: pulumi.Output[str]
    secret: pulumi.Output[str]

    def __init__(self, name: str, args: WebArgs, opts: pulumi.ResourceOptions | None = None):
        super().__init__("comps:index:Web", name, dict(args), opts)
        bucket = Bucket(f"{name}-b", args["size"], pulumi.ResourceOptions(parent=self))
        self.url = bucket.arn.apply(lambda arn: f"http://{arn}")
        self.secret = pulumi.Output.secret(args["secret"])
        self.register_outputs({"url": self.url, "secret": self.secret})


if __name__ == "__main__":
    component_provider_host(name="comps", components=[Web])
