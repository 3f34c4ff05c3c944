"""What the programs of a real node are told, as files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from .binaries import binary

NAME = "real-0"
BRIDGE = "kube0"
ADDRESS = "10.245.0.1"  # the bridge's, and so the node's
SUBNET = "10.245.0.0/24"
PAUSE_IMAGE = "localhost/pause:1"
PLUGINS = Path("/usr/lib/cni")


def containerd(folder: Path) -> str:
    runtime = "io.containerd.cri.v1.runtime"
    return f"""
version = 4
root = "{folder}/containerd"
state = "/run/containerd"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{PAUSE_IMAGE}"

[plugins."{runtime}"]
  # Lowering a process's OOM score takes CAP_SYS_RESOURCE, which a CI machine may lack.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

  [plugins."{runtime}".cni]
    bin_dirs = ["{PLUGINS}"]
    conf_dir = "{folder}/cni"

  [plugins."{runtime}".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    runtime_path = "{binary("containerd-shim-runc-v2")}"
    [plugins."{runtime}".containerd.runtimes.runc.options]
      BinaryName = "{shutil.which("runc")}"
"""


def cni() -> str:
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": SUBNET}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "hairpinMode": True, "ipam": addresses}
    return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]})


def kubelet(folder: Path, pki: Path) -> str:
    config: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": ADDRESS,
        "tlsCertFile": f"{pki}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{pki}/kubelet-server.key",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "healthzPort": 0,
        "registerWithTaints": [{"key": "test/real", "value": "true", "effect": "NoSchedule"}],
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "oomScoreAdj": 0,  # see restrict_oom_score_adj
        "makeIPTablesUtilChains": False,  # it would leave them behind
        "clusterDNS": [ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": "",
        "podLogsDir": f"{folder}/pod-logs",
        "volumePluginDir": f"{folder}/volume-plugins",
        # The disk is the test machine's: its fill level is no reason to evict pods.
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%"},
        "imageGCHighThresholdPercent": 100,
    }
    return json.dumps(config)


def kube_proxy(kubeconfig: Path) -> str:
    config = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig)},
        "mode": "nftables",
        "hostnameOverride": NAME,
        "bindAddress": ADDRESS,
        "clusterCIDR": SUBNET,
        "healthzBindAddress": f"{ADDRESS}:10256",
        "metricsBindAddress": f"{ADDRESS}:10249",
        # The host's connection tracking stays as it is.
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
    return json.dumps(config)


def coredns(kubeconfig: Path) -> str:
    return f"""
.:53 {{
    bind {ADDRESS}
    errors
    ready {ADDRESS}:8181
    kubernetes cluster.local {{
        kubeconfig {kubeconfig}
    }}
}}
"""
