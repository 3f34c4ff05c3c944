"""The one config: what a service file and a stack file may say, as types; loaded, checked, explained and dumped."""

from .accept import Accepted
from .budget import Money
from .compute import Accelerator, Compute
from .dump import dump
from .environment import Environment, Patch
from .existing import Existing
from .explain import Leaf, explain
from .fields import leaf_fields, leaf_values, written
from .governance import Governance
from .gpu_pools import GpuPool, GpuPools
from .load import Loaded, Origin, load_environment, load_service, read_stack, stack_name
from .metadata import Metadata
from .model import Batching, Model, Pipeline, Signature
from .monitoring import Alerts, Capture, Drift, Monitoring, Retraining
from .problem import ConfigError, Problem, did_you_mean, nearest
from .quantity import Duration, Memory
from .releases import Release, Releases
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
    "ConfigError",
    "Drift",
    "Duration",
    "Environment",
    "Existing",
    "Governance",
    "GpuPool",
    "GpuPools",
    "LatencyObjective",
    "Leaf",
    "Loaded",
    "Memory",
    "Metadata",
    "Model",
    "ModelSpec",
    "Money",
    "Monitoring",
    "Origin",
    "Patch",
    "Pipeline",
    "Problem",
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
    "did_you_mean",
    "dump",
    "explain",
    "leaf_fields",
    "leaf_values",
    "load_environment",
    "load_service",
    "nearest",
    "read_stack",
    "stack_name",
    "written",
]
