from __future__ import annotations

from modelport.providers.artifact import ArtifactBundle, ArtifactImage
from modelport.providers.crud import Crud
from modelport.providers.local import LocalServer
from modelport.providers.sagemaker import SageMakerModelPackage, SageMakerSmokeTest, SageMakerVariants, SageMakerWeights
from modelport.providers.vertex import VertexDeployedModel, VertexModel, VertexTrafficSplit

KINDS: tuple[Crud, ...] = (
    *(LocalServer(), ArtifactImage(), ArtifactBundle()),
    *(SageMakerModelPackage(), SageMakerSmokeTest(), SageMakerVariants(), SageMakerWeights()),
    *(VertexModel(), VertexDeployedModel(), VertexTrafficSplit()),
)
RESOURCES: dict[str, Crud] = {resource.kind: resource for resource in KINDS}
