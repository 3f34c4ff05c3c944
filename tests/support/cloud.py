"""A target of the tests with a row of each level that shows in a plan, and its component."""

import pulumi

from modelport.plan import OWN, UNBUILT, TagRule, Target, approximated, emulated, make_plan, native, refused
from modelport.targets.args import ModelServiceArgs
from modelport.targets.running import run_errors

ROWS = {
    "metadata.name": native("Endpoint.name", source="manual"),
    "model.source": native("Endpoint.model", source="manual"),
    "startupSeconds": native("Endpoint.startSeconds", source="manual"),
    "request.timeout": emulated("Proxy.seconds", adds="Proxy", source="manual"),
    "slo.availability": approximated("Endpoint.goal", differs="it rounds", source="manual"),
    "protocols.grpc": refused("it speaks HTTP/1.1 only", instead="protocols.rest", always=False),
}
GOAL = native("Endpoint.goal", source="manual")
WATCHED = dict.fromkeys(("existing.prometheus", "existing.prometheusOperator"), GOAL)
"""What an objective needs."""
TARGET = Target("vertex", {**UNBUILT, **OWN, **ROWS, **WATCHED}, name_length=63, tag_rule=TagRule(63, 63, "[^a-z]"))


class Resource(pulumi.CustomResource):
    def __init__(self, kind: str, inputs: dict[str, object]) -> None:
        super().__init__(f"test:cloud:{kind}", kind, inputs)


class CloudService:
    """What a component does: plan, then register."""

    def __init__(self, name: str, args: ModelServiceArgs) -> None:
        with run_errors():
            plan = make_plan(args.spec, args.environment, TARGET)
        spec = plan.spec
        inputs = {"name": plan.name, "model": spec.model.source, "startSeconds": spec.startup_seconds}
        Resource("Endpoint", {**inputs, "goal": spec.slo.availability})
        self.proxy(spec.request.timeout.seconds)

    def proxy(self, seconds: float) -> None:
        Resource("Proxy", {"seconds": seconds})
