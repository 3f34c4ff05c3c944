"""Objects that tests give to a cluster."""

from __future__ import annotations

from typing import Any

IMAGE = "registry.test/app:1"  # simulated nodes take any
MISSING_IMAGE = "registry.invalid/app:1"  # and this for one that cannot be pulled
GPU_TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists"}


def pod(name: str, namespace: str, image: str = IMAGE, resources: dict[str, str] | None = None, **spec: Any) -> dict:
    """A pod of one container, with limits."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [container(image, resources)], **spec},
    }


def deployment(
    name: str, namespace: str, replicas: int = 1, annotations: dict[str, str] | None = None, **of_pod: Any
) -> dict:
    """A deployment of pods with the label `app`; the rest is what `pod` takes."""
    labels = {"app": name}
    template = pod(name, namespace, **of_pod)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": 5,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations or {}}, "spec": template["spec"]},
        },
    }


def container(image: str = IMAGE, resources: dict[str, str] | None = None) -> dict:
    limits = resources or {"cpu": "100m", "memory": "64Mi"}
    return {"name": "app", "image": image, "resources": {"limits": limits}}
