"""What a resource's inputs become before they are compared and applied."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from modelport_engine.kubernetes.awaiting.expressions import expressions
from modelport_engine.kubernetes.objects import (
    AUTONAMED,
    OF_THE_SERVER,
    Object,
    from_properties,
    hidden,
    is_secret,
    is_set,
    metadata,
    name_of,
    to_properties,
)
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN, Properties, contains_unknown, restore_secrets

# https://kubernetes.io/docs/reference/kubernetes-api/: what belongs to no namespace, of Kubernetes' own kinds
CLUSTER_SCOPED = frozenset({
    ("", "Namespace"), ("", "Node"), ("", "PersistentVolume"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apiregistration.k8s.io", "APIService"),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"), ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
    ("networking.k8s.io", "IngressClass"), ("networking.k8s.io", "ServiceCIDR"), ("networking.k8s.io", "IPAddress"),
    ("node.k8s.io", "RuntimeClass"),
    ("rbac.authorization.k8s.io", "ClusterRole"), ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("resource.k8s.io", "DeviceClass"), ("resource.k8s.io", "ResourceSlice"),
    ("scheduling.k8s.io", "PriorityClass"),
})  # fmt: skip
CLUSTER_SCOPED_GROUPS = ("admissionregistration.k8s.io", "certificates.k8s.io", "storage.k8s.io")
NAMESPACED_OF_THESE = ("CSIStorageCapacity",)
GATEWAY_CLASS = ("gateway.networking.k8s.io", "GatewayClass")


def checked(urn: Urn, olds: Properties, news: Properties, seed: bytes, namespace: Callable[[], str]) -> Properties:
    """The inputs with a name, the namespace that `namespace` gives, and without what only the server writes.

    Raises:
        ValueError: when they say neither apiVersion nor kind, or want a name that the server would make up.
        ClusterError: when nobody can wait for what they want to be waited for.
    """
    object = from_properties(news)
    if not isinstance(object.get("kind"), str) or not isinstance(object.get("apiVersion"), str):
        raise ValueError(f"{urn.name} ({urn.type}) needs apiVersion and kind as plain text")
    if isinstance(object.get("metadata"), dict) or "metadata" not in object:
        _fill_in(object, urn, from_properties(olds), seed, namespace)
    if is_secret(object):
        _encode(object)
    expressions(object)  # an annotation that nobody understands is told before anything is made
    return hidden(object, restore_secrets(to_properties(object), news))


def is_patch(urn: Urn, object: Object) -> bool:
    """Whether a resource only sets fields of an object that others made, as ``core/v1:NodePatch`` does."""
    return urn.type.rpartition(":")[2] == f"{object.get('kind')}Patch"


def is_cluster_scoped(object: Object) -> bool:
    """Whether objects of a kind belong to no namespace, as far as that is known without asking a cluster."""
    group, kind = str(object.get("apiVersion", "")).rpartition("/")[0], str(object.get("kind"))
    everything = group in CLUSTER_SCOPED_GROUPS and kind not in NAMESPACED_OF_THESE
    return everything or (group, kind) in CLUSTER_SCOPED or (group, kind) == GATEWAY_CLASS


def _fill_in(object: Object, urn: Urn, old: Object, seed: bytes, namespace: Callable[[], str]) -> None:
    object["metadata"] = own = {key: item for key, item in metadata(object).items() if key not in OF_THE_SERVER}
    if own.get("generateName"):
        raise ValueError(f"{urn.name}: metadata.generateName does not go with server-side apply; leave the name out")
    if not own.get("name"):
        if is_patch(urn, object):
            raise ValueError(f"{urn.name}: a patch needs metadata.name, the object whose fields it sets")
        annotations = own.get("annotations") or {}
        if annotations is not UNKNOWN:
            own["annotations"] = {**annotations, AUTONAMED: "true"}
        own["name"] = name_of(old) if is_set(old, AUTONAMED) else f"{urn.name}-{_digits(seed)}"
    if not own.get("namespace") and not is_cluster_scoped(object) and (default := namespace()):
        own["namespace"] = default


def _encode(secret: Object) -> None:
    """Write a Secret's `stringData` as the server keeps it, so that the two can be compared."""
    texts = secret.get("stringData")
    if isinstance(texts, dict) and not contains_unknown([texts, secret.get("data")]):
        data = {key: base64.b64encode(_text(value).encode()).decode() for key, value in texts.items()}
        secret["data"] = {**(secret.get("data") or {}), **data}
        del secret["stringData"]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _digits(seed: bytes) -> str:
    return hashlib.sha256(seed).hexdigest()[:8] if seed else secrets.token_hex(4)
