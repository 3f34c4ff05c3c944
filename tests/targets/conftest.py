import pulumi
import pytest
from support.aws.kinds import REGION
from support.aws.program import AwsProgram
from support.gcp import program as gcp
from support.models import save, scaling
from support.program import Program

from modelport import Environment, KubernetesService, LocalService, ModelServiceArgs, SageMakerService, VertexService
from modelport.spec import Metadata, Model, ModelSpec

IMAGE = f"registry.example/models/modelport-server@sha256:{'a' * 64}"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project folder, the current one, with the service file `fraud.yaml` and its model."""
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "fraud.yaml").write_text("metadata: {name: fraud, owner: risk}\nmodel: {source: double.onnx}\n")
    save(scaling(2.0), tmp_path / "double.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def args(project):
    """Make the arguments of a service: sections of its spec and parts of its environment by keyword."""

    def args(environment=None, **sections):
        sections = {"metadata": Metadata(name="fraud", owner="risk"), "model": Model(source="double.onnx"), **sections}
        return ModelServiceArgs(
            ModelSpec(**sections),
            Environment(**{"stack": "dev", "targets": ("local",), "environment": "dev", **(environment or {})}),
        )

    return args


@pytest.fixture
def local(args):
    """Run a program of one `LocalService` named `fraud`."""

    def local(environment=None, **sections):
        given = args(environment, **sections)
        return Program.run(lambda: LocalService("fraud", given).outputs)

    return local


@pytest.fixture
def kubernetes(args):
    """Run a program of one `KubernetesService` named `fraud` in a stack that has what it needs, and `environment`."""

    def kubernetes(environment=None, **sections):
        given = {"image": IMAGE, **(environment or {})}
        given["existing"] = {"registry": "registry.example/models", **given.get("existing", {})}
        service = args(given, **sections)
        return Program.run(lambda: KubernetesService("fraud", service).outputs, {"kubernetes:context": "test"})

    return kubernetes


@pytest.fixture
def sagemaker(args):
    """Run a program of one `SageMakerService` named `fraud` in a stack that names an image, and `environment`."""

    def sagemaker(environment=None, **sections):
        service = args({"image": IMAGE, **(environment or {})}, **sections)
        return AwsProgram.run(lambda: SageMakerService("fraud", service).outputs, {"aws:region": REGION})

    return sagemaker


@pytest.fixture
def vertex(args):
    """Run a program of one `VertexService` named `fraud` in a stack that names an image, and `environment`."""

    def vertex(environment=None, **sections):
        service = args({"image": IMAGE, **(environment or {})}, **sections)
        return gcp.GcpProgram.run(lambda: VertexService("fraud", service).outputs, {"gcp:region": gcp.REGION})

    return vertex


@pytest.fixture
def refusal(args):
    """Why a service is refused by SageMaker; nothing may be registered before."""

    def refusal(environment=None, config=None, **sections):
        service, told = args({"image": IMAGE, **(environment or {})}, **sections), []

        def run():
            with pytest.raises(pulumi.RunError) as failed:
                SageMakerService("fraud", service)
            told.append(str(failed.value))

        program = AwsProgram.run(run, {"aws:region": REGION} if config is None else config)
        assert program.requests == []
        return told[0]

    return refusal


@pytest.fixture
def releases(project):
    """The releases of `fraud` with a candidate, and its shares by keyword."""
    save(scaling(3.0), project / "triple.onnx")
    live = {"stable": {"source": "double.onnx"}, "candidate": {"source": "triple.onnx"}}
    return lambda **shares: {"fraud": {**live, **shares}}


@pytest.fixture
def sagemaker_release(sagemaker, releases):
    """Run a program of one `SageMakerService` named `fraud` with a candidate, and parts of its release by keyword."""

    def sagemaker_release(weight=0, environment=None, mirror=0, **sections):
        return sagemaker({"releases": releases(weight=weight, mirror=mirror), **(environment or {})}, **sections)

    return sagemaker_release
