"""Registers the objects of objects.json: ``{NAME: {type, inputs, secret?, after?, ignore?, seconds?, protect?}}``."""

import json
from pathlib import Path

import pulumi


class Object(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, opts):
        super().__init__(kind, name, inputs, opts)


made = {}
for name, given in json.loads(Path("objects.json").read_text()).items():
    inputs = dict(given["inputs"])
    for key in given.get("secret", []):
        inputs[key] = pulumi.Output.secret(inputs[key])
    seconds = f"{given['seconds']}s" if "seconds" in given else None
    made[name] = Object(
        given["type"],
        name,
        inputs,
        pulumi.ResourceOptions(
            depends_on=[made[each] for each in given.get("after", [])],
            ignore_changes=given.get("ignore"),
            custom_timeouts=pulumi.CustomTimeouts(create=seconds, update=seconds, delete=seconds),
            replace_on_changes=given.get("replace"),
            version="4.34.2",
        ),
    )
