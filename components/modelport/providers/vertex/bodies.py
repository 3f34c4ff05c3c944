"""Inputs in the words of Vertex AI, and back.

Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models#Model,
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints#DeployedModel
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .inputs import DeployedModelInputs, ModelInputs

Body = dict[str, Any]

PROBE_SECONDS, PROBE_TIMEOUT = 9, 10
"""The API's text asks for a period that is less than the timeout."""


def container(wanted: ModelInputs) -> Body:
    """The `containerSpec` of a model."""
    probe = {
        "httpGet": {"path": wanted.health_route, "port": wanted.port},
        "periodSeconds": PROBE_SECONDS,
        "timeoutSeconds": PROBE_TIMEOUT,
        "failureThreshold": math.ceil(wanted.startup_seconds / PROBE_SECONDS),
    }
    return given(
        {
            "imageUri": wanted.image,
            "args": list(wanted.args),
            "env": [{"name": name, "value": value} for name, value in sorted(wanted.environment.items())],
            "ports": [{"containerPort": wanted.port}],
            "grpcPorts": [{"containerPort": wanted.grpc_port}] if wanted.grpc_port else [],
            "predictRoute": wanted.predict_route,
            "healthRoute": wanted.health_route,
            "startupProbe": probe,
            "deploymentTimeout": f"{min(wanted.startup_seconds + 1800, 7200)}s",
        }
    )


def model(wanted: ModelInputs, aliases: list[str]) -> Body:
    """A version of a model, as it is uploaded."""
    return given(
        {
            "displayName": wanted.display_name,
            "versionDescription": wanted.description,
            "versionAliases": aliases,
            "artifactUri": wanted.artifacts,
            "containerSpec": container(wanted),
            "labels": wanted.labels,
            "encryptionSpec": {"kmsKeyName": wanted.kms_key} if wanted.kms_key else {},
        }
    )


def model_inputs(found: Body) -> Body:
    """The inputs of a version that is there, but for where it is and its aliases."""
    spec = found.get("containerSpec", {})
    return _said(
        {
            "displayName": found.get("displayName"),
            "description": found.get("versionDescription", ""),
            "image": spec.get("imageUri"),
            "artifacts": found.get("artifactUri"),
            "port": _first(spec.get("ports")),
            "grpcPort": _first(spec.get("grpcPorts")),
            "predictRoute": spec.get("predictRoute"),
            "healthRoute": spec.get("healthRoute"),
            "environment": {each["name"]: each["value"] for each in spec.get("env", [])},
            "args": spec.get("args", []),
            "startupSeconds": _probed(spec.get("startupProbe", {})),
            "kmsKey": found.get("encryptionSpec", {}).get("kmsKeyName"),
            "labels": found.get("labels", {}),
        }
    )


def deployed_model(wanted: DeployedModelInputs, id: str) -> Body:
    """A deployment, as it is asked for."""
    return given(
        {
            "id": id,
            "model": wanted.model,
            "displayName": wanted.name,
            "dedicatedResources": {
                "machineSpec": given(
                    {
                        "machineType": wanted.machine,
                        "acceleratorType": wanted.accelerator,
                        "acceleratorCount": wanted.accelerators,
                    }
                ),
                **scaling(wanted),
                **({"spot": True} if wanted.spot else {}),
            },
            "serviceAccount": wanted.service_account,
            "disableContainerLogging": not wanted.container_logs,
            "enableAccessLogging": wanted.access_logs,
        }
    )


def scaling(wanted: DeployedModelInputs) -> Body:
    """How many machines a deployment has; these can change while it answers."""
    targets = [{"metricName": name, "target": target} for name, target in sorted(wanted.targets.items())]
    return {
        "minReplicaCount": wanted.minimum,
        "maxReplicaCount": wanted.maximum,
        **({"autoscalingMetricSpecs": targets} if targets else {}),
    }


def deployed_model_inputs(found: Body) -> Body:
    """The inputs of a deployment that is there, but for its endpoint and model."""
    resources = found.get("dedicatedResources", {})
    machine = resources.get("machineSpec", {})
    return _said(
        {
            "name": found.get("displayName"),
            "machine": machine.get("machineType"),
            "accelerator": machine.get("acceleratorType"),
            "accelerators": machine.get("acceleratorCount", 0),
            "minimum": resources.get("minReplicaCount"),
            "maximum": resources.get("maxReplicaCount"),
            "targets": {each["metricName"]: each["target"] for each in resources.get("autoscalingMetricSpecs", [])},
            "spot": resources.get("spot", False),
            "serviceAccount": found.get("serviceAccount"),
            "containerLogs": not found.get("disableContainerLogging", False),
            "accessLogs": found.get("enableAccessLogging", False),
        }
    )


def given(values: Mapping[str, Any]) -> Body:
    """Without what says nothing: what is masked and not there is cleared."""
    return {name: value for name, value in values.items() if value}


def _said(values: Mapping[str, Any]) -> Body:
    """Without what is not said."""
    return {name: value for name, value in values.items() if value is not None}


def _first(ports: list[Body] | None) -> int | None:
    return ports[0]["containerPort"] if ports else None


def _probed(probe: Body) -> int | None:
    return probe["failureThreshold"] * probe.get("periodSeconds", 10) if "failureThreshold" in probe else None
