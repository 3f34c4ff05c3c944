"""POD: what a container may do on its node."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.control import ADVICE, CRITICAL, SEVERE, SEVERE_REWRITTEN, USUAL, USUAL_REWRITTEN, Control
from modelport_policies.kubernetes import (
    WORKLOADS,
    container_paths,
    containers,
    effective,
    linux,
    pod,
    pod_path,
    pod_spec,
    volumes,
)
from modelport_policies.resource import Resource, UnknownValueError, at, is_set, items, mapping, number, text
from modelport_policies.rewriting import Fill

FRAMEWORKS = ("PSS restricted", "CIS K8s 5.2", "NIST AC-6", "NIST CM-7", "NSA K8s hardening", "ISO27001 A.8.9")
PERSISTENT_VOLUME = "kubernetes:core/v1:PersistentVolume"
LOWEST_USER = 10_000  # below, an id may be that of a user of the node
LOWEST_PORT = 1024
OF_THE_NODE = ("hostNetwork", "hostPID", "hostIPC")
RESTRICTED_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
    *("persistentVolumeClaim", "projected", "secret"),
}
SOCKET = re.compile(r"/(docker|dockershim|cri-dockerd|containerd|crio|podman)\.sock$")
PROFILES = ("RuntimeDefault", "Localhost")
OLD_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
SAFE_SYSCTLS = {
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports"),
    *("net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"),
    *("net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
}
PROBES = (("startupProbe",), ("readinessProbe",), ("livenessProbe",))
HOOKS = (("lifecycle", "postStart"), ("lifecycle", "preStop"))


def is_not_privileged(workload: Resource) -> Iterable[str]:
    """`securityContext.privileged` of no container is true."""
    for name, container in containers(workload):
        if at(container, "securityContext", "privileged"):
            yield f"container {name} is privileged"


def shares_nothing_with_the_node(workload: Resource) -> Iterable[str]:
    """Neither `hostNetwork` nor `hostPID` nor `hostIPC` of the pod is true."""
    spec = pod_spec(workload)
    for key in OF_THE_NODE:
        if at(spec, key):
            yield f"{key} is true: the pod is not kept apart from its node"


def mounts_nothing_of_the_node(workload: Resource) -> Iterable[str]:
    """`volumes` are of the types that the standard `restricted` allows; no mount is a container runtime's socket."""
    for name, volume in volumes(workload):
        for kind in volume:
            if kind != "name" and kind not in RESTRICTED_VOLUMES and is_set(volume, kind):
                yield f"volume {name} is a {kind}"
    for name, container in containers(workload):
        for mount in items(at(container, "volumeMounts")):
            if SOCKET.search(path := text(at(mount, "mountPath"))):
                yield f"container {name} mounts {path}, through which it rules its node"


def is_no_folder_of_a_node(volume: Resource) -> Iterable[str]:
    """There is no `spec.hostPath`."""
    if is_set(volume.at("spec"), "hostPath"):
        yield "spec.hostPath: the volume is a folder of whatever node the pod is on"


def ports_are_its_own(workload: Resource) -> Iterable[str]:
    """`ports` of every container have no `hostPort`, and a `containerPort` of 1024 or more."""
    for name, container in containers(workload):
        for port in items(at(container, "ports")):
            if at(port, "hostPort"):
                yield f"container {name} takes port {show(at(port, 'hostPort'))} of its node"
            if number(at(port, "containerPort"), LOWEST_PORT) < LOWEST_PORT:
                yield f"container {name} listens on {show(at(port, 'containerPort'))}, a port of privileged users"


def gains_no_privileges(workload: Resource) -> Iterable[str]:
    """`securityContext.allowPrivilegeEscalation` of every container is false."""
    linux(workload)
    for name, container in containers(workload):
        if at(container, "securityContext", "allowPrivilegeEscalation") is not False:
            yield f"container {name}: allowPrivilegeEscalation is not false"


def denies_privileges(workload: Resource) -> Iterable[Fill]:
    """`allowPrivilegeEscalation` of containers becomes false."""
    for path in container_paths(workload, "securityContext", "allowPrivilegeEscalation"):
        yield path, False


def pods_run_as_non_root(workload: Resource) -> Iterable[str]:
    """`securityContext` of pod or container: `runAsNonRoot` true, `runAsUser` >= 10000, no group 0."""
    shared = at(linux(workload), "securityContext")
    groups = [at(shared, "fsGroup"), *items(at(shared, "supplementalGroups"))]
    if 0 in groups:
        yield "the pod's securityContext adds the root group (fsGroup or supplementalGroups 0)"
    for name, container in containers(workload):
        context = at(container, "securityContext")
        if effective(context, shared, "runAsNonRoot") is not True:
            yield f"container {name}: runAsNonRoot is not true"
        user = effective(context, shared, "runAsUser")
        if number(user, 0) < LOWEST_USER:
            yield f"container {name}: runAsUser is {show(user)}, not at least {LOWEST_USER}"
        if effective(context, shared, "runAsGroup") == 0:
            yield f"container {name}: runAsGroup is 0, the root group"


