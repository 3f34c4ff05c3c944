from __future__ import annotations

import hashlib
import json
import re
from typing import ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import UNKNOWN, Changes, Failure, Say, Values

from . import bodies
from .endpoint import LiveEndpoint
from .google import GoogleError, patiently
from .inputs import DeployedModelInputs, validated

CHANGEABLE = ("minimum", "maximum", "targets")
MASKS = {
    "minimum": "dedicatedResources.minReplicaCount",
    "maximum": "dedicatedResources.maxReplicaCount",
    "targets": "dedicatedResources.autoscalingMetricSpecs",
}
IGNORED = ("seconds",)
ID = re.compile(r"(?P<endpoint>projects/[^/]+/locations/[^/]+/endpoints/[^/]+)/deployedModels/(?P<id>[0-9]+)")
IDS = 10**9
"""Ids have ten digits: this many begin with a 1."""


class VertexDeployedModel:
    """`modelport:vertex:DeployedModel`: a version of a model on machines behind an endpoint, at first without requests.

    Pulumi's provider for Google has no such thing. Inputs are the fields of `DeployedModelInputs`; the outputs are
    these and `deployedModelId`. The id is `projects/P/locations/L/endpoints/E/deployedModels/D`. D is made of what
    never changes, so that the next run finds what a killed one has begun, and another machine or model comes beside
    the old one, which goes when it has no requests any more.
    """

    kind = "modelport:vertex:DeployedModel"
    model = DeployedModelInputs
    inputs = judged.names(DeployedModelInputs)
    outputs: ClassVar = {"deployedModelId": "string"}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(DeployedModelInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. Only how many machines there are can change while they answer."""
        changed = [name for name in self.inputs if name not in IGNORED and old.get(name) != new.get(name)]
        return Changes(tuple(changed), tuple(name for name in changed if name not in CHANGEABLE))

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        return {**new, "deployedModelId": old.get("deployedModelId", UNKNOWN)}

    def create(self, inputs: Values, say: Say) -> tuple[str, Values]:
        """See `Crud.create`."""
        wanted = DeployedModelInputs.model_validate(inputs)
        live, id = LiveEndpoint(wanted.endpoint), chosen_id(wanted)
        patiently(lambda: live.deploy(bodies.deployed_model(wanted, id), wanted.seconds, say))
        return f"{wanted.endpoint}/deployedModels/{id}", self._scaled(live, id, wanted, say)

    def read(self, id: str, outputs: Values) -> Values | None:
        """See `Crud.read`."""
        live, deployed = _of(id)
        found = live.deployed(deployed)
        if found is None:
            return None
        model = outputs.get("model") or f"{found['model'].partition('@')[0]}@{found['modelVersionId']}"
        kept = {name: outputs[name] for name in IGNORED if name in outputs}
        seen = {**bodies.deployed_model_inputs(found), "endpoint": live.name, "model": model, **kept}
        return {**validated(DeployedModelInputs, id, seen).values(), "deployedModelId": deployed}

    def update(self, id: str, inputs: Values, say: Say) -> Values:
        """See `Crud.update`."""
        live, deployed = _of(id)
        return self._scaled(live, deployed, DeployedModelInputs.model_validate(inputs), say)

    def delete(self, id: str, outputs: Values, say: Say) -> None:
        """See `Crud.delete`. One that still gets requests stays, with an error."""
        live, deployed = _of(id)
        patiently(lambda: live.undeploy(deployed, outputs["seconds"], say))

    def _scaled(self, live: LiveEndpoint, id: str, wanted: DeployedModelInputs, say: Say) -> Values:
        """The outputs, once it has the machines that it should."""
        body = {"id": id, "dedicatedResources": bodies.scaling(wanted)}

        def attempt() -> None:
            found = bodies.deployed_model_inputs(live.deployed(id) or {})
            masks = [mask for name, mask in MASKS.items() if found.get(name) != getattr(wanted, name)]
            if masks:
                live.mutate(body, ",".join(masks), wanted.seconds, say)

        patiently(attempt)
        return {**wanted.values(), "deployedModelId": id}


def chosen_id(wanted: DeployedModelInputs) -> str:
    """The id of a deployment, of all that makes it another one."""
    fixed = wanted.model_dump(exclude={*CHANGEABLE, *IGNORED}, mode="json")
    content = hashlib.sha256(json.dumps(fixed, sort_keys=True).encode())
    return str(IDS + int(content.hexdigest(), 16) % IDS)


def _of(id: str) -> tuple[LiveEndpoint, str]:
    """The endpoint and the deployed model that an id names."""
    if not (found := ID.fullmatch(id)):
        shape = "projects/PROJECT/locations/REGION/endpoints/ENDPOINT/deployedModels/NUMBER"
        raise GoogleError(id, f"is no deployed model: {shape}")
    return LiveEndpoint(found["endpoint"]), found["id"]
