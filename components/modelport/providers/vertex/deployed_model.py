from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from modelport.providers import inputs as judged
from modelport.providers.crud import UNKNOWN, Changes, Failure, Say, Values

from . import bodies
from .endpoint import LiveEndpoint
from .google import GoogleError, patiently
from .ids import number_of
from .inputs import DeployedModelInputs, validated

MACHINES = "dedicatedResources"
MADE_OF = ("displayName", MACHINES, "serviceAccount", "disableContainerLogging", "enableAccessLogging")
IGNORED = ("seconds",)
ID = re.compile(r"(?P<endpoint>projects/[^/]+/locations/[^/]+/endpoints/[^/]+)/deployedModels/(?P<id>[0-9]+)")


class VertexDeployedModel:
    """`modelport:vertex:DeployedModel`: a version of a model on machines behind an endpoint, at first without requests.

    Pulumi's provider for Google has no such thing. Inputs are the fields of `DeployedModelInputs`; the outputs are
    these, `deployedModelId` and, behind an endpoint of Private Service Connect, `serviceAttachment`. The id is
    `projects/P/locations/L/endpoints/E/deployedModels/D`. D is made of what never changes, so that the next run finds
    what a killed one has begun, and another machine or model comes beside the old one, which goes when it has no
    requests any more.
    """

    kind = "modelport:vertex:DeployedModel"
    model = DeployedModelInputs
    inputs = judged.names(DeployedModelInputs)
    outputs: ClassVar = {"deployedModelId": "string", "serviceAttachment": "string?"}
    deletes_first = False

    def check(self, inputs: Values) -> tuple[Values, list[Failure]]:
        """See `Crud.check`."""
        return judged.check(DeployedModelInputs, inputs)

    def diff(self, old: Values, new: Values) -> Changes:
        """See `Crud.diff`. Only how many machines there are can change while they answer."""
        changed = [name for name in self.inputs if name not in IGNORED and old.get(name) != new.get(name)]
        replaced = [name for name in changed if name != MACHINES or _fixed(old.get(name)) != _fixed(new.get(name))]
        return Changes(tuple(changed), tuple(replaced))

    def plan(self, old: Values, new: Values) -> Values:
        """See `Crud.plan`."""
        made = {name: old[name] for name in self.outputs if name in old}
        return {**new, **(made or dict.fromkeys(self.outputs, UNKNOWN))}

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
        said = {name: found[name] for name in MADE_OF if name in found}
        model = f"{found['model'].partition('@')[0]}@{found['modelVersionId']}"
        before = {name: outputs[name] for name in self.inputs if name in outputs}
        seen = {"endpoint": live.name, "model": model, **said, **before}
        seen[MACHINES] = {**_fixed(seen[MACHINES]), **bodies.scaling(found[MACHINES])}
        return _outputs(validated(DeployedModelInputs, id, seen), found)

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
        scaling = bodies.scaling(wanted.values()[MACHINES])

        def attempt() -> None:
            found = (live.deployed(id) or {}).get(MACHINES, {})
            masks = [f"{MACHINES}.{name}" for name in bodies.SCALABLE if found.get(name) != scaling.get(name)]
            if masks:
                live.mutate({"id": id, MACHINES: scaling}, ",".join(masks), wanted.seconds, say)

        patiently(attempt)
        return _outputs(wanted, live.deployed(id) or {"id": id})


def chosen_id(wanted: DeployedModelInputs) -> str:
    """The id of a deployment, of all that makes it another one."""
    values = wanted.values()
    fixed = {**values, MACHINES: _fixed(values[MACHINES])}
    content = json.dumps({name: fixed[name] for name in fixed if name not in IGNORED}, sort_keys=True)
    return number_of(content)


def _fixed(machines: Any) -> Any:
    """What of its machines never changes."""
    if not isinstance(machines, Mapping):
        return machines
    return {name: machines[name] for name in machines if name not in bodies.SCALABLE}


def _outputs(wanted: DeployedModelInputs, found: Values) -> Values:
    attachment = found.get("privateEndpoints", {}).get("serviceAttachment")
    private = {"serviceAttachment": attachment} if attachment else {}
    return {**wanted.values(), "deployedModelId": found["id"], **private}


def _of(id: str) -> tuple[LiveEndpoint, str]:
    """The endpoint and the deployed model that an id names."""
    if not (found := ID.fullmatch(id)):
        shape = "projects/PROJECT/locations/REGION/endpoints/ENDPOINT/deployedModels/NUMBER"
        raise GoogleError(id, f"is no deployed model: {shape}")
    return LiveEndpoint(found["endpoint"]), found["id"]
