"""`a` is deleted before it is replaced, `b` must go with it, `c` and `d` may stay; and one case for each `mode`."""

import pulumi
from pulumi import Alias, ResourceOptions

config = pulumi.Config()
mode, region = config.require("mode"), config.require("region")


class Sim(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, opts=None):
        super().__init__(f"sim:index:{kind}", name, {"arn": None, "serial": None, "region": None} | inputs, opts)


a = Sim("Bucket", "a", {"name": "a", "region": region}, ResourceOptions(delete_before_replace=True))
b = Sim("Server", "b", {"name": "b", "region": a.region})
Sim("Server", "c", {"name": "c", "upstream": a.arn})
Sim("Server", "d", {"name": "d"}, ResourceOptions(depends_on=[b]))
Sim("Server", "e", {"name": "e"} | ({"fail": True} if mode == "failupdate" else {}))
if mode == "faildel":
    Sim("Server", "f", {"name": "f", "faildelete": True})
if mode == "rename":
    Sim("Bucket", "g2", {"name": "g"}, ResourceOptions(aliases=[Alias(name="g")]))
else:
    Sim("Bucket", "g", {"name": "g"})
match mode:
    case "checkfail":
        Sim("Bucket", "neg", {"size": -1})
    case "progfail":
        raise RuntimeError("program raised")
    case "retain":
        Sim("Bucket", "keep", {"name": "keep"}, ResourceOptions(retain_on_delete=True))
    case "secretout":
        secret = ResourceOptions(additional_secret_outputs=["arn"])
        Sim("Bucket", "so", {"name": "so", "tags": {"k": "v"}}, secret)
    case "invoke":
        pulumi.export("echo", pulumi.runtime.invoke("sim:index:echo", {"x": 1}).value)
pulumi.export("aArn", a.arn)
