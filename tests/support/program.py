"""Runs Pulumi programs against mocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockMonitor
from pulumi.runtime.proto import resource_pb2

MADE = {
    "modelport": {
        "url": "http://127.0.0.1:8080",
        "version": "1",
        "log": "/log",
        "uri": "oci://registry.example/models/fraud@sha256:of-the-artefact",
        "reference": "registry.example/models/modelport-server@sha256:copied",
    }
}
"""Outputs of every resource of a package, as if a provider had made it."""


@dataclass
class Program(pulumi.runtime.Mocks):
    """What a program registered, in order, with the inputs of each resource by its logical name."""

    requests: list[resource_pb2.RegisterResourceRequest] = field(default_factory=list)
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    result: Any = None

    @classmethod
    def run(cls, program: Callable[[], Any], config: dict[str, str] | None = None) -> Program:
        """Run a program in the stack `dev` of the project `test`; an Output that it returns becomes `result`."""
        ran = cls()
        pulumi.runtime.set_mocks(ran, project="test", stack="dev", monitor=Monitor(ran))
        pulumi.runtime.set_all_config(config or {})

        @pulumi.runtime.test
        def run() -> Any:
            return pulumi.Output.from_input(program()).apply(lambda value: setattr(ran, "result", value))

        run()
        return ran

    @property
    def names(self) -> list[str]:
        """Type and logical name of each resource."""
        return [f"{request.type} {request.name}" for request in self.requests]

    def request(self, name: str) -> resource_pb2.RegisterResourceRequest:
        """The registration of a resource."""
        return next(request for request in self.requests if request.name == name)

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.inputs[args.name] = args.inputs
        made = MADE.get(args.typ.partition(":")[0], {}) if args.custom else {}
        return f"{args.name}-id", {**args.inputs, **made} if args.custom else {}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        raise AssertionError(f"the program calls {args.token}")


class Monitor(MockMonitor):
    def RegisterResource(self, request):
        if request.type != "pulumi:pulumi:Stack":  # only the first program of a process registers one
            self.mocks.requests.append(request)
        return super().RegisterResource(request)
