from __future__ import annotations

from typing import Any, ClassVar

import pulumi

from modelport.plan import make_plan
from modelport.targets.args import ModelServiceArgs
from modelport.targets.image import image_named, serving_image
from modelport.targets.images import digest_of
from modelport.targets.kinds import require_sdk
from modelport.targets.patches import patches_of
from modelport.targets.running import check_providers, run_errors
from modelport.targets.version import live_versions

from . import TARGET
from .agents import key_users
from .budget import budget
from .capture import capture, captured
from .deployment import deployment, traffic
from .endpoint import address, endpoint, invocation, logs, public_host
from .identity import identity
from .key import key
from .model import model
from .names import check_name
from .network import network, private_address
from .project import Project, check_identity
from .registry import repository
from .resources import EXTRA, SDK, Resources
from .roles import ROLES
from .storage import storage

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
        store = storage(own, project, encrypting)
        images = repository(own, project, encrypting)
        place = network(own, project)
        account = identity(own, store)
        kept = captured(own, project, encrypting)
        endpoint(own, project, encrypting, capture(own, kept))
        deployed = {}
        for each in live:
            image = serving_image(own, each, images, PLATFORM)
            registered = model(own, project, each, image, encrypting, store)
            deployed[each.slot] = deployment(own, each, registered, account)
        split = traffic(own, deployed, {each.slot: each.release.weight for each in live})
        stable = deployed[live[0].slot]
        host = private_address(own, project, place, stable) if place else public_host(own)
        budget(own, project)

        self.resources = own.resources
        found = address(own, host)
        self.outputs = {
            "endpoint": found,
            "image": {"digest": digest_of(image_named(own, live[0]))},
            "live": split.urn.apply(lambda _: [each.share for each in live]),
            "dashboards": [],
            "alerts": [],
            "capture_location": kept,
            "logs": logs(own, project),
            "invoke": invocation(found["url"], live[0].bundle, private=place is not None),
        }
        self.register_outputs({**self.outputs, "place": project.place, "region": project.region})


COMPONENT = VertexService
