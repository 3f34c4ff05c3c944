"""What state keeps of an object, as Pulumi's own plugin has it."""

from typing import Any

from modelport_engine.kubernetes.objects import LAST_APPLIED, Object, hidden, metadata, to_properties
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN, Properties, Secret, contains_secret

FIELD_MANAGER = "__fieldManager"
INITIAL_API_VERSION = "__initialApiVersion"
INPUTS = "__inputs"
# What a dry run makes up, and the real run will make up otherwise.
MADE_UP = ("creationTimestamp", "generation", "resourceVersion", "uid")
MADE_UP_FOR_SERVICES = ("clusterIP", "clusterIPs", "healthCheckNodePort")
# What the cluster hands out in a spec: no program asks for it.
HANDED_OUT = {
    "Job": ("selector",),
    "PersistentVolumeClaim": ("volumeName",),
    "Pod": ("nodeName",),
    "Service": MADE_UP_FOR_SERVICES,
}


def state_of(inputs: Object, live: Object, properties: Properties, manager: str, version: str = "") -> Properties:
    """What state keeps of an object: as it is, with what was asked for and who asked beside it.

    `version` is the API version that it was made with, if that is known.
    """
    outputs = hidden(live, secured(to_properties(live), properties))
    asked = hidden(live, secured(to_properties(inputs), properties))
    version = version or inputs.get("apiVersion", "")
    return {**outputs, INPUTS: asked, INITIAL_API_VERSION: version, FIELD_MANAGER: manager}


def secured(value: Any, like: Any) -> Any:
    """The value, secret wherever `like` is; a list with a secret in it is one as a whole, as others may add to it."""
    if isinstance(like, Secret):
        return Secret(value)
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: secured(item, like.get(key)) for key, item in value.items()}
    return Secret(value) if isinstance(like, list) and contains_secret(like) else value


def preview_of(inputs: Object, live: Object, properties: Properties, manager: str, *, made: bool = False) -> Properties:
    """The state that an update would leave: without a status, and what the server makes up is unknown."""
    outputs = state_of(inputs, {key: value for key, value in live.items() if key != "status"}, properties, manager)
    if made:
        return outputs
    if isinstance(outputs["metadata"], Secret) or isinstance(outputs.get("spec"), Secret):
        return outputs
    own = {key: UNKNOWN if key in MADE_UP else item for key, item in outputs["metadata"].items()}
    outputs["metadata"] = {key: item for key, item in own.items() if key != "managedFields"}
    if live.get("kind") == "Service":
        given = inputs.get("spec") or {}
        made_up = {key: UNKNOWN for key in MADE_UP_FOR_SERVICES if key in outputs["spec"] and key not in given}
        outputs["spec"] = {**outputs["spec"], **made_up}
    return outputs


def inputs_of(live: Object) -> Object:
    """The inputs of an object that is taken into the stack: all but what the server writes or hands out."""
    own = {key: item for key, item in metadata(live).items() if key in ("name", "namespace", "labels", "annotations")}
    if "annotations" in own:
        own["annotations"] = {key: item for key, item in own["annotations"].items() if key != LAST_APPLIED}
    inputs = {key: item for key, item in live.items() if key not in ("metadata", "status")} | {"metadata": own}
    handed_out = HANDED_OUT.get(str(live.get("kind")), ())
    if isinstance(inputs.get("spec"), dict):
        inputs["spec"] = {key: item for key, item in inputs["spec"].items() if key not in handed_out}
    return inputs


def kind_of(urn: Urn, object: Object) -> tuple[str, str]:
    """API version and kind of a resource: its object's, else its type's, as in ``kubernetes:apps/v1:Deployment``."""
    if object.get("apiVersion") and object.get("kind"):
        return str(object["apiVersion"]), str(object["kind"])
    _, version, kind = urn.type.split(":")
    return version.removeprefix("core/"), kind
