from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.plan.bounds import is_fixed
from modelport.targets.settings import settings as common
from modelport.targets.version import Version

from ..gpus.placement import devices
from ..identity import identity_labels
from ..objects import CONFIG_MAP, DEPLOYMENT, Objects, fingerprint, labels_of, selector_of, workload
from .access import access
from .availability import drain_seconds, grace_seconds, lifecycle, probes, spread, update, update_seconds
from .delivery import Delivery
from .pod import SCRATCH, SCRATCH_MOUNT, container

HTTP, GRPC = 8080, 8081
WEIGHT = "modelport/weight"
TAKES_BACK = {"pulumi.com/patchForce": "true"}
"""A fixed number of pods is the stack's, whoever has set another one before, such as an autoscaler that is to go."""

AT_ONCE = {"pulumi.com/skipAwait": "true", "pulumi.com/deletionPropagationPolicy": "background"}
"""Nobody waits for the pods, nor for their end, which must not keep the name from the next candidate."""


def ports(plan: Plan) -> dict[str, int]:
    """The ports that the server listens on, by name."""
    return {"http": HTTP, **({"grpc": GRPC} if plan.spec.protocols.grpc else {})}


def settings(own: Objects, version: Version, delivered: Delivery) -> str:
    """The server's settings, in an object that never changes and is named by what it says; gives its name."""
    said = {
        **common(own.plan, version),
        "MODELPORT_HOST": "0.0.0.0",  # noqa: S104  the pod's own address
        **{f"MODELPORT_{name.upper()}_PORT": str(number) for name, number in ports(own.plan).items()},
        "MODELPORT_MODEL": delivered.path,
        "MODELPORT_DRAIN": str(drain_seconds(own.plan)),
        **access(own.plan).settings,
    }
    name = own.plan.names.of(version.slot, "settings", fingerprint(json.dumps(said, sort_keys=True)))
    own.object(CONFIG_MAP, f"settings-{version.slot}", {"immutable": True, "data": said}, name=name)
    return name


def server(
    own: Objects,
    version: Version,
    image: pulumi.Input[str],
    delivered: Delivery,
    pod: dict[str, Any],
    after: Sequence[pulumi.Resource],
) -> pulumi.CustomResource:
    """The pods of a version. `pod` is what all pods of the service have; `after` what must be there before them."""
    plan, slot = own.plan, version.slot
    labels = {"modelport/slot": slot, "app.kubernetes.io/version": version.hex[:12]}
    bare = container(plan, "server", image)
    limits = {**bare["resources"]["limits"], **devices(plan)}
    serving = {
        **bare,
        "resources": {**bare["resources"], "limits": limits},
        "ports": [{"name": name, "containerPort": number} for name, number in ports(plan).items()],
        "envFrom": [{"configMapRef": {"name": settings(own, version, delivered)}}],
        "volumeMounts": [delivered.mount, SCRATCH_MOUNT, *access(plan).mounts],
        "lifecycle": lifecycle(),
        **probes(plan.spec.startup_seconds),
    }
    spec = {
        **pod,
        "containers": [serving],
        **({"initContainers": delivered.before} if delivered.before else {}),
        "volumes": [*delivered.volumes, SCRATCH, *access(plan).volumes],
        "terminationGracePeriodSeconds": grace_seconds(plan),
        "topologySpreadConstraints": spread(plan, slot),
    }
    template = {"metadata": {"labels": {**labels_of(plan), **labels, **identity_labels(own)}}, "spec": spec}
    body = {
        "replicas": plan.spec.scaling.min,
        "selector": {"matchLabels": selector_of(plan, slot)},
        **update(plan),
        "template": template,
    }
    longest = f"{update_seconds(plan)}s"
    opts = pulumi.ResourceOptions(
        depends_on=[*after, own.resources[f"settings-{slot}"]],
        custom_timeouts=pulumi.CustomTimeouts(create=longest, update=longest),
        ignore_changes=[] if is_fixed(plan.spec.scaling) else ["spec.replicas"],
    )
    annotations = {**(TAKES_BACK if is_fixed(plan.spec.scaling) else {}), **_on_trial(version)}
    metadata = {"labels": labels, **({"annotations": annotations} if annotations else {})}
    name = workload(plan, slot)
    return own.object(DEPLOYMENT, f"server-{slot}", {"spec": body}, name=name, metadata=metadata, opts=opts)


def _on_trial(version: Version) -> dict[str, str]:
    """A candidate's share. With every larger one, and when it becomes stable, its pods have to be ready before."""
    release = version.release
    if release.role == "stable":
        return {}
    return {WEIGHT: str(release.weight), **({} if release.wait else AT_ONCE)}
