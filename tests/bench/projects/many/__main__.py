"""As many resources as the config `count` says; each but the first ten needs another, in a tree."""

import pulumi

BRANCHES = 10


class Thing(pulumi.CustomResource):
    arn: pulumi.Output[str]

    def __init__(self, number, upstream):
        tags = {"number": str(number), "team": "serving", "environment": "test"}
        inputs = {"arn": None, "size": number, "region": "here", "tags": tags, "upstream": upstream}
        super().__init__("echo:index:Thing", f"thing-{number}", inputs)


things = []
for number in range(pulumi.Config().require_int("count")):
    things.append(Thing(number, things[number // BRANCHES].arn if number >= BRANCHES else "none"))