def has_no_capabilities(workload: Resource) -> Iterable[str]:
    """`securityContext.capabilities` of every container: `drop` has `ALL`, `add` is empty."""
    linux(workload)
    for name, container in containers(workload):
        capabilities = at(container, "securityContext", "capabilities")
        if "ALL" not in list(items(at(capabilities, "drop"))):
            yield f"container {name} does not drop ALL capabilities"
        if added := list(items(at(capabilities, "add"))):
            yield f"container {name} adds capabilities: {', '.join(map(str, added))}"


def drops_all(workload: Resource) -> Iterable[Fill]:
    """`capabilities.drop` of containers becomes `[ALL]`. What is added stays, and so does a list that lacks `ALL`."""
    for path in container_paths(workload, "securityContext", "capabilities", "drop"):
        yield path, ["ALL"]


def is_confined_by_seccomp(workload: Resource) -> Iterable[str]:
    """`securityContext.seccompProfile.type` of pod or container is `RuntimeDefault` or `Localhost`."""
    shared = at(linux(workload), "securityContext")
    for name, container in containers(workload):
        profile = effective(at(container, "securityContext"), shared, "seccompProfile", "type")
        if profile not in PROFILES:
            yield f"container {name}: the seccomp profile is {profile or 'not set'}"


def confines(workload: Resource) -> Iterable[Fill]:
    """`seccompProfile.type` of the pod becomes `RuntimeDefault`."""
    yield pod_path(workload, "spec", "securityContext", "seccompProfile", "type"), "RuntimeDefault"


def writes_in_bounds(workload: Resource) -> Iterable[str]:
    """`securityContext.readOnlyRootFilesystem` of every container is true; every `emptyDir` has a `sizeLimit`."""
    linux(workload)
    for name, container in containers(workload):
        if at(container, "securityContext", "readOnlyRootFilesystem") is not True:
            yield f"container {name}: readOnlyRootFilesystem is not true"
    for name, volume in volumes(workload):
        if is_set(volume, "emptyDir") and not is_set(at(volume, "emptyDir"), "sizeLimit"):
            yield f"volume {name} is an emptyDir without a sizeLimit"


def security_is_explicit(workload: Resource) -> Iterable[str]:
    """`securityContext` is there, and not empty, on the pod and on every container."""
    if not says_something(pod_spec(workload), "securityContext"):
        yield "the pod has no securityContext"
    for name, container in containers(workload):
        if not says_something(container, "securityContext"):
            yield f"container {name} has no securityContext"


def says_something(values: Any, key: str) -> bool:
    """Whether there is a mapping that is not empty; one that is not known yet may be."""
    try:
        return bool(mapping(at(values, key)))
    except UnknownValueError:
        return True


def kernel_defaults_stay(workload: Resource) -> Iterable[str]:
    """AppArmor, SELinux, `procMount` and `sysctls` are not set, or to what the standard `restricted` allows."""
    shared = at(linux(workload), "securityContext")
    yield from (f"sysctl {name} is not a safe one" for name in sysctls(shared) if name not in SAFE_SYSCTLS)
    annotations = mapping(at(pod(workload), "metadata", "annotations"))
    for key in annotations:
        if key.startswith(OLD_APPARMOR) and not re.fullmatch("runtime/default|localhost/.*", text(annotations[key])):
            yield f"container {key.removeprefix(OLD_APPARMOR)}: AppArmor is {annotations[key]}"
    yield from lifted("the pod", shared)
    for name, container in containers(workload):
        yield from lifted(f"container {name}", at(container, "securityContext"))


def sysctls(context: Any) -> Iterator[str]:
    """The names of the kernel's parameters that a pod sets."""
    return (text(at(each, "name")) for each in items(at(context, "sysctls")))


def lifted(who: str, context: Any) -> Iterator[str]:
    """What a security context takes off that the runtime would confine by."""
    if (apparmor := at(context, "appArmorProfile", "type")) not in (None, *PROFILES):
        yield f"{who}: AppArmor is {apparmor}"
    selinux = at(context, "seLinuxOptions")
    if (type_ := text(at(selinux, "type"))) not in SELINUX_TYPES:
        yield f"{who}: the SELinux type is {type_}"
    yield from (f"{who} sets the SELinux {key}" for key in ("user", "role") if at(selinux, key))
    if (mount := at(context, "procMount")) not in (None, "Default"):
        yield f"{who}: procMount is {mount}"


