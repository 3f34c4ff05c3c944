"""POD, continued: in which namespace and on which nodes pods run, and which do not run at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies.control import ADVICE, SEVERE, USUAL, Control, parameter
from modelport_policies.controls.pods import FRAMEWORKS
from modelport_policies.kubernetes import (
    NAMESPACE,
    POD,
    SERVICE,
    WORKLOADS,
    containers,
    devices,
    is_device,
    namespace,
    pod_labels,
    pod_spec,
)
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

ENFORCE = "pod-security.kubernetes.io/enforce"
SHARED = ("default", "kube-system", "kube-public", "kube-node-lease")
VISIBLE = "NVIDIA_VISIBLE_DEVICES"
NONE_VISIBLE = ("", "void", "none")
DEVICE = re.compile(r"^/dev/(nvidia|dri|kfd)|^/var/run/nvidia-container-devices")
GPU_RUNTIMES = ("nvidia", "nvidia-cdi", "nvidia-legacy")


def namespace_is_restricted(namespace_: Resource) -> Iterable[str]:
    """A label `pod-security.kubernetes.io/enforce` is `restricted`."""
    level = at(namespace_.at("metadata", "labels"), ENFORCE)
    if level != "restricted":
        yield f"the namespace enforces {level or 'no standard'}, not restricted"


def namespace_is_its_own(workload: Resource) -> Iterable[str]:
    """`metadata.namespace` is set, and neither `default` nor one of Kubernetes itself."""
    if (home := namespace(workload)) in SHARED:
        yield f"its namespace is {home}"


def has_a_controller(pod: Resource) -> Iterable[str]:
    """`metadata.ownerReferences` names a controller."""
    if not any(at(owner, "controller") is True for owner in items(pod.at("metadata", "ownerReferences"))):
        yield "no controller makes another pod where this one is lost"


def devices_come_from_limits(workload: Resource) -> Iterable[str]:
    """`resources.limits` ask for devices, none of them by `NVIDIA_VISIBLE_DEVICES` or mounts; with parameter
    `runtimeClasses`, pods with devices have one of them, and others none.
    """
    spec, asked = pod_spec(workload), devices(workload)
    for name, container in containers(workload):
        for key in mapping(at(container, "resources", "requests")):
            if is_device(key) and not is_set(at(container, "resources", "limits"), key):
                yield f"container {name} requests {key} without a limit"
        for variable in items(at(container, "env")):
            if at(variable, "name") == VISIBLE and text(at(variable, "value")) not in NONE_VISIBLE:
                yield f"container {name} sets {VISIBLE}: it sees GPUs that it has not asked for"
        for mount in (*items(at(container, "volumeMounts")), *items(at(container, "volumeDevices"))):
            path = text(at(mount, "mountPath") or at(mount, "devicePath"))
            if DEVICE.search(path):
                yield f"container {name} mounts {path}"
    runtime, wanted = at(spec, "runtimeClassName"), workload.parameters["runtimeClasses"]
    if asked and wanted and runtime not in wanted:
        yield f"the pod asks for a device and has the runtime class {runtime}, not {' or '.join(wanted)}"
    if not asked and runtime in (wanted or GPU_RUNTIMES):
        yield f"the pod asks for no device and has the runtime class {runtime}"


def pools_are_kept_apart(workload: Resource) -> Iterable[str]:
    """With a device in `resources.limits`, `nodeSelector` or a required node affinity, and a toleration of parameter
    `taint`; without one, no such toleration. No `nodeName`, which heeds no taint.
    """
    spec, taint = pod_spec(workload), workload.parameters["taint"]
    if is_set(spec, "nodeName"):
        yield "nodeName is set: the pod goes past the scheduler to its node, whatever the taints say"
    tolerated = [each for each in items(at(spec, "tolerations")) if tolerates(each, taint)]
    if not devices(workload):
        if tolerated:
            yield f"the pod asks for no device and tolerates {taint}: it takes room from those that do"
        return
    affinity = at(spec, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    if not (is_set(spec, "nodeSelector") or items(at(affinity, "nodeSelectorTerms"))):
        yield "the pod asks for a device and selects no nodes"
    if not tolerated:
        yield f"the pod asks for a device and does not tolerate {taint}"


def tolerates(toleration: Any, taint: str) -> bool:
    """Whether a toleration lets a pod onto nodes with this taint; one without a key is for every taint."""
    return at(toleration, "key") == taint or (at(toleration, "operator") == "Exists" and not at(toleration, "key"))


def runs_nothing_forbidden(workload: Resource) -> Iterable[str]:
    """No image and no value of the pods' labels is called as one of parameter `components`."""
    forbidden = workload.parameters["components"]
    called = {f"label {value}": text(value) for value in values(pod_labels(workload))}
    for name, container in containers(workload):
        image = text(at(container, "image")).partition("@")[0].rpartition("/")[2].partition(":")[0]
        called[f"container {name}"] = image
    yield from (f"{who} is {what}" for who, what in called.items() if what in forbidden)


def leads_to_nothing_forbidden(service: Resource) -> Iterable[str]:
    """No value of `spec.selector` is one of parameter `components`."""
    for value in values(mapping(service.at("spec", "selector"))):
        if value in service.parameters["components"]:
            yield f"the service leads to {value}"


def values(labels: Mapping[str, Any]) -> list[str]:
    """The values of labels."""
    return [text(labels[key]) for key in labels]


CONTROLS = (
    Control(
        id="POD-13",
        title="Pods run in a namespace of their own that enforces restricted",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation=f"Make a namespace for the service, with the label {ENFORCE}: restricted.",
        checks={NAMESPACE: namespace_is_restricted, **dict.fromkeys(WORKLOADS, namespace_is_its_own)},
    ),
    Control(
        id="POD-14",
        title="Pods have a controller",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Make a Deployment, StatefulSet, DaemonSet or Job in place of the pod.",
        checks={POD: has_a_controller},
    ),
    Control(
        id="POD-15",
        title="GPUs come from resource limits alone",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation=f"Ask for the GPU in resources.limits, and remove {VISIBLE}, mounts of devices and a runtime class "
        "that is not needed.",
        checks=dict.fromkeys(WORKLOADS, devices_come_from_limits),
        parameters={
            "runtimeClasses": parameter(
                "Runtime classes that give GPUs, one of which pods with GPUs must have. Without any, the nodes' usual "
                f"runtime may do so, and only {', '.join(GPU_RUNTIMES)} are kept from other pods.",
                [],
            )
        },
    ),
    Control(
        id="POD-16",
        title="Pods with GPUs, and no others, go to the nodes with GPUs",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Give pods with GPUs, and no others, a node selector and a toleration of the pool's taint.",
        checks=dict.fromkeys(WORKLOADS, pools_are_kept_apart),
        parameters={"taint": parameter("Key of the taint of nodes with GPUs.", "nvidia.com/gpu")},
    ),
    Control(
        id="POD-17",
        title="Dashboard, Tiller and git-sync are not there",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Remove it: what it can do on the cluster, whoever reaches it can.",
        checks={**dict.fromkeys(WORKLOADS, runs_nothing_forbidden), SERVICE: leads_to_nothing_forbidden},
        parameters={
            "components": parameter(
                "Names that neither images nor labels may have.", ["kubernetes-dashboard", "tiller", "git-sync"]
            )
        },
    ),
)
