"""Inputs as Vertex AI is asked for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .inputs import DeployedModelInputs, ModelInputs

Body = dict[str, Any]
SCALABLE = ("minReplicaCount", "maxReplicaCount", "autoscalingMetricSpecs")
"""Of a deployment's machines: what can change while they answer."""


def model(wanted: ModelInputs, aliases: list[str]) -> Body:
    """A version of a model, as it is uploaded."""
    values = _without(wanted.values(), "project", "location", "modelId", "seconds")
    return given({**values, "versionAliases": aliases})


def deployed_model(wanted: DeployedModelInputs, id: str) -> Body:
    """A deployment, as it is asked for."""
    return given({"id": id, **_without(wanted.values(), "endpoint", "seconds")})


def scaling(machines: Mapping[str, Any]) -> Body:
    """Of `dedicatedResources`: what can change."""
    return {name: machines[name] for name in SCALABLE if machines.get(name)}


def given(values: Mapping[str, Any]) -> Body:
    """Without what says nothing: what is masked and not there is cleared."""
    return {name: value for name, value in values.items() if value}


def _without(values: Mapping[str, Any], *names: str) -> Body:
    return {name: value for name, value in values.items() if name not in names}
