from __future__ import annotations

from typing import Any, ClassVar

import pulumi

from modelport.plan import make_plan
from modelport.targets.args import ModelServiceArgs
from modelport.targets.bundles import release_bundle
from modelport.targets.children import Children
from modelport.targets.patches import patches_of
from modelport.targets.running import run_errors

from . import TARGET
from .endpoint import endpoint, invocation
from .server import Server, model_server


class LocalService(pulumi.ComponentResource):
    """One service as a server process of this machine.

    Attributes:
        resources: what it consists of, by role.
        outputs: what clients, operators and tools need to know, by the names in `OUTPUTS`.

    Raises:
        RunError: before anything is registered, when this machine cannot give what the spec asks for (see
            capabilities.py), the model cannot be served, or `modelport:resources` names what is not there.
    """

    kind = "modelport:local:Service"
    CONFIG: ClassVar = {}
    RESOURCES: ClassVar = {"server": Server}
    OUTPUTS = ("endpoint", "image", "live", "dashboards", "alerts", "capture_location", "logs", "invoke")

    resources: dict[str, Any]
    outputs: dict[str, Any]

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None):
        with run_errors():
            plan = make_plan(args.spec, args.environment, TARGET)
            patches = patches_of(name, args.environment, self.RESOURCES)
            bundle = release_bundle(plan, plan.releases[0])
        super().__init__(self.kind, name, plan.governed_inputs(), opts)
        own = Children(self, name, plan, patches)

        server = model_server(own, bundle)
        where = endpoint(plan, server)

        self.resources = own.resources
        self.outputs = {
            "endpoint": where,
            "image": {"digest": None},
            "live": [{"version": server.version, "digest": server.digest, "weight": plan.releases[0].weight}],
            "dashboards": [],
            "alerts": [],
            "capture_location": None,
            "logs": server.log,
            "invoke": invocation(where["url"], bundle),
        }
        self.register_outputs(self.outputs)


COMPONENT = LocalService
