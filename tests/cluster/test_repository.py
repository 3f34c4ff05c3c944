"""The repository's own services, one on CPUs and one on GPUs, from their first update to their end."""

import json
import shutil
from pathlib import Path

import pytest
from cluster.services import DIGEST
from ruamel.yaml import YAML
from support.console import Console

pytestmark = pytest.mark.timeout(900)  # a dozen updates, each with the policies

STACKS = Path(__file__).parents[2] / "stacks"
POOL = {
    "name": "l4",
    "kind": "nvidia-l4",
    "selector": {"nvidia.com/gpu.product": "NVIDIA-L4"},
    "gpusPerNode": 4,
}
GATEWAY_API = "gateway.networking.k8s.io/v1"


@pytest.fixture
def stack(cluster, crds, registry, tmp_path):
    """The stack of the environment `onprem` on the test's cluster, without the trial that it begins with."""
    onprem = YAML(typ="safe").load(STACKS / "environments" / "Pulumi.onprem.yaml")["config"]
    image = f"{registry}/models/modelport-server@{DIGEST}"
    config = {
        **onprem,
        "kubernetes:kubeconfig": str(cluster.kubeconfig),
        "kubernetes:context": json.loads(cluster.kubeconfig.read_text())["current-context"],
        "modelport:image": image,
        "modelport:gpuImage": image,
        "modelport:gpuPools": {"pools": [POOL]},
        "modelport:existing": {**onprem["modelport:existing"], "registry": f"{registry}/models"},
    }
    del config["modelport:releases"]
    with Console(tmp_path / "project") as console:
        for name in ("services", "models"):
            shutil.copytree(STACKS / name, console.folder / name)
        shutil.copy(STACKS / "__main__.py", console.folder)
        YAML().dump({"config": config}, console.folder / "Pulumi.dev.yaml")
        yield console
        console.destroy()


@pytest.fixture
def modelport(stack):
    """Run a command that has to succeed."""

    def modelport(*words):
        answer = stack.run(*words, "-s", "dev")
        assert answer.code == 0, answer.err
        return answer

    return modelport


def test_a_service_on_cpus_and_one_on_gpus_live_their_lives(cluster, stack, modelport):
    def nodes(service):
        pods = cluster.api.list("v1", "Pod", f"{service}-dev")
        return {pod["spec"]["nodeName"].partition("-")[0] for pod in pods}

    def shares():
        (route,) = cluster.api.list(GATEWAY_API, "HTTPRoute", "vision-dev")
        (rule,) = route["spec"]["rules"]
        return {each["name"]: each["weight"] for each in rule["backendRefs"]}

    modelport("up", "--yes")
    assert (nodes("digits"), nodes("vision")) == ({"cpu"}, {"l4"})
    assert set(stack.up().changes) == {"same"}

    vision = stack.folder / "services" / "vision.yaml"
    vision.write_text(vision.read_text().replace("cpu: 2", "cpu: 1"))
    modelport("up", "--yes")
    (deployment,) = cluster.api.list("apps/v1", "Deployment", "vision-dev")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] == "1"
    assert deployment["status"]["updatedReplicas"] == deployment["status"]["replicas"]

    modelport("rollout", "start", "vision", "--source", "../models/vision-2.onnx", "--yes")
    modelport("rollout", "step", "vision", "--weight", "10", "--yes")
    assert shares() == {"vision-dev": 90, "vision-dev-green": 10}
    modelport("rollout", "promote", "vision", "--yes")
    assert shares() == {"vision-dev": 100}
    assert (nodes("digits"), nodes("vision")) == ({"cpu"}, {"l4"})
    assert set(stack.up().changes) == {"same"}

    assert stack.destroy().exit_code == 0
    left = {each["metadata"]["name"] for each in cluster.api.list("v1", "Namespace")}
    assert not left & {"digits-dev", "vision-dev"}
