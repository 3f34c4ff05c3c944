from __future__ import annotations

import math
from typing import Any

import pulumi

from modelport.plan import Plan
from modelport.targets.artifact import ArtifactBundle, bundle_inputs
from modelport.targets.settings import settings
from modelport.targets.version import Version

from .key import Key
from .project import Project
from .resources import Model, Resources
from .storage import Store

PREDICT, HEALTH, PORT = "/predict", "/v2/health/ready", 8080
PROBE_SECONDS, PROBE_TIMEOUT = 9, 10
"""Google's text asks for a period that is less than the timeout."""
TO_START, LONGEST_START = 1800, 7200
"""Seconds that Google may take for machines, beside what the container takes, and the longest timeout it takes."""


def model(
    own: Resources, project: Project, version: Version, image: pulumi.Input[str], key: Key, store: Store
) -> Model:
    """A version of the model, registered with its image, its files and its settings."""
    bundle = _bundle(own, version, store)
    inputs = {
        "project": project.id,
        "location": project.region,
        "modelId": own.plan.names.of(),
        "displayName": own.plan.name,
        "versionDescription": version.bundle.version,
        "versionAliases": [version.release.role],
        "artifactUri": bundle.uri,
        "containerSpec": container(own.plan, version, image),
        "encryptionSpec": {"kmsKeyName": key.name},
    }
    return own.make(Model, f"model-{version.slot}", inputs, key.first)


def container(plan: Plan, version: Version, image: pulumi.Input[str]) -> dict[str, Any]:
    """What serves a version, and how it is asked."""
    said = settings(plan, version)
    return {
        "imageUri": image,
        "env": [{"name": name, "value": said[name]} for name in sorted(said)],
        "ports": [{"containerPort": PORT}],
        "predictRoute": PREDICT,
        "healthRoute": HEALTH,
        "startupProbe": {
            "httpGet": {"path": HEALTH, "port": PORT},
            "periodSeconds": PROBE_SECONDS,
            "timeoutSeconds": PROBE_TIMEOUT,
            "failureThreshold": math.ceil(plan.spec.startup_seconds / PROBE_SECONDS),
        },
        "deploymentTimeout": f"{to_deploy(plan)}s",
    }


def to_deploy(plan: Plan) -> int:
    """Seconds that a deployment may take."""
    return min(round(plan.spec.startup_seconds) + TO_START, LONGEST_START)


def _bundle(own: Resources, version: Version, store: Store) -> ArtifactBundle:
    inputs = {**bundle_inputs(version.bundle), "target": pulumi.Output.concat(store.address, f"/{own.plan.name}")}
    return own.make(ArtifactBundle, f"bundle-{version.slot}", inputs, pulumi.ResourceOptions(depends_on=[*store.ready]))
