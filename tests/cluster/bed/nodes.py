"""The simulated nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# By accelerator kind of the config: product, memory (MiB), family and compute capability, as NVIDIA's GPU feature
# discovery labels them.
GPUS = {
    "nvidia-t4": ("Tesla-T4", 15360, "turing", "7.5"),
    "nvidia-l4": ("NVIDIA-L4", 23034, "ada-lovelace", "8.9"),
    "nvidia-a10": ("NVIDIA-A10", 23028, "ampere", "8.6"),
    "nvidia-a10g": ("NVIDIA-A10G", 23028, "ampere", "8.6"),
    "nvidia-l40s": ("NVIDIA-L40S", 46068, "ada-lovelace", "8.9"),
    "nvidia-v100": ("Tesla-V100-SXM2-16GB", 16384, "volta", "7.0"),
    "nvidia-a100-40gb": ("NVIDIA-A100-SXM4-40GB", 40960, "ampere", "8.0"),
    "nvidia-a100-80gb": ("NVIDIA-A100-SXM4-80GB", 81920, "ampere", "8.0"),
    "nvidia-h100-80gb": ("NVIDIA-H100-80GB-HBM3", 81559, "hopper", "9.0"),
    "nvidia-h200-141gb": ("NVIDIA-H200", 143771, "hopper", "9.0"),
}
MIG_CAPABLE = ("8.0", "9.0")
GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
MACHINE = {"cpu": "32", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "110"}


@dataclass(frozen=True)
class Node:
    """A machine of 32 cores and 256 GiB.

    Attributes:
        gpu: the accelerator kind of its GPUs, as the config names it; None is a machine without.
        count: how many there are.
        zone: where it is.
        taints: those of its spec; None is GPU_TAINT on a machine with GPUs. (Feature discovery sets none; clusters do.)
        labels: more of them, or others; None removes one.
        capacity: more resources, or others, such as {"nvidia.com/gpu": "0", "nvidia.com/mig-1g.10gb": "7"}.
    """

    name: str
    gpu: str | None = None
    count: int = 4
    zone: str = "test-a"
    taints: tuple[Mapping[str, str], ...] | None = None
    labels: Mapping[str, str | None] = field(default_factory=dict)
    capacity: Mapping[str, str] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        """The Node object that kwok answers for."""
        capacity = {**MACHINE, **({"nvidia.com/gpu": str(self.count)} if self.gpu else {}), **self.capacity}
        labels = {**_machine_labels(self), **(_gpu_labels(self.gpu, self.count) if self.gpu else {}), **self.labels}
        taints = self.taints if self.taints is not None else [GPU_TAINT] if self.gpu else []
        annotations = {
            "kwok.x-k8s.io/node": "fake",
            "metrics.k8s.io/resource-metrics-path": f"/metrics/nodes/{self.name}/metrics/resource",
        }
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": self.name,
                "labels": {name: value for name, value in labels.items() if value is not None},
                "annotations": annotations,
            },
            "spec": {"taints": list(taints)},
            "status": {"capacity": capacity, "allocatable": capacity},
        }


NODES = (
    Node("cpu-0"),
    Node("cpu-1", zone="test-b"),
    Node("l4-0", "nvidia-l4"),
    Node("l4-1", "nvidia-l4", zone="test-b"),
    Node("h100-0", "nvidia-h100-80gb"),
)


def ready(nodes: list[dict[str, Any]]) -> set[str]:
    """The names of those Node objects on which pods can start."""
    return {node["metadata"]["name"] for node in nodes if _is_ready(node)}


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = {each["type"]: each["status"] for each in node["status"].get("conditions", [])}
    taints = {each["key"] for each in node["spec"].get("taints", [])}
    return conditions.get("Ready") == "True" and "node.kubernetes.io/not-ready" not in taints


def _machine_labels(node: Node) -> dict[str, str]:
    return {
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": node.zone,
    }


def _gpu_labels(kind: str, count: int) -> dict[str, str]:
    product, memory, family, capability = GPUS[kind]
    major, minor = capability.split(".")
    return {
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.count": str(count),
        "nvidia.com/gpu.product": product,
        "nvidia.com/gpu.family": family,
        "nvidia.com/gpu.memory": str(memory),
        "nvidia.com/gpu.compute.major": major,
        "nvidia.com/gpu.compute.minor": minor,
        "nvidia.com/gpu.replicas": "1",
        "nvidia.com/gpu.sharing-strategy": "none",
        "nvidia.com/mig.capable": str(capability in MIG_CAPABLE).lower(),
        "nvidia.com/cuda.driver-version.full": "570.86.15",
        "nvidia.com/cuda.runtime-version.full": "12.8",
    }
