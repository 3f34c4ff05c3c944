"""A site of two resources, and one resource for each option; config `mode` asks for more, or for trouble."""

import pulumi
from pulumi import Output, ResourceOptions

config = pulumi.Config()
mode, region = config.require("mode"), config.require("region")
update = mode == "update"


class Sim(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, opts=None):
        computed = dict.fromkeys(("arn", "serial", "password"))
        super().__init__(f"sim:index:{kind}", name, computed | inputs, opts)


class Provider(pulumi.ProviderResource):
    def __init__(self, name, prefix):
        super().__init__("sim", name, {"prefix": prefix})


class Site(pulumi.ComponentResource):
    def __init__(self, name, size):
        super().__init__("demo:index:Site", name, {"size": size})
        mine = ResourceOptions(parent=self)
        self.bucket = Sim("Bucket", f"{name}-bucket", {"size": size, "region": region}, mine)
        password = config.require_secret("password")
        server = {"size": 2, "bucketArn": self.bucket.arn, "password": password}
        self.server = Sim("Server", f"{name}-server", server, mine)
        self.url = Output.concat("http://", self.server.arn)
        self.register_outputs({"url": self.url, "bucketArn": self.bucket.arn})


site = Site("site", 7 if update else 5)
Sim("Exclusive", "excl", {"region": region, "name": "fixed"}, ResourceOptions(depends_on=[site]))
ignoring = ResourceOptions(ignore_changes=["size"])
ign = Sim("Bucket", "ign", {"size": 11 if update else 10, "tags": {"a": "1"}}, ignoring)
Sim("Bucket", "roc", {"size": 21 if update else 20}, ResourceOptions(replace_on_changes=["size"]))
Sim("Bucket", "prot", {}, ResourceOptions(protect=mode != "unprotect"))
Sim("Bucket", "viap", {"size": 3}, ResourceOptions(provider=Provider("p2", "p2-")))
match mode:
    case "fail":
        bad = Sim("Server", "bad", {"fail": True}, ResourceOptions(depends_on=[ign]))
        Sim("Server", "after", {"upstream": bad.arn})
        Sim("Server", "other", {})
    case "slow":
        slow = Sim("Server", "slow", {"delay": config.require_int("delay")})
        Sim("Server", "after-slow", {"upstream": slow.arn})
    case "unknown":
        extra = Sim("Bucket", "extra", {"size": 4})
        upstream = extra.serial.apply(lambda serial: f"s{serial}")
        Sim("Server", "dep", {"upstream": upstream, "token": Output.secret(extra.arn)})
    case "get":
        got = Sim("Bucket", "got", {}, ResourceOptions(id="fixed"))
        pulumi.export("gotArn", got.arn)
    case "big":
        Sim("Bucket", "big", {"size": 1000})
    case "crash":
        Sim("Server", "crash", {"crash": True})
    case "unready":
        Sim("Server", "unready", {"slow_start": True})
pulumi.export("url", site.url)
pulumi.export("secretPw", site.server.password)
pulumi.export("plainList", [1, 2.5, "x", True, None])
