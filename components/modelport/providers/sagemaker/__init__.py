"""What Pulumi's AWS provider does not do: versions in the registry; first requests, variants, weights of endpoints."""

from .endpoint import LiveEndpoint
from .model_package import SageMakerModelPackage
from .smoke_test import SageMakerSmokeTest
from .variants import SageMakerVariants
from .weights import SageMakerWeights

__all__ = ["LiveEndpoint", "SageMakerModelPackage", "SageMakerSmokeTest", "SageMakerVariants", "SageMakerWeights"]
