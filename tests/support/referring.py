"""Runs programs against mocks whose cloud resources have outputs that say what they stand for: `@{models.arn}`."""

import importlib
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import pulumi
from pulumi.runtime import rpc
from support.program import Program

from modelport.providers.artifact import ArtifactBundle, ArtifactImage
from modelport_engine.plugins.children import sdk_types

REFERENCE = re.compile(r"@\{([^{}]+)\.(\w+)\}")
"""The logical name of a resource, and one of its outputs."""
BUNDLE = ArtifactBundle()


class Referring(Program):
    """A program with resources of a cloud; what only that knows of one is a reference to it. Artefacts go where they
    shall.
    """

    PACKAGE: ClassVar[str]
    READ: ClassVar[Mapping[str, Any]]
    """What the provider tells of where it works, by function: all that a plan may ask."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        assert args.name not in self.inputs, f"two resources have the name {args.name}"
        name, outputs = super().new_resource(args)
        if args.typ == ArtifactImage.kind:
            outputs["reference"] = f"{args.inputs['repository']}@{args.inputs['digest']}"
        if args.typ == ArtifactBundle.kind:
            outputs["uri"] = BUNDLE.plan({}, BUNDLE.check(args.inputs)[0])["uri"]
        if not args.typ.startswith(f"{self.PACKAGE}:"):
            return name, outputs
        for output in texts(args.typ):
            value = rpc.unwrap_rpc_secret(outputs.get(output, reference(args.name, output)))
            outputs[output] = json.dumps(value) if isinstance(value, Mapping) else value
        return reference(args.name, "id"), outputs

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        return self.READ[args.token]


def reference(name: str, output: str) -> str:
    return f"@{{{name}.{output}}}"


@cache
def texts(token: str) -> list[str]:
    """The outputs of a type that are a text in any case."""
    package = token.partition(":")[0]
    sdk_types.import_sdk(package)
    module, name = sdk_types.tokens(package)[token]
    members = vars(getattr(importlib.import_module(module), name)).values()
    getters = [member.fget for member in members if isinstance(member, property)]
    return [each._pulumi_name for each in getters if each.__annotations__["return"] == pulumi.Output[str]]
