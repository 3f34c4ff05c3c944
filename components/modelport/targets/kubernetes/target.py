from __future__ import annotations

from typing import Any, ClassVar

import pulumi

from modelport.plan import make_plan
from modelport.spec.releases import SLOTS
from modelport.targets.args import ModelServiceArgs
from modelport.targets.artifact import ArtifactBundle, ArtifactImage
from modelport.targets.images import digest_of, image_of
from modelport.targets.kinds import require_sdk
from modelport.targets.patches import patches_of
from modelport.targets.running import check_providers, run_errors
from modelport.targets.version import live_versions

from . import TARGET
from .exposure.endpoint import endpoint, invocation, logs
from .exposure.network import network
from .exposure.routes import exposure
from .exposure.services import service, spare_services
from .identity import identity
from .image import stack_image
from .monitoring.alerts import watched
from .namespace import namespace
from .objects import (
    ALERTMANAGER_CONFIG,
    CERTIFICATE,
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    GATEWAY,
    GRPC_ROUTE,
    HORIZONTAL_AUTOSCALER,
    HTTP_ROUTE,
    INGRESS,
    LIMIT_RANGE,
    NAMESPACE,
    NETWORK_POLICY,
    POD_MONITOR,
    PRIORITY_CLASS,
    PROMETHEUS_RULE,
    RESOURCE_QUOTA,
    SCALED_OBJECT,
    SDK,
    SERVICE,
    SERVICE_ACCOUNT,
    Objects,
)
from .pods.availability import disruption_budget
from .pods.delivery import delivery
from .pods.pod import pod
from .pods.server import server
from .priority import priority
from .quota import quota
from .scaling.autoscaler import scaling

OF_A_SLOT = {
    "bundle": ArtifactBundle,
    "settings": CONFIG_MAP,
    "server": DEPLOYMENT,
    "service": SERVICE,
    "disruption": DISRUPTION_BUDGET,
    "autoscaler": HORIZONTAL_AUTOSCALER,
    "scaledobject": SCALED_OBJECT,
}


class KubernetesService(pulumi.ComponentResource):
    """One service as a hardened Deployment per live version, reachable from where its config says.

    Attributes:
        resources: what it consists of, by role.
        outputs: what clients, operators and tools need to know, by the names in `OUTPUTS`.

    Raises:
        RunError: before anything is registered, when a cluster cannot give what the spec asks for (see capabilities.py
            and rules.py), the stack does not say which cluster it is, the model cannot be served, or
            `modelport:resources` names what is not there.
    """

    kind = "modelport:kubernetes:Service"
    CONFIG: ClassVar = {"kubernetes": "context"}
    RESOURCES: ClassVar = {
        "namespace": NAMESPACE,
        "quota": RESOURCE_QUOTA,
        "limits": LIMIT_RANGE,
        "identity": SERVICE_ACCOUNT,
        "priority": PRIORITY_CLASS,
        "deny": NETWORK_POLICY,
        "network": NETWORK_POLICY,
        "image": ArtifactImage,
        **{f"{role}-{slot}": kind for slot in SLOTS for role, kind in OF_A_SLOT.items()},
        "service": SERVICE,
        "certificate": CERTIFICATE,
        "gateway": GATEWAY,
        "route": HTTP_ROUTE,
        "grpcroute": GRPC_ROUTE,
        "ingress": INGRESS,
        "monitor": POD_MONITOR,
        "alerts": PROMETHEUS_RULE,
        "receivers": ALERTMANAGER_CONFIG,
        "dashboard": CONFIG_MAP,
    }
    OUTPUTS = ("endpoint", "image", "live", "dashboards", "alerts", "capture_location", "logs", "invoke")

    resources: dict[str, Any]
    outputs: dict[str, Any]

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None):
        with run_errors():
            plan = make_plan(args.spec, args.environment, TARGET)
            require_sdk(SDK, "kubernetes")
            check_providers(self.CONFIG, opts)
            patches = patches_of(name, args.environment, self.RESOURCES)
            live = live_versions(plan)
        super().__init__(self.kind, name, plan.governed_inputs(), opts)
        own = Objects(self, name, plan, patches)

        namespace(own)
        quota(own)
        pods = pod(plan, identity(own), priority(own))
        network(own)
        image, grounds = stack_image(own), list(own.resources.values())
        for version in live:
            delivered = delivery(own, version, image)
            server(own, version, version.image(image), delivered, pods, after=grounds)
            disruption_budget(own, version.slot)
            scaling(own, version.slot)
            grounds.append(service(own, version))  # before the next one: its slot may be the one that this version left
        spare_services(own, live[0])
        exposure(own)
        reached = pulumi.Output.all(*(each.urn for each in own.resources.values()))
        monitoring = watched(own)

        context = pulumi.Config("kubernetes").get("context")
        self.resources = own.resources
        self.outputs = {
            "endpoint": endpoint(own, live[0]),
            "image": {"digest": digest_of(live[0].release.image or image_of(plan.spec, plan.environment)[1] or "")},
            "live": reached.apply(lambda _: [each.share for each in live]),
            "dashboards": monitoring.dashboards,
            "alerts": monitoring.alerts,
            "capture_location": None,
            "logs": logs(own, context),
            "invoke": invocation(own, live[0], context),
        }
        self.register_outputs(self.outputs)


COMPONENT = KubernetesService
