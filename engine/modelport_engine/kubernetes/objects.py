"""Kubernetes objects as plain dictionaries, and what Pulumi's annotations on them ask for."""

from collections.abc import Mapping
from typing import Any

from modelport_engine.protocol.values import SIGNATURE_KEY, Properties, Secret, strip_secrets

Object = dict[str, Any]

PREFIX = "pulumi.com/"
AUTONAMED = f"{PREFIX}autonamed"
SKIP_AWAIT = f"{PREFIX}skipAwait"
WAIT_FOR = f"{PREFIX}waitFor"
TIMEOUT_SECONDS = f"{PREFIX}timeoutSeconds"
PATCH_FORCE = f"{PREFIX}patchForce"
PATCH_FIELD_MANAGER = f"{PREFIX}patchFieldManager"
DELETION_PROPAGATION = f"{PREFIX}deletionPropagationPolicy"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

# What only the server writes: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
OF_THE_SERVER = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
# The SDKs cannot have dashes in names of properties.
DASHED = {
    name.replace("-", "_"): name
    for name in (
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-validations",
    )
}
UNDERSCORED = {dashed: underscored for underscored, dashed in DASHED.items()}


def from_properties(properties: Properties) -> Object:
    """The object that inputs of a resource describe, without secrets' wrapping and nulls, as Kubernetes spells it."""
    plain = {key: value for key, value in strip_secrets(properties).items() if not key.startswith("__")}
    renamed: Object = _renamed(plain, DASHED)
    return renamed


def to_properties(object: Object) -> Properties:
    """An object as the SDKs spell it."""
    renamed: Properties = _renamed(object, UNDERSCORED)
    return renamed


def metadata(object: Mapping[str, Any]) -> dict[str, Any]:
    """An object's metadata; empty without, or while not known."""
    return _mapping(object.get("metadata"))


def annotation(object: Object, name: str) -> str:
    """The value of an annotation; empty without."""
    value = _mapping(metadata(object).get("annotations")).get(name)
    return value if isinstance(value, str) else ""


def is_set(object: Object, name: str) -> bool:
    """Whether an annotation says ``true``."""
    return annotation(object, name) == "true"


def name_of(object: Object) -> str:
    """An object's name; empty without, or while not known."""
    name = metadata(object).get("name")
    return name if isinstance(name, str) else ""


def namespace_of(object: Object) -> str:
    """An object's namespace; empty without, or while not known."""
    namespace = metadata(object).get("namespace")
    return namespace if isinstance(namespace, str) else ""


def id_of(object: Object) -> str:
    """What Pulumi knows an object by: ``namespace/name``, or ``name`` of one that belongs to the whole cluster."""
    return "/".join(part for part in (namespace_of(object), name_of(object)) if part)


def at(id: str, api_version: str, kind: str) -> Object:
    """The object that an id of Pulumi names, as far as that."""
    namespace, _, name = id.rpartition("/")
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **where}}


def described(object: Object) -> str:
    """An object in a sentence: its kind and id."""
    return f"{object.get('kind')} {id_of(object)}"


def is_secret(object: Object) -> bool:
    """Whether it is a Secret, whose data nobody may see."""
    return object.get("apiVersion") == "v1" and object.get("kind") == "Secret"


def hidden(object: Object, properties: Properties) -> Properties:
    """The properties of an object with its data secret if it is a Secret, and without a copy of them for kubectl."""
    if not is_secret(object):
        return properties
    properties = {
        key: Secret(strip_secrets(value)) if key in ("data", "stringData") and value else value
        for key, value in properties.items()
    }
    own = properties.get("metadata")
    if isinstance(own, dict) and isinstance(own.get("annotations"), dict):
        kept = {key: value for key, value in own["annotations"].items() if key != LAST_APPLIED}
        properties["metadata"] = {**own, "annotations": kept}
    return properties


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) and SIGNATURE_KEY not in value else {}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items() if item is not None}
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value
