"""The resources of a graph: a list of nodes in the JSON file GRAPH, each after those that it needs."""

import json
import os
from pathlib import Path

import pulumi

OPTIONS = (
    "protect",
    "retain_on_delete",
    "delete_before_replace",
    "ignore_changes",
    "replace_on_changes",
    "additional_secret_outputs",
)


class Component(pulumi.ComponentResource):
    def __init__(self, node, options):
        super().__init__("graph:index:Component", node["name"], {"size": node["size"]}, options)
        self.register_outputs({"size": node["size"]})


class Provider(pulumi.ProviderResource):
    def __init__(self, node, options):
        super().__init__("objects", node["name"], {"place": node["place"]}, options)


class Object(pulumi.CustomResource):
    tag: pulumi.Output[str]

    def __init__(self, node, options):
        references = {key: made[name].tag for key, name in node["references"].items()}
        inputs = {"size": node["size"], "place": node["place"], "tag": None} | references
        super().__init__(f"objects:index:{node['kind'].title()}", node["name"], inputs, options)


def options_of(node):
    optional = {"parent": "parent", "provider": "provider", "deletedWith": "deleted_with"}
    named = {key: made[node[field]] for key, field in optional.items() if node[field]}
    given = {name: node[name] for name in OPTIONS if node["kind"] in ("object", "single")}
    timeouts = pulumi.CustomTimeouts(create=node["timeout"]) if node["timeout"] else None
    return pulumi.ResourceOptions(
        parent=named.get("parent"),
        provider=named.get("provider"),
        deleted_with=named.get("deletedWith"),
        depends_on=[made[name] for name in node["depends_on"]],
        aliases=[pulumi.Alias(**alias) for alias in node["aliases"]],
        custom_timeouts=timeouts,
        **given,
    )


CLASSES = {"component": Component, "provider": Provider, "object": Object, "single": Object}
made = {}
for node in json.loads(Path(os.environ["GRAPH"]).read_text()):
    made[node["name"]] = CLASSES[node["kind"]](node, options_of(node))
