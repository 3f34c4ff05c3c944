"""What Pulumi's AWS provider does not do: versions in the registry, the first requests to an endpoint, its weights."""

from .endpoint import LiveEndpoint
from .model_package import SageMakerModelPackage
from .smoke_test import SageMakerSmokeTest
from .weights import SageMakerWeights

__all__ = ["LiveEndpoint", "SageMakerModelPackage", "SageMakerSmokeTest", "SageMakerWeights"]
