from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.spec import Memory
from modelport.targets.artifact import ArtifactBundle, bundle_inputs
from modelport.targets.version import Version

from .. import resources
from ..objects import Objects
from . import outbound, store
from .pod import SCRATCH_MOUNT, container

MODELS = "/mnt/models"
REGISTRY_LOGIN = "/etc/registry"
NO_GPU = {"NVIDIA_VISIBLE_DEVICES": "void"}
"""Who asks for no GPU would get all of them, by what GPU images say to NVIDIA's runtime."""
SPARE = Memory.parse("64Mi")


@dataclass(frozen=True)
class Delivery:
    """How a model reaches its pods.

    Attributes:
        path: where the server finds it.
        volumes: that it needs; the first holds the model.
        before: containers that run before the server.
    """

    path: str
    volumes: list[dict[str, Any]]
    before: list[dict[str, Any]] = field(default_factory=list)

    @property
    def mount(self) -> dict[str, Any]:
        """The model as the server sees it."""
        return {"name": self.volumes[0]["name"], "mountPath": MODELS, "readOnly": True}


def delivery(own: Objects, version: Version, image: pulumi.Input[str] | None) -> Delivery:
    """As the service says; `image` is the stack's, which knows how to fetch, or else the version's own has to."""
    match own.plan.spec.serving.delivery:
        case "imageVolume":
            return _as_image(version)
        case "pvc":
            return _on_claim(own, version)
    return _fetched(own, version, version.image(None) if image is None else image)


def fetches_from(plan: Plan) -> list[Any]:
    """Addresses that pods fetch models from."""
    if plan.spec.serving.delivery != "initContainer":
        return []
    existing = plan.environment.existing
    ours = existing.registry if existing.bucket is None else existing.bucket
    given = [each.source if store.is_bundle(each.source, plan.spec) else ours for each in plan.releases]
    return [f"oci://{each}" if isinstance(each, str) and "://" not in each else each for each in given]


def _as_image(version: Version) -> Delivery:
    reference = version.release.source.removeprefix("oci://")
    return Delivery(MODELS, [{"name": "model", "image": {"reference": reference, "pullPolicy": "IfNotPresent"}}])


def _on_claim(own: Objects, version: Version) -> Delivery:
    claim = {"claimName": own.plan.environment.existing.claim, "readOnly": True}
    return Delivery(f"{MODELS}/{version.hex}", [{"name": "model", "persistentVolumeClaim": claim}])


def _fetched(own: Objects, version: Version, image: pulumi.Input[str]) -> Delivery:
    existing = own.plan.environment.existing
    room = {"name": "model", "emptyDir": {"sizeLimit": resources.room_for(version.bundle.size, SPARE)}}
    mounts = [{"name": "model", "mountPath": MODELS}, SCRATCH_MOUNT, *outbound.mounts(existing)]
    env = {
        "MODELPORT_MODEL": _source(own, version),
        "MODELPORT_DIGEST": version.bundle.digest,
        "MODELPORT_CACHE": MODELS,
        **(NO_GPU if own.plan.placement else {}),
        **outbound.env(existing),
    }
    login = []
    if existing.pull_secret is not None and _from_registry(own, version):
        items = [{"key": ".dockerconfigjson", "path": "config.json"}]
        login = [{"name": "registry", "secret": {"secretName": existing.pull_secret, "items": items}}]
        mounts.append({"name": "registry", "mountPath": REGISTRY_LOGIN, "readOnly": True})
        env["DOCKER_CONFIG"] = REGISTRY_LOGIN
    fetcher = {
        **container(own.plan, "fetch", image),
        "args": ["fetch"],
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "volumeMounts": mounts,
    }
    if existing.store_secret is not None:
        fetcher["envFrom"] = [{"secretRef": {"name": existing.store_secret}}]
    return Delivery(MODELS, [room, *login, *outbound.volumes(existing)], [fetcher])


def _source(own: Objects, version: Version) -> pulumi.Input[str]:
    """Where pods fetch the bundle: from the source itself, or from the store that it is brought to."""
    plan, existing = own.plan, own.plan.environment.existing
    if store.is_bundle(version.release.source, plan.spec):
        return version.release.source
    place = existing.bucket if existing.bucket is not None else pulumi.Output.concat("oci://", existing.registry)
    inputs = {**bundle_inputs(version.bundle), "target": pulumi.Output.concat(place, "/", plan.name)}
    return own.make(ArtifactBundle, f"bundle-{version.slot}", inputs).uri


def _from_registry(own: Objects, version: Version) -> bool:
    if store.is_bundle(version.release.source, own.plan.spec):
        return version.release.source.startswith("oci://")
    return own.plan.environment.existing.bucket is None
