from importlib import import_module

import pytest
from support.models import save, scaling
from support.parity import Subject
from support.values import DIGEST

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
NEEDS = {
    "kubernetes": (
        {
            "image": f"registry.example/server@{DIGEST}",
            "existing": {"registry": "registry.example/models"},
            "gpuPools": {"pools": POOLS},
        },
        {"kubernetes:context": "test"},
    )
}
"""What a stack has to say of a target before it runs anything there."""


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
