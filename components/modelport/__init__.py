"""One config describes a model-serving service; the same config gives an equivalent stack on several targets."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelport.errors import ModelportError
    from modelport.spec import Environment, ModelSpec
    from modelport.targets.args import ModelServiceArgs
    from modelport.targets.artifact import ArtifactBundle, ArtifactImage
    from modelport.targets.kubernetes.gpus.pools import GpuPools
    from modelport.targets.kubernetes.target import KubernetesService
    from modelport.targets.local.target import LocalService
    from modelport.targets.provider import Provider
    from modelport.targets.sagemaker.target import SageMakerService
    from modelport.targets.service import ModelService
    from modelport.targets.vertex.target import VertexService

__all__ = [
    "ArtifactBundle",
    "ArtifactImage",
    "Environment",
    "GpuPools",
    "KubernetesService",
    "LocalService",
    "ModelService",
    "ModelServiceArgs",
    "ModelSpec",
    "ModelportError",
    "Provider",
    "SageMakerService",
    "VertexService",
]

_HOMES = {
    "ArtifactBundle": "modelport.targets.artifact",
    "ArtifactImage": "modelport.targets.artifact",
    "Environment": "modelport.spec",
    "GpuPools": "modelport.targets.kubernetes.gpus.pools",
    "KubernetesService": "modelport.targets.kubernetes.target",
    "LocalService": "modelport.targets.local.target",
    "ModelService": "modelport.targets.service",
    "ModelServiceArgs": "modelport.targets.args",
    "ModelSpec": "modelport.spec",
    "ModelportError": "modelport.errors",
    "Provider": "modelport.targets.provider",
    "SageMakerService": "modelport.targets.sagemaker.target",
    "VertexService": "modelport.targets.vertex.target",
}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used: `import modelport` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
