from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pulumi

from modelport.plan import make_plan
from modelport.targets.args import ModelServiceArgs
from modelport.targets.image import image_named, serving_image
from modelport.targets.images import digest_of
from modelport.targets.kinds import require_sdk
from modelport.targets.patches import patches_of
from modelport.targets.running import check_providers, run_errors
from modelport.targets.version import Version, live_versions

from . import TARGET, jobs
from .agents import key_users
from .budget import budget
from .capture import capture, captured
from .deployment import deployment, traffic
from .endpoint import address, endpoint, invocation, logs, public_host
from .identity import identity
from .key import Key, key
from .model import model
from .monitoring.alerts import alerts
from .monitoring.channels import hearing
from .monitoring.dashboard import shown
from .monitoring.objectives import measured, watched
from .names import check_name, endpoint_id
from .network import network, private_address
from .project import Project, check_identity
from .registry import repository
from .resources import EXTRA, SDK, Model, Resources
from .roles import ROLES
from .storage import Store, storage

PLATFORM = "linux/amd64"
"""Of every machine type in capacity.py."""


class VertexService(pulumi.ComponentResource):
    """One service on Vertex AI: a private, encrypted endpoint.

    Attributes:
        resources: what it consists of, by role.
        outputs: what clients, operators and tools need to know, by the names in `OUTPUTS`.

    Raises:
        RunError: before anything is registered, when Vertex AI cannot give what the spec asks for (see capabilities.py
            and rules.py), the stack does not say in which project and region, the model cannot be served, or
            `modelport:resources` names what is not there.
    """

    kind = "modelport:vertex:Service"
    CONFIG: ClassVar = {"gcp": "region"}
    RESOURCES: ClassVar = ROLES
    OUTPUTS = ("endpoint", "image", "live", "dashboards", "alerts", "capture_location", "logs", "invoke")

    resources: dict[str, Any]
    outputs: dict[str, Any]

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None):
        with run_errors():
            check_name(name)
            plan = make_plan(args.spec, args.environment, TARGET)
            require_sdk(SDK, EXTRA)
            check_providers(self.CONFIG, opts)
            check_identity()
            patches = patches_of(name, args.environment, self.RESOURCES)
            live = live_versions(plan)
        super().__init__(self.kind, name, plan.governed_inputs(), opts)
        own = Resources(self, name, plan, patches)

        project = Project.of(self)
        encrypting = key(own, project, key_users(own, project))
        store = storage(own, project, encrypting, jobs.folders(plan.spec))
        images = repository(own, project, encrypting)
        account = identity(own, store)
        copies = {each.slot: serving_image(own, each, images, PLATFORM) for each in live}
        models = {each.slot: model(own, project, each, copies[each.slot], encrypting, store) for each in live}
        served = (
            _jobs(own, project, models[live[0].slot], account, encrypting, store)
            if plan.spec.mode == "batch"
            else _online(own, project, models, live, account, encrypting)
        )
        budget(own, project)

        self.resources = own.resources
        self.outputs = {
            "endpoint": served.endpoint,
            "image": {"digest": digest_of(image_named(own, live[0]))},
            "live": served.ready.urn.apply(lambda _: [each.share for each in live]),
            "dashboards": served.dashboards,
            "alerts": served.alerts,
            "capture_location": served.kept,
            "logs": served.logs,
            "invoke": served.invoke,
        }
        self.register_outputs({**self.outputs, "place": project.place, "region": project.region})


@dataclass(frozen=True)
class Served:
    """What callers have of a service.

    Attributes:
        endpoint, logs, invoke: the outputs of these names.
        ready: what is there when the live versions are.
        kept: where requests and answers are kept.
        alerts, dashboards: the names of what watches it; a service of jobs has none.
    """

    endpoint: dict[str, Any]
    ready: pulumi.Resource
    logs: pulumi.Output[str]
    invoke: pulumi.Output[str]
    kept: pulumi.Output[str] | None = None
    alerts: list[pulumi.Output[str]] = field(default_factory=list)
    dashboards: list[pulumi.Output[str]] = field(default_factory=list)


def _jobs(
    own: Resources, project: Project, model: Model, account: pulumi.Input[str], encrypting: Key, store: Store
) -> Served:
    """A model over whose requests jobs go."""
    command = jobs.job(own, project, model, account, encrypting, store)
    return Served(jobs.address(project), model, jobs.logs(project), command)


def _online(
    own: Resources,
    project: Project,
    models: Mapping[str, Model],
    live: Sequence[Version],
    account: pulumi.Input[str],
    encrypting: Key,
) -> Served:
    """An endpoint that answers at once."""
    place, kept = network(own, project), captured(own, project, encrypting)
    endpoint(own, project, encrypting, capture(own, kept))
    deployed = {each.slot: deployment(own, each, models[each.slot], account) for each in live}
    split = traffic(own, deployed, {each.slot: each.release.weight for each in live})
    host = private_address(own, project, place, deployed[live[0].slot]) if place else public_host(own)
    found = address(own, host)
    command = invocation(found["url"], live[0].bundle, private=place is not None)
    of = watched(own, project, endpoint_id(own.plan))
    objectives = measured(own, of)
    told = alerts(own, of, hearing(own), objectives) if own.plan.spec.monitoring.alerts.enabled else []
    return Served(found, split, logs(own, project), command, kept, told, [shown(own, of, objectives)])


COMPONENT = VertexService