def asks_no_other_host(workload: Resource) -> Iterable[str]:
    """`windowsOptions.hostProcess` is not true; probes and hooks have no `host`."""
    shared = at(pod_spec(workload), "securityContext")
    if at(shared, "windowsOptions", "hostProcess"):
        yield "the pod runs as a process of its Windows node"
    for name, container in containers(workload):
        if at(container, "securityContext", "windowsOptions", "hostProcess"):
            yield f"container {name} runs as a process of its Windows node"
        for path in (*PROBES, *HOOKS):
            for way in ("httpGet", "tcpSocket"):
                if host := at(container, *path, way, "host"):
                    yield f"container {name}: {'.'.join(path)} asks the host {host}"


def show(value: Any) -> str:
    """Numbers reach a policy as floats; an id is read as a whole one."""
    return "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


CONTROLS = (
    Control(
        id="POD-01",
        title="No container is privileged",
        severity="critical",
        levels=CRITICAL,
        frameworks=FRAMEWORKS,
        remediation="Remove securityContext.privileged; what the container needs of its node, a device plugin or a CSI "
        "driver gives it.",
        checks=dict.fromkeys(WORKLOADS, is_not_privileged),
    ),
    Control(
        id="POD-02",
        title="Pods share neither network nor processes with their node",
        severity="critical",
        levels=CRITICAL,
        frameworks=FRAMEWORKS,
        remediation="Remove hostNetwork, hostPID and hostIPC.",
        checks=dict.fromkeys(WORKLOADS, shares_nothing_with_the_node),
    ),
    Control(
        id="POD-03",
        title="Pods mount neither folders nor sockets of their node",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Use emptyDir, configMap, secret, projected, ephemeral, csi or image volumes, or a claim.",
        checks={**dict.fromkeys(WORKLOADS, mounts_nothing_of_the_node), PERSISTENT_VOLUME: is_no_folder_of_a_node},
    ),
    Control(
        id="POD-04",
        title="Containers take no port of their node and none below 1024",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Remove hostPort, listen on a port from 1024 on, and let a Service publish it.",
        checks=dict.fromkeys(WORKLOADS, ports_are_its_own),
    ),
    Control(
        id="POD-05",
        title="Containers cannot gain privileges",
        severity="high",
        levels=SEVERE_REWRITTEN,
        frameworks=FRAMEWORKS,
        remediation="Set securityContext.allowPrivilegeEscalation: false on every container.",
        checks=dict.fromkeys(WORKLOADS, gains_no_privileges),
        rewrites=dict.fromkeys(WORKLOADS, denies_privileges),
    ),
    Control(
        id="POD-06",
        title="Containers run as a numeric user that is not root",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Set securityContext {runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001} on the pod.",
        checks=dict.fromkeys(WORKLOADS, pods_run_as_non_root),
    ),
    Control(
        id="POD-07",
        title="Containers drop all capabilities and add none",
        severity="high",
        levels=SEVERE_REWRITTEN,
        frameworks=FRAMEWORKS,
        remediation="Set securityContext.capabilities {drop: [ALL]} on every container.",
        checks=dict.fromkeys(WORKLOADS, has_no_capabilities),
        rewrites=dict.fromkeys(WORKLOADS, drops_all),
    ),
    Control(
        id="POD-08",
        title="A seccomp profile confines every container",
        severity="medium",
        levels=USUAL_REWRITTEN,
        frameworks=FRAMEWORKS,
        remediation="Set securityContext.seccompProfile {type: RuntimeDefault} on the pod.",
        checks=dict.fromkeys(WORKLOADS, is_confined_by_seccomp),
        rewrites=dict.fromkeys(WORKLOADS, confines),
    ),
    Control(
        id="POD-09",
        title="The root file system is read-only and scratch space has a size",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir with a sizeLimit.",
        checks=dict.fromkeys(WORKLOADS, writes_in_bounds),
    ),
    Control(
        id="POD-10",
        title="Pod and containers both say their security context",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Write a securityContext on the pod and on each of its containers.",
        checks=dict.fromkeys(WORKLOADS, security_is_explicit),
    ),
    Control(
        id="POD-11",
        title="AppArmor, SELinux, procMount and sysctls stay at their defaults",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Remove what is named: the runtime's defaults confine the container.",
        checks=dict.fromkeys(WORKLOADS, kernel_defaults_stay),
    ),
    Control(
        id="POD-12",
        title="No process of a Windows node, no probe or hook that asks another host",
        severity="low",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Remove windowsOptions.hostProcess, and host from probes and hooks.",
        checks=dict.fromkeys(WORKLOADS, asks_no_other_host),
    ),
)
