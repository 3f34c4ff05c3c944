"""NVIDIA's device plugin and dcgm-exporter on the nodes of GPU pools, as NVIDIA's own manifests have them.

Sources: https://github.com/NVIDIA/k8s-device-plugin, https://github.com/NVIDIA/dcgm-exporter.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi

from modelport.monitoring.prometheus.objects import pod_monitor
from modelport.monitoring.prometheus.scrape import Scrape
from modelport.plan.placement import GPU
from modelport.spec import GpuPool

from ..objects import CONFIG_MAP, DAEMON_SET, POD_MONITOR, fingerprint
from .placement import in_pools, tolerations
from .pool_objects import PoolObjects

DAEMON, INSTANCE = "modelport/daemon", "app.kubernetes.io/instance"
SETTINGS = "/etc/device-plugin"
DEVICE_PLUGINS, POD_RESOURCES = "/var/lib/kubelet/device-plugins", "/var/lib/kubelet/pod-resources"
READ_ONLY = {POD_RESOURCES: {"readOnly": True}}
METRICS, JOB = 9400, "dcgm-exporter"
ALL_GPUS = {"NVIDIA_VISIBLE_DEVICES": "all", "NVIDIA_DRIVER_CAPABILITIES": "compute,utility"}
CONFINED = {"runAsUser": 0, "allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
OF_GPUS = {"runAsUser": 0, "capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}
"""What it takes to see slices, and the counters of GPUs at work."""


def device_plugin(own: PoolObjects, pool: GpuPool) -> None:
    """Makes a pool's GPUs known to the cluster: shared as the pool says."""
    image = own.environment.gpu_pools.device_plugin
    if image is None:
        return
    config = json.dumps(_sharing(pool), indent=2, sort_keys=True)
    name = own.called(f"settings-{pool.name}-{fingerprint(config)}")
    settings = own.object(
        CONFIG_MAP, f"settings-{pool.name}", {"immutable": True, "data": {"config.yaml": config}}, name=name
    )
    sliced = {"NVIDIA_MIG_MONITOR_DEVICES": "all"} if pool.slices else {}
    container = {
        "name": "plugin",
        "image": image,
        "env": _env({**ALL_GPUS, **sliced, "CONFIG_FILE": f"{SETTINGS}/config.yaml"}),
        "resources": _resources("100m", "128Mi"),
        "securityContext": OF_GPUS if pool.slices else CONFINED,
    }
    volumes = {
        DEVICE_PLUGINS: {"name": "device-plugins", "hostPath": {"path": DEVICE_PLUGINS, "type": "Directory"}},
        SETTINGS: {"name": "settings", "configMap": {"name": name}},
    }
    _daemon(own, pool, "plugin", container, volumes, pulumi.ResourceOptions(depends_on=[settings]))


def exporter(own: PoolObjects, pool: GpuPool) -> None:
    """Exports how busy a pool's GPUs are, and which pods use them: all that share one, where it is shared in turns."""
    image = own.environment.gpu_pools.exporter
    if image is None:
        return
    by_share = {"KUBERNETES_VIRTUAL_GPUS": "true"} if pool.sharing == "time-slicing" else {}
    health = {"httpGet": {"path": "/health", "port": "metrics"}}
    container = {
        "name": "exporter",
        "image": image,
        "env": _env(
            {**ALL_GPUS, "DCGM_EXPORTER_LISTEN": f":{METRICS}", "DCGM_EXPORTER_KUBERNETES": "true", **by_share}
        ),
        "ports": [{"name": "metrics", "containerPort": METRICS}],
        "startupProbe": {**health, "periodSeconds": 5, "failureThreshold": 60},
        "readinessProbe": {**health, "periodSeconds": 10},
        "livenessProbe": {**health, "periodSeconds": 10, "failureThreshold": 6},
        "resources": _resources("250m", "512Mi"),
        "securityContext": OF_GPUS,
    }
    volumes = {POD_RESOURCES: {"name": "pod-resources", "hostPath": {"path": POD_RESOURCES, "type": "Directory"}}}
    _daemon(own, pool, "exporter", container, volumes)


def monitor(own: PoolObjects) -> None:
    """Prometheus reads what the exporters say, where its operator is."""
    taken = own.environment.existing.prometheus_operator
    if own.environment.gpu_pools.exporter is None or taken is None:
        return
    selector = {INSTANCE: own.instance}
    spec = pod_monitor({}, Scrape.of_job(JOB), selector, "metrics")["spec"]
    own.object(POD_MONITOR, "monitor", {"spec": spec}, metadata={"labels": taken})


def metrics_alone(own: PoolObjects) -> dict[str, Any]:
    """A network policy for the daemons: nothing goes in and out but metrics, to the namespace of Prometheus."""
    prometheus = own.environment.existing.prometheus
    ours = {"matchLabels": {INSTANCE: own.instance}} if own.environment.gpu_pools.namespace else {}
    scraper = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": prometheus}}}
    rule = {"from": [scraper], "ports": [{"port": METRICS, "protocol": "TCP"}]}
    ingress = {} if prometheus is None else {"ingress": [rule]}
    return {"podSelector": ours, "policyTypes": ["Ingress", "Egress"], **ingress}


def _sharing(pool: GpuPool) -> dict[str, Any]:
    """The plugin's own config: https://github.com/NVIDIA/k8s-device-plugin#configuration-file."""
    config: dict[str, Any] = {
        "version": "v1",
        "flags": {"migStrategy": "mixed" if pool.slices else "none", "failOnInitError": True},
    }
    if pool.replicas:
        config["sharing"] = {
            "timeSlicing": {
                "renameByDefault": True,
                "failRequestsGreaterThanOne": True,
                "resources": [{"name": GPU, "replicas": pool.replicas}],
            }
        }
    return config


def _daemon(
    own: PoolObjects,
    pool: GpuPool,
    role: str,
    container: dict[str, Any],
    volumes: dict[str, dict[str, Any]],
    opts: pulumi.ResourceOptions | None = None,
) -> None:
    """A pod with a container on each node of a pool; `volumes` are what it reads and writes, by where it sees them."""
    selector = {INSTANCE: own.instance, DAEMON: f"{role}-{pool.name}"}
    runtime, given = own.environment.gpu_pools.runtime_class, own.environment.gpu_pools.namespace
    secret = own.environment.existing.pull_secret if given else None
    mounts = [
        {"name": volume["name"], "mountPath": path, **READ_ONLY.get(path, {})} for path, volume in volumes.items()
    ]
    pod = {
        "affinity": {"nodeAffinity": in_pools([pool], own.environment.stack)},
        "tolerations": tolerations(pool),
        "priorityClassName": "system-node-critical",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        **({"runtimeClassName": runtime} if runtime else {}),
        **({"imagePullSecrets": [{"name": secret}]} if secret is not None else {}),
        "containers": [{**container, "imagePullPolicy": "IfNotPresent", "volumeMounts": mounts}],
        "volumes": list(volumes.values()),
    }
    body = {
        "selector": {"matchLabels": selector},
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
        "template": {"metadata": {"labels": {**own.labels, **selector}}, "spec": pod},
    }
    own.object(DAEMON_SET, f"{role}-{pool.name}", {"spec": body}, opts=opts)


def _env(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _resources(cpu: str, memory: str) -> dict[str, dict[str, str]]:
    amount = {"cpu": cpu, "memory": memory}
    return {"requests": amount, "limits": amount}
