"""Where Kubernetes keeps what the controls read: pod templates, containers, labels, selectors, neighbours."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.resource import Resource, Stack, UnknownValueError, at, items, mapping, number, text

POD = "kubernetes:core/v1:Pod"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
STATEFUL_SET = "kubernetes:apps/v1:StatefulSet"
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
REPLICA_SET = "kubernetes:apps/v1:ReplicaSet"
CRON_JOB = "kubernetes:batch/v1:CronJob"
NAMESPACE = "kubernetes:core/v1:Namespace"
SERVICE = "kubernetes:core/v1:Service"
SERVICE_ACCOUNT = "kubernetes:core/v1:ServiceAccount"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
AUTOSCALER = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
SCALED_OBJECT = "kubernetes:keda.sh/v1alpha1:ScaledObject"
BINDINGS = tuple(f"kubernetes:rbac.authorization.k8s.io/v1:{kind}" for kind in ("RoleBinding", "ClusterRoleBinding"))
SCALED = (DEPLOYMENT, STATEFUL_SET, REPLICA_SET)
"""What serves with a number of pods."""
SERVING = (*SCALED, DAEMON_SET)
WORKLOADS = (*SERVING, "kubernetes:batch/v1:Job", CRON_JOB, POD)
BOUNDS = {AUTOSCALER: ("minReplicas", "maxReplicas", 1), SCALED_OBJECT: ("minReplicaCount", "maxReplicaCount", 0)}
"""How autoscalers call the fewest and the most pods, and the fewest where nothing is said."""


POD_PATHS = {POD: (), CRON_JOB: ("spec", "jobTemplate", "spec", "template")}
POD_PATH = ("spec", "template")
"""Where workloads have their pod, if it is not in `POD_PATHS`."""
CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def pod_path(resource: Resource, *keys: str | int) -> tuple[str | int, ...]:
    """The path to a workload's pod (template), or to something in it."""
    return (*POD_PATHS.get(resource.type, POD_PATH), *keys)


def pod(resource: Resource) -> Mapping[str, Any]:
    """The pod (template) of a workload: its `metadata` and `spec`."""
    return mapping(resource.at(*POD_PATHS.get(resource.type, POD_PATH)))


def pod_spec(resource: Resource) -> Mapping[str, Any]:
    """The `spec` of a workload's pods."""
    return mapping(at(pod(resource), "spec"))


def linux(resource: Resource) -> Mapping[str, Any]:
    """The `spec` of pods that run Linux.

    Raises:
        NotApplicable: they run Windows, which has none of this.
    """
    spec = pod_spec(resource)
    if at(spec, "os", "name") == "windows":
        raise NotApplicable("Windows pods have neither the users nor the file system and kernel that this is about")
    return spec


def pod_labels(resource: Resource) -> Mapping[str, Any]:
    """The labels of a workload's pods."""
    return mapping(at(pod(resource), "metadata", "labels"))


def container_paths(resource: Resource, *keys: str) -> Iterator[tuple[str | int, ...]]:
    """The path of something in every container of a workload."""
    for kind in CONTAINERS:
        for index, _container in enumerate(items(at(pod_spec(resource), kind))):
            yield pod_path(resource, "spec", kind, index, *keys)


def containers(resource: Resource, kinds: tuple[str, ...] = CONTAINERS) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every container of a workload as (name, container), init and ephemeral ones too unless `kinds` says less."""
    spec = pod_spec(resource)
    for kind in kinds:
        for index, container in enumerate(items(at(spec, kind))):
            yield text(at(container, "name")) or f"{kind}[{index}]", mapping(container)


def servers(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The containers that run as long as a pod does, as (name, container)."""
    return containers(resource, ("containers",))


