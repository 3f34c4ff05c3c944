"""RES: the service stays up, and lets its neighbours stay up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelport_policies import aws, azure, gcp
from modelport_policies.bounds import FEWEST
from modelport_policies.control import ADVICE, SEVERE, USUAL, Control, NotApplicable, never, parameter
from modelport_policies.controls.aws import resilience as on_aws
from modelport_policies.controls.azure import resilience as on_azure
from modelport_policies.controls.gcp import resilience as on_gcp
from modelport_policies.kubernetes import (
    BOUNDS,
    DAEMON_SET,
    DEPLOYMENT,
    POD,
    SCALED,
    SERVING,
    STATEFUL_SET,
    WORKLOADS,
    beside,
    bounds_of_pods,
    containers,
    has_own_namespace,
    in_production,
    is_scaled,
    pod_labels,
    pod_spec,
    scales,
    selects,
    servers,
)
from modelport_policies.resource import Resource, at, is_set, items, mapping, number

FRAMEWORKS = ("NIST CP-10", "NIST SC-36", "ISO27001 A.8.14", "SOC2 A1.2", "EU AI Act 15(4)")
SPREAD_OVER = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
WAYS = ("httpGet", "tcpSocket", "grpc")


def pods_are_several(workload: Resource) -> Iterable[str]:
    """`spec.replicas` is 2 or more, unless an autoscaler of the stack has it, or `environment` is dev or test."""
    in_production(workload)
    if is_scaled(workload):
        raise NotApplicable("its autoscaler says how many pods there are")
    replicas = number(workload.at("spec", "replicas"), 1)
    if replicas < FEWEST:
        yield f"there are {replicas:g} pods, not {FEWEST}: one that is lost is the service"


def bounds_are_several(autoscaler: Resource) -> Iterable[str]:
    """`minReplicas` (KEDA: `minReplicaCount`) is 2 or more, unless `environment` is dev or test."""
    in_production(autoscaler)
    lowest, _, default = BOUNDS[autoscaler.type]
    fewest = number(autoscaler.at("spec", lowest), default)
    if fewest < FEWEST:
        yield f"{lowest} is {fewest:g}, not {FEWEST}: one pod that is lost is the service"


def pods_are_spread(workload: Resource) -> Iterable[str]:
    """The pod's `topologySpreadConstraints`, or its `podAntiAffinity`, keep its pods apart by zone or host."""
    if has_one_pod(workload):
        raise NotApplicable("one pod is nowhere else")
    spec, labels = pod_spec(workload), pod_labels(workload)
    affinity = at(spec, "affinity", "podAntiAffinity")
    preferred = items(at(affinity, "preferredDuringSchedulingIgnoredDuringExecution"))
    terms = [
        *items(at(spec, "topologySpreadConstraints")),
        *items(at(affinity, "requiredDuringSchedulingIgnoredDuringExecution")),
        *(at(each, "podAffinityTerm") for each in preferred),
    ]
    if not any(keeps_apart(term, labels) for term in terms):
        yield "all of its pods may be on one node"


def keeps_apart(term: Any, labels: Any) -> bool:
    """Whether a term is about these pods, and about zones or hosts."""
    selector = at(term, "labelSelector")
    return at(term, "topologyKey") in SPREAD_OVER and selector is not None and selects(selector, labels)


def has_one_pod(workload: Resource) -> bool:
    """Whether there is one pod at most, also where an autoscaler has their number."""
    return bounds_of_pods(workload)[1] < FEWEST


def health_is_asked(workload: Resource) -> Iterable[str]:
    """Every container but init ones has `startupProbe`, `readinessProbe` and `livenessProbe`; they ask ports of it, and
    the last two not the same.
    """
    for name, container in servers(workload):
        yield from (f"container {name} has no {probe}" for probe in PROBES if not is_set(container, probe))
        ready, alive = (mapping(at(container, probe)) for probe in PROBES[1:])
        if ready and alive and asked(ready) == asked(alive):
            yield f"container {name}: one that is not ready is restarted, as both probes ask the same"
        ports = [at(port, key) for port in items(at(container, "ports")) for key in ("name", "containerPort")]
        for probe in PROBES:
            for way in WAYS:
                port = at(container, probe, way, "port")
                if port is not None and as_port(port) not in ports:
                    yield f"container {name}: {probe} asks port {show(port)}, which it does not have"


def asked(probe: Any) -> Any:
    """What a probe asks, without how often."""
    return {way: dict(mapping(at(probe, way))) for way in (*WAYS, "exec") if at(probe, way) is not None}


def as_port(port: Any) -> Any:
    """A port as containers have it: a number in quotes is one."""
    return int(port) if isinstance(port, str) and port.isdecimal() else port


def show(port: Any) -> str:
    """A port in a message."""
    return f"{port:g}" if isinstance(port, float) else str(port)


