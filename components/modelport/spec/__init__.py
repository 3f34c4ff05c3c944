"""The one config as types: what a service file and a stack file may say."""

from .accept import Accepted
from .budget import Money
from .compute import Accelerator, Compute
from .environment import Environment, Existing, Patch, Release, Releases
from .governance import Governance
from .metadata import Metadata
from .model import Batching, Model, Pipeline, Signature
from .monitoring import Alerts, Capture, Drift, Monitoring, Retraining
from .quantity import Duration, Memory
from .request import Request
from .rollout import Rollout
from .scaling import Scaling, ScalingTarget, Window
from .security import Security
from .service import ModelSpec
from .serving import Protocols, Serving
from .slo import LatencyObjective, Slo

__all__ = [
    "Accelerator",
    "Accepted",
    "Alerts",
    "Batching",
    "Capture",
    "Compute",
    "Drift",
    "Duration",
    "Environment",
    "Existing",
    "Governance",
    "LatencyObjective",
    "Memory",
    "Metadata",
    "Model",
    "ModelSpec",
    "Money",
    "Monitoring",
    "Patch",
    "Pipeline",
    "Protocols",
    "Release",
    "Releases",
    "Request",
    "Retraining",
    "Rollout",
    "Scaling",
    "ScalingTarget",
    "Security",
    "Serving",
    "Signature",
    "Slo",
    "Window",
]