def volumes(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The volumes of a workload's pods as (name, volume)."""
    for index, volume in enumerate(items(at(pod_spec(resource), "volumes"))):
        yield text(at(volume, "name")) or f"volumes[{index}]", mapping(volume)


def devices(resource: Resource) -> set[str]:
    """The names of the devices that a workload's containers ask for by their limits."""
    limits = [mapping(at(container, "resources", "limits")) for _, container in containers(resource)]
    return {key for each in limits for key in each if is_device(key) and text(each[key]) not in ("0", "0.0")}


def is_device(name: str) -> bool:
    """Whether a resource is of a device plugin: Kubernetes' own have no domain, or `kubernetes.io`."""
    return "/" in name and not name.partition("/")[0].endswith("kubernetes.io")


def is_bound_to(resource: Resource, labels: Collection[str]) -> bool:
    """Whether a workload's pods run on no nodes but those with one of these labels (KEY=VALUE)."""
    return all(any(leaves(way, key, labels) for key in way) for way in ways(pod_spec(resource)))


def ways(spec: Any) -> Iterator[Mapping[str, Collection[str]]]:
    """What a pod demands of its node: the values that it takes by label, for each term of its node affinity."""
    selector = mapping(at(spec, "nodeSelector"))
    fixed = {key: [text(selector[key])] for key in selector}
    affinity = at(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for term in items(at(affinity, "nodeSelectorTerms")) or [{}]:
        demands = [each for each in items(at(term, "matchExpressions")) if at(each, "operator") == "In"]
        yield {**{text(at(each, "key")): [text(one) for one in items(at(each, "values"))] for each in demands}, **fixed}


def leaves(way: Mapping[str, Collection[str]], key: str, labels: Collection[str]) -> bool:
    """Whether what is demanded of a label leaves these alone."""
    return all(f"{key}={value}" in labels for value in way[key])


def effective(container: Any, shared: Any, *keys: str) -> Any:
    """The container's own setting, else the pod's."""
    own = at(container, *keys)
    return at(shared, *keys) if own is None else own


def marks(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Labels and annotations as (name, where, key), the name being the plain last part of the key."""
    for kind in ("labels", "annotations"):
        values = mapping(resource.at("metadata", kind))
        for key in values:
            yield plain(key.rpartition("/")[2]), values, key


def mark(resource: Resource, name: str) -> Any:
    """The value of the label or annotation of this plain name, None without one."""
    return next((values[key] for each, values, key in marks(resource) if each == name), None)


def plain(key: str) -> str:
    """A tag's name without the case and the separators in which platforms differ: `cost-center` is `costcenter`."""
    return key.replace("-", "").replace("_", "").lower()


def in_production(resource: Resource) -> None:
    """Return where no label or annotation `environment` says that it is dev or test.

    Raises:
        NotApplicable: one does.
    """
    if (environment := mark(resource, "environment")) in ("dev", "test"):
        raise NotApplicable(f"{environment} is not production")


def namespace(resource: Resource) -> str:
    """The namespace the object lands in."""
    return str(resource.at("metadata", "namespace") or "default")


def place(resource: Resource) -> tuple[str, str | None]:
    """Type and namespace; None for one that is not known yet."""
    try:
        return resource.type, namespace(resource)
    except UnknownValueError:
        return resource.type, None


def beside(resource: Resource, *types: str) -> Iterator[Resource]:
    """The stack's objects of these types in the namespace of one, as `within` has them."""
    yield from within(resource.stack, namespace(resource), *types)


def within(stack: Stack, here: str, *types: str) -> Iterator[Resource]:
    """The stack's objects of these types in a namespace. Ends with an error where one's is not known yet."""
    groups = stack.by(place)
    for type_ in types:
        yield from groups.get((type_, here), ())
    for type_ in types:
        for each in groups.get((type_, None), ()):
            namespace(each)


def has_own_namespace(resource: Resource) -> bool:
    """Whether the stack makes the object's namespace, so that all that is there can be expected to be of the stack."""
    made = resource.stack.by(place).get((NAMESPACE, "default"), ())
    return namespace(resource) in {text(each.at("metadata", "name")) for each in made}


def scales(autoscaler: Resource, workload: Resource) -> bool:
    """Whether an autoscaler of the same namespace has the number of the workload's pods."""
    target = autoscaler.at("spec", "scaleTargetRef")
    kind = at(target, "kind") or "Deployment"
    return (kind, at(target, "name")) == (workload.type.rpartition(":")[2], workload.at("metadata", "name"))


def is_scaled(workload: Resource) -> bool:
    """Whether an autoscaler of the stack has the number of the workload's pods."""
    return any(scales(each, workload) for each in beside(workload, AUTOSCALER, SCALED_OBJECT))


def bounds_of_pods(workload: Resource) -> tuple[float, float]:
    """How many pods a workload has, as its autoscaler says, or else itself."""
    for autoscaler in beside(workload, *BOUNDS):
        if scales(autoscaler, workload):
            lowest, highest, default = BOUNDS[autoscaler.type]
            fewest = number(autoscaler.at("spec", lowest), default)
            return fewest, number(autoscaler.at("spec", highest), 100)
    replicas = number(workload.at("spec", "replicas"), 1)
    return replicas, replicas


def selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether a label selector matches; an empty one matches everything."""
    wanted = mapping(at(selector, "matchLabels"))
    expressions = items(at(selector, "matchExpressions"))
    return contains(labels, wanted) and all(holds(each, labels) for each in expressions)


def contains(labels: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether labels have all these values."""
    return all(labels.get(key) == wanted[key] for key in wanted)


def holds(expression: Any, labels: Mapping[str, Any]) -> bool:
    """One `matchExpressions` requirement."""
    value, operator = labels.get(str(at(expression, "key"))), str(at(expression, "operator"))
    listed = value in list(items(at(expression, "values")))
    truth = {"In": listed, "NotIn": not listed, "Exists": value is not None, "DoesNotExist": value is None}
    return truth.get(operator, False)