def bounds_hold(autoscaler: Resource) -> Iterable[str]:
    """`minReplicas` <= `maxReplicas` <= parameter `most` (KEDA: `minReplicaCount`, `maxReplicaCount`); nothing else
    scales the same; in a namespace of the stack's own, what it scales is there.
    """
    lowest, highest, default = BOUNDS[autoscaler.type]
    fewest = number(autoscaler.at("spec", lowest), default)
    most, cap = number(autoscaler.at("spec", highest), 100), autoscaler.parameters["most"]
    if fewest > most:
        yield f"{lowest} is {fewest:g} and {highest} {most:g}"
    if most > cap:
        yield f"{highest} is {most:g}, more than {cap:g}"
    target = autoscaler.at("spec", "scaleTargetRef")
    scaled = [each for each in beside(autoscaler, *SCALED) if scales(autoscaler, each)]
    if not scaled and has_own_namespace(autoscaler):
        yield f"{at(target, 'kind') or 'Deployment'} {at(target, 'name')}, which it scales, is not there"
    for workload in scaled:
        others = (each for each in beside(workload, *BOUNDS) if each.urn != autoscaler.urn)
        if rivals := [each.name for each in others if scales(each, workload)]:
            yield f"{workload.name} is scaled by {', '.join(rivals)}, too"


def updates_go_in_steps(workload: Resource) -> Iterable[str]:
    """`spec.strategy` (of a StatefulSet or DaemonSet `updateStrategy`) is `RollingUpdate`, and not of all pods at once;
    `spec.paused` is not true.
    """
    strategy = workload.at("spec", "strategy" if workload.type == DEPLOYMENT else "updateStrategy")
    if (kind := at(strategy, "type") or "RollingUpdate") != "RollingUpdate":
        yield f"updates are {kind}: nothing stops one that goes wrong, or the service is away"
    most = at(strategy, "rollingUpdate", "maxUnavailable")
    if most == "100%":
        yield "maxUnavailable is 100%: an update stops all pods at once"
    if workload.at("spec", "paused"):
        yield "updates are paused"


def containers_are_bounded(workload: Resource) -> Iterable[str]:
    """`resources` of every container has a CPU and a memory request (or limit, its default) and a memory limit."""
    for name, container in containers(workload):
        requests, limits = at(container, "resources", "requests"), at(container, "resources", "limits")
        missing = [
            f"{key} request" for key in ("cpu", "memory") if not (is_set(requests, key) or is_set(limits, key))
        ] + ([] if is_set(limits, "memory") else ["memory limit"])
        if missing:
            yield f"container {name} has no {', no '.join(missing)}"


def pods_finish_what_they_have(workload: Resource) -> Iterable[str]:
    """Containers with ports have `lifecycle.preStop`; `terminationGracePeriodSeconds` is at least parameter
    `requestSeconds`.
    """
    for name, container in servers(workload):
        if items(at(container, "ports")) and not is_set(at(container, "lifecycle"), "preStop"):
            yield f"container {name} has no preStop: it gets requests while it stops"
    grace = number(at(pod_spec(workload), "terminationGracePeriodSeconds"), 30)
    if grace < workload.parameters["requestSeconds"]:
        yield f"a request may take {workload.parameters['requestSeconds']:g} s, and a pod that goes has {grace:g} s"


def pods_have_priority(workload: Resource) -> Iterable[str]:
    """`priorityClassName` of the pod is set, to one of parameter `classes` if it has any, unless `environment` is dev
    or test.
    """
    in_production(workload)
    spec, allowed = pod_spec(workload), workload.parameters["classes"]
    if not is_set(spec, "priorityClassName"):
        yield "its pods have no priority: others may take their place"
    elif allowed and (given := at(spec, "priorityClassName")) not in allowed:
        yield f"its pods have the priority class {given}, which is not allowed"


