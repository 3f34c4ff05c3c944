"""What Pulumi's AWS provider does not do: versions in the registry, and the first requests to an endpoint."""

from .endpoint import LiveEndpoint
from .model_package import SageMakerModelPackage
from .smoke_test import SageMakerSmokeTest

__all__ = ["LiveEndpoint", "SageMakerModelPackage", "SageMakerSmokeTest"]
