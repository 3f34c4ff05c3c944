"""Endpoints of SageMaker as they are, and what Pulumi's provider does not do: the first requests to one."""

from .endpoint import LiveEndpoint
from .smoke_test import SageMakerSmokeTest

__all__ = ["LiveEndpoint", "SageMakerSmokeTest"]