CONTROLS = (
    Control(
        id="RES-01",
        title="Production has two instances or more",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Set scaling.min of the service to 2 or more, or replicas or the autoscaler's minimum.",
        checks={
            **dict.fromkeys(SCALED, pods_are_several),
            **dict.fromkeys(BOUNDS, bounds_are_several),
            aws.ENDPOINT_CONFIGURATION: on_aws.variants_are_several,
            aws.SCALING_TARGET: on_aws.bounds_are_several,
            **dict.fromkeys(gcp.MACHINES, on_gcp.machines_are_several),
            azure.DEPLOYMENT: on_azure.instances_are_several,
            azure.AUTOSCALE: on_azure.bounds_are_several,
        },
        scope="stack",
    ),
    Control(
        id="RES-02",
        title="Instances are spread over zones or nodes",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Give models subnets in several zones.",
            "vertex": "Nothing: Google spreads them.",
            "azureml": "Have registries in all zones.",
            "kubernetes": "Add topologySpreadConstraints over topology.kubernetes.io/zone and kubernetes.io/hostname.",
        },
        checks={
            **dict.fromkeys(SCALED, pods_are_spread),
            aws.MODEL: on_aws.model_is_spread,
            azure.REGISTRY: on_azure.registry_is_in_zones,
            **dict.fromkeys(gcp.MACHINES, never("Google chooses the zones, and no input says which")),
        },
        scope="stack",
    ),
    Control(
        id="RES-03",
        title="Start, readiness and liveness are asked, each in its way",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Give each container a startupProbe, a readinessProbe and a livenessProbe at ports that it has; "
        "give each variant the time that it may take to start.",
        checks={
            **dict.fromkeys((*SERVING, POD), health_is_asked),
            aws.ENDPOINT_CONFIGURATION: on_aws.health_is_asked,
            **dict.fromkeys((gcp.MODEL, gcp.MODEL_GARDEN), on_gcp.health_is_asked),
            azure.DEPLOYMENT: on_azure.health_is_asked,
            azure.ENVIRONMENT: on_azure.routes_are_distinct,
        },
    ),
    Control(
        id="RES-04",
        title="An autoscaler has something to scale, within bounds",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Let one autoscaler name a workload that is there, with a minimum up to its maximum.",
        checks={
            **dict.fromkeys(BOUNDS, bounds_hold),
            aws.SCALING_TARGET: on_aws.capacity_is_bound,
            **dict.fromkeys(gcp.MACHINES, on_gcp.bounds_hold),
            azure.AUTOSCALE: on_azure.bounds_hold,
        },
        scope="stack",
        parameters={"most": parameter("The most pods or instances that an autoscaler may make.", 100)},
    ),
    Control(
        id="RES-06",
        title="Updates go in steps that stop at what goes wrong",
        severity="medium",
        levels=USUAL,
        frameworks=(*FRAMEWORKS, "NIST CM-3", "EU AI Act 15"),
        remediation={
            "sagemaker": "Use a canary that alarms undo.",
            "vertex": "Set rollout.steps of the service.",
            "azureml": "Set rollout.steps of the service; `modelport rollout` moves requests by them.",
            "kubernetes": "Use RollingUpdate with a maxUnavailable below 100%, and do not pause it.",
        },
        checks={
            **dict.fromkeys((DEPLOYMENT, STATEFUL_SET, DAEMON_SET), updates_go_in_steps),
            aws.ENDPOINT: on_aws.updates_go_in_steps,
            **dict.fromkeys(("modelport:vertex:Service", "modelport:azureml:Service"), on_gcp.updates_go_in_steps),
        },
        scope="stack",
    ),
    Control(
        id="RES-07",
        title="Containers have CPU and memory requests and a memory limit",
        severity="medium",
        levels=SEVERE,
        frameworks=("NIST SC-6", "CIS K8s 5.7", "ISO27001 A.8.6"),
        remediation="Set resources.requests {cpu, memory} and resources.limits.memory. A CPU limit is not asked for: "
        "it throttles inference.",
        checks=dict.fromkeys(WORKLOADS, containers_are_bounded),
    ),
    Control(
        id="RES-08",
        title="What keeps models and images is not deleted with them in it",
        severity="medium",
        levels=USUAL,
        frameworks=(*FRAMEWORKS, "NIST CP-9"),
        remediation="Leave forceDestroy, forceDelete and deleteContentsOnDestroy out, and what is deleted a window; "
        "protect the balancer. Keep deleted blobs and containers for a while.",
        checks={
            aws.BUCKET: on_aws.bucket_outlives_its_content,
            aws.REPOSITORY: on_aws.repository_outlives_its_images,
            aws.SECRET: on_aws.secret_can_be_restored,
            aws.BALANCER: on_aws.balancer_is_protected,
            gcp.BUCKET: on_gcp.bucket_outlives_its_content,
            gcp.DATASET: on_gcp.dataset_outlives_its_tables,
            gcp.TABLE: on_gcp.table_is_protected,
            azure.BLOB_SERVICE: on_azure.blobs_can_be_restored,
        },
    ),
    Control(
        id="RES-09",
        title="Models and images have as many copies elsewhere as are asked for",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Replicate the bucket, and the registry, to another region, or give them a location of several. "
        "RSD-02 judges which.",
        checks={
            aws.BUCKET: on_aws.bucket_has_copies,
            aws.REPOSITORY: on_aws.repository_has_copies,
            gcp.BUCKET: on_gcp.bucket_has_copies,
            gcp.REPOSITORY: on_gcp.repository_has_copies,
            azure.STORAGE: on_azure.account_has_copies,
            azure.REGISTRY: on_azure.registry_has_copies,
        },
        scope="stack",
        parameters={"copies": parameter("How many copies elsewhere there have to be.", 0)},
    ),
    Control(
        id="RES-10",
        title="A pod that goes finishes the requests that it has",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Set lifecycle.preStop, and a terminationGracePeriodSeconds that is long enough for both.",
        checks=dict.fromkeys(SERVING, pods_finish_what_they_have),
        parameters={"requestSeconds": parameter("How long a request may take.", 10)},
    ),
    Control(
        id="RES-11",
        title="Serving in production has a priority class",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Name a priority class in priorityClassName.",
        checks=dict.fromkeys(SERVING, pods_have_priority),
        parameters={"classes": parameter("Priority classes that pods may have; without any, all.", [])},
    ),
)
