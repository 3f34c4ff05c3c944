from importlib import import_module

import pytest
from support.models import save, scaling
from support.parity import Subject
from support.values import CANDIDATE, DIGEST

from modelport.targets import load

POOLS = [
    {"name": "t4", "kind": "nvidia-t4", "selector": {"gpu": "t4"}, "gpusPerNode": 4},
    {"name": "l4", "kind": "nvidia-l4", "selector": {"gpu": "l4"}, "gpusPerNode": 4},
    {
        "name": "shared",
        "kind": "nvidia-t4",
        "selector": {"gpu": "t4-shared"},
        "gpusPerNode": 4,
        "sharing": "time-slicing",
        "replicas": 4,
    },
]
ACCOUNT = "111111111111"
SAGEMAKER = {
    "compute.cpu": (2, 16),
    "compute.memory": ("2Gi", "100Gi"),
    "compute.machine": ("ml.m7i.large", "ml.m7i.xlarge"),
    "compute.accelerator.count": (1, 4),
    **dict.fromkeys(
        ("serving.image", "releases.stable.image", "releases.candidate.image"),
        tuple(f"registry.example/{name}@{DIGEST}" for name in ("one", "two")),
    ),
    "existing.topic": tuple(f"arn:aws:sns:eu-central-1:{ACCOUNT}:{name}" for name in ("one", "two")),
    "existing.key": tuple(f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/{name}" for name in ("one", "two")),
    "existing.role": tuple(f"arn:aws:iam::{ACCOUNT}:role/{name}" for name in ("one", "two")),
    "existing.permissionsBoundary": tuple(f"arn:aws:iam::{ACCOUNT}:policy/{name}" for name in ("one", "two")),
}
WATCHED = {
    **{f"existing.{name}": {} for name in ("role", "runbooks", "topic")},
    **{f"slo.{name}": {} for name in ("availability", "latency.p50", "latency.p95", "latency.p99")},
    **{f"monitoring.alerts.{name}": {} for name in ("enabled", "notify", "modelAge")},
}
"""What a cloud watches without more."""
COMPANIONS = {
    **WATCHED,
    "existing.topic": {"mode": "async"},
    **dict.fromkeys(("releases.weight", "releases.mirror"), CANDIDATE),
    "releases.unwaited": {**CANDIDATE, "releases.weight": 10},
    "monitoring.capture.retention": {"monitoring.capture.percent": 10},
    "scaling.target.metric": {},
    "scaling.schedule": {},
    "scaling.scaleToZero": {"mode": "async"},
    "request.concurrency": {"mode": "async"},
    "existing.subnets": {"existing.securityGroups": ["group"]},
    "existing.securityGroups": {"existing.subnets": ["subnet"]},
}
VERTEX = {
    "compute.cpu": (2, 16),
    "compute.memory": ("2Gi", "100Gi"),
    "compute.machine": ("n2-standard-4", "n2-standard-8"),
    "compute.accelerator.count": (1, 4),
    "scaling.target.metric": ("cpu", "requestsPerSecond"),
    "security.auth": ("platform", "none"),
    "mode": ("realtime", "batch"),
    **dict.fromkeys(
        ("serving.image", "releases.stable.image", "releases.candidate.image"),
        tuple(f"registry.example/{name}@{DIGEST}" for name in ("one", "two")),
    ),
    "existing.topic": tuple(f"projects/shop-prod/notificationChannels/{number}" for number in (1, 2)),
    "existing.key": tuple(
        f"projects/shop-prod/locations/europe-west4/keyRings/ring/cryptoKeys/{name}" for name in ("one", "two")
    ),
    "existing.role": tuple(f"{name}@shop-prod.iam.gserviceaccount.com" for name in ("one", "two")),
    "existing.bucket": ("gs://models/one", "gs://models/two"),
    "existing.registry": tuple(f"europe-west4-docker.pkg.dev/shop-prod/{name}" for name in ("one", "two")),
}
VERTEX_COMPANIONS = {
    **WATCHED,
    **{name: {} for name in ("security.exposure", "security.auth")},
    "existing.vpc": {"existing.subnets": ["subnet"]},
    "existing.subnets": {"existing.vpc": "network"},
    **dict.fromkeys(("releases.weight", "releases.mirror"), CANDIDATE),
    "monitoring.capture.retention": {"monitoring.capture.percent": 10},
    "scaling.target.metric": {},
}
NEEDS = {
    "kubernetes": (
        {
            "image": f"registry.example/server@{DIGEST}",
            "existing": {"registry": "registry.example/models"},
            "gpuPools": {"pools": POOLS},
        },
        {"kubernetes:context": "test"},
    ),
    "sagemaker": (
        {"image": f"registry.example/server@{DIGEST}"},
        {"aws:region": "eu-central-1"},
        SAGEMAKER,
        COMPANIONS,
    ),
    "vertex": (
        {"image": f"registry.example/server@{DIGEST}"},
        {"gcp:region": "europe-west4"},
        VERTEX,
        VERTEX_COMPANIONS,
    ),
}
"""What a stack has to say of a target before it runs anything there, and what else its fields say there."""


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A project folder with the models that the values name."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "Pulumi.yaml").write_text("name: parity\nruntime: python\n")
    for name, factor in (("double", 2.0), ("triple", 3.0)):
        save(scaling(factor), folder / f"{name}.onnx")
    return folder


@pytest.fixture
def subject(project, monkeypatch):
    """The target of a name with its component, in the project's folder."""
    monkeypatch.chdir(project)

    def subject(name):
        component = import_module(f"modelport.targets.{name}.target").COMPONENT
        return Subject(load(name), component, *NEEDS.get(name, ()))

    return subject
