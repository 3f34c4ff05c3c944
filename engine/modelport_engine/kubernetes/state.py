"""What state keeps of an object, as Pulumi's own plugin has it."""

from modelport_engine.kubernetes.objects import Object, hidden, metadata, to_properties
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN, Properties, restore_secrets

FIELD_MANAGER = "__fieldManager"
INITIAL_API_VERSION = "__initialApiVersion"
INPUTS = "__inputs"
# What a dry run makes up, and the real run will make up otherwise.
MADE_UP = ("creationTimestamp", "generation", "resourceVersion", "uid")
MADE_UP_FOR_SERVICES = ("clusterIP", "clusterIPs", "healthCheckNodePort")


def state_of(inputs: Object, live: Object, properties: Properties, manager: str) -> Properties:
    """What state keeps of an object: as it is, with what was asked for and who asked beside it."""
    outputs = hidden(live, restore_secrets(to_properties(live), properties))
    asked = hidden(live, restore_secrets(to_properties(inputs), properties))
    return {**outputs, INPUTS: asked, INITIAL_API_VERSION: inputs.get("apiVersion", ""), FIELD_MANAGER: manager}


def preview_of(inputs: Object, live: Object, properties: Properties, manager: str, *, made: bool = False) -> Properties:
    """The state that an update would leave: without a status, and what the server makes up is unknown."""
    outputs = state_of(inputs, {key: value for key, value in live.items() if key != "status"}, properties, manager)
    if made:
        return outputs
    own = {key: UNKNOWN if key in MADE_UP else item for key, item in outputs["metadata"].items()}
    outputs["metadata"] = {key: item for key, item in own.items() if key != "managedFields"}
    if live.get("kind") == "Service":
        given = inputs.get("spec") or {}
        made_up = {key: UNKNOWN for key in MADE_UP_FOR_SERVICES if key in outputs["spec"] and key not in given}
        outputs["spec"] = {**outputs["spec"], **made_up}
    return outputs


def inputs_of(live: Object) -> Object:
    """The inputs of an object that is taken into the stack: all but what the server writes."""
    own = {key: item for key, item in metadata(live).items() if key in ("name", "namespace", "labels", "annotations")}
    return {key: item for key, item in live.items() if key not in ("metadata", "status")} | {"metadata": own}


def kind_of(urn: Urn, object: Object) -> tuple[str, str]:
    """API version and kind of a resource: its object's, else its type's, as in ``kubernetes:apps/v1:Deployment``."""
    if object.get("apiVersion") and object.get("kind"):
        return str(object["apiVersion"]), str(object["kind"])
    _, version, kind = urn.type.split(":")
    return version.removeprefix("core/"), kind
