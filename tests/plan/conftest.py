import pytest

from modelport.plan import OWN, UNBUILT, Machine, TagRule, Target, approximated, emulated, native, native_but, refused
from modelport.spec import Environment, Memory, load_service

FRAUD = "metadata: {name: fraud}\nmodel: {source: fraud.onnx}\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Loads a service file of the required fields and the given text."""
    monkeypatch.chdir(tmp_path)

    def write(text="", **options):
        (tmp_path / "fraud.yaml").write_text(FRAUD + text)
        return load_service("fraud.yaml", **options)

    return write


@pytest.fixture
def environment():
    return Environment(stack="dev", targets=("local",))


@pytest.fixture
def cloud():
    """A target with a row of each level and two machine types."""
    rows = {
        "metadata.name": native("Create.Name", source="manual"),
        "metadata.owner": native("Create.Tags.Owner", source="manual"),
        "model.source": native("Create.Model", source="manual"),
        "compute.cpu": native("Create.Type", source="manual"),
        "compute.memory": native("Create.Type", source="manual"),
        "request.timeout": emulated("Proxy.Timeout", adds="a proxy", source="manual"),
        "scaling.target.value": approximated("Scale.Target", differs="it counts whole requests", source="manual"),
        "security.auth": native_but(
            "Create.Auth", only=("none", "bearer"), reason="it knows nobody", instead="bearer", source="manual"
        ),
        "monitoring.drift.enabled": approximated("Watch", differs="it samples", source="manual", always=False),
        "scaling.scaleToZero": refused("it keeps an instance", instead="mode: async", always=False),
        "scaling.min": refused("it runs one", instead="two services", always=1),
    }
    machines = (Machine("small", 2, Memory.parse("4Gi")), Machine("large", 8, Memory.parse("32Gi")))
    rule = TagRule(128, 256, r"[^\w -]")
    return Target("cloud", {**UNBUILT, **OWN, **rows}, name_length=24, tag_rule=rule, machines=machines)
