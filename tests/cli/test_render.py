"""`render` and `images`: a stack of the target `kubernetes` as files, without a cluster."""

import json

import pytest
from ruamel.yaml import YAML
from support import clouds
from support.console import PROGRAM, Console
from support.kubernetes_page import exemptions
from support.models import save, scaling

from modelport.providers.artifact.reference import Reference
from modelport.providers.artifact.repository import Repository

DIGEST = f"sha256:{'a' * 64}"
PLUGIN = f"registry.example/device-plugin@{DIGEST}"
POOL = {"name": "l4", "kind": "nvidia-l4", "nodes": ["gpu-1"], "gpusPerNode": 4, "taint": True}
WITH_POOLS = PROGRAM.replace("import ModelService", "import GpuPools, ModelService\n\nGpuPools.of_stack()")
OWN = """
import pulumi
import pulumi_kubernetes as k8s

given = pulumi.Config("modelport")
k8s.core.v1.ConfigMap("own", metadata={"name": "own", "namespace": "made"}, data={"greeting": given.get("greeting")})
labels = {"pod-security.kubernetes.io/enforce": "restricted"}
k8s.core.v1.Namespace("made", metadata={"name": "made", "labels": labels})
"""
NOT_FOR_FILES = """
from modelport import ArtifactImage

image = ArtifactImage("image", {"source": "r.example/a:1", "digest": given.get("digest"), "repository": "r.example/b"})
k8s.core.v1.ConfigMap("named", data={"a": "b"})
k8s.core.v1.ConfigMap("late", metadata={"name": "late"}, data={"platforms": image.size.apply(str)})
k8s.core.v1.Secret("hidden", metadata={"name": "hidden"}, string_data={"password": "hunter2"})
"""


class Cluster(Console):
    """A console whose stack runs on Kubernetes; nobody is at its cluster's address."""

    def configure(self, program=PROGRAM, **config):
        registry = config.pop("registry", "registry.example/models")
        config = {"target": "kubernetes", "image": f"registry.example/models/server@{DIGEST}", **config}
        config["existing"] = {"registry": registry, **config.get("existing", {})}
        super().configure(**config)
        stack = json.loads((self.folder / "Pulumi.dev.yaml").read_text())
        stack["config"]["kubernetes:context"] = "nobody-has-this"
        self.write("Pulumi.dev.yaml", json.dumps(stack))
        self.write("__main__.py", program)

    def render(self, *words):
        return self.run("render", "-s", "dev", "-o", "deploy", *words)

    def files(self):
        folder = self.folder / "deploy"
        return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}

    def objects(self):
        read = {name: YAML(typ="safe").load(text) for name, text in self.files().items()}
        return [read[name] for name in read["kustomization.yaml"]["resources"]]


@pytest.fixture
def console(tmp_path):
    with Cluster(tmp_path / "project") as console:
        yield console


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """A stack with a service on GPUs that was written down, and what was said."""
    with Cluster(tmp_path_factory.mktemp("rendered") / "project") as console:
        pools = {"pools": [POOL], "devicePlugin": PLUGIN}
        console.configure(WITH_POOLS, gpuPools=pools)
        console.add("fraud.yaml", "compute: {accelerator: {kind: nvidia-l4}}\nscaling: {min: 1, max: 2}")
        (console.folder / "policies").mkdir()
        console.write("policies/exemptions.yaml", json.dumps(exemptions()))
        yield console, console.render()


def test_each_object_is_a_file_in_an_order_in_which_it_can_be_applied(rendered):
    console, answer = rendered
    assert answer.code == 0, answer.err
    objects = console.objects()
    kinds = [each["kind"] for each in objects]
    assert kinds[:2] == ["Namespace", "Namespace"]
    assert max(map(kinds.index, ("ConfigMap", "ServiceAccount", "PriorityClass"))) < kinds.index("Deployment")
    assert kinds.index("Deployment") < kinds.index("HorizontalPodAutoscaler")
    assert "replicas" not in objects[kinds.index("Deployment")]["spec"], "they are the autoscaler's"
    listed = YAML(typ="safe").load(console.files()["kustomization.yaml"])
    assert (listed["kind"], listed["sortOptions"]) == ("Kustomization", {"order": "fifo"})
    assert sorted(console.files()) == sorted([*listed["resources"], "kustomization.yaml", "patches/node-gpu-1.yaml"])


def test_marks_of_nodes_are_beside_the_kustomization(rendered):
    console, answer = rendered
    text = console.files()["patches/node-gpu-1.yaml"]
    assert YAML(typ="safe").load(text) == {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "gpu-1", "labels": {"modelport/pool": "l4-dev"}},
        "spec": {"taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]},
    }
    assert "kubectl apply --server-side --field-manager=modelport -f patches\n" in text
    assert "--field-manager=modelport -f deploy/patches" in answer.err


def test_it_is_said_what_has_to_be_there_before_and_what_comes_next(rendered):
    _, answer = rendered
    assert "1 artefact to be in registries and stores before: modelport images -s dev --copy" in answer.err
    assert answer.out.splitlines()[-1] == "next: kubectl apply --server-side -k deploy"


def test_images_lists_what_nodes_and_pods_take(rendered):
    console, _ = rendered
    answer = console.run("images", "--json")
    assert answer.code == 0, answer.err
    deployment, daemon = "Deployment fraud-dev/fraud-dev-blue", "DaemonSet gpupools-dev-"
    images = {each["place"]: each for each in answer.json["images"]}
    assert set(images) == {f"registry.example/models/server@{DIGEST}", PLUGIN}
    assert images[f"registry.example/models/server@{DIGEST}"]["users"] == [deployment]
    assert images[PLUGIN]["digest"] == DIGEST
    assert images[PLUGIN]["users"][0].startswith(daemon)
    (bundle,) = answer.json["bundles"]
    assert bundle["place"].startswith("oci://registry.example/models/fraud@sha256:")
    assert bundle["origin"].endswith(bundle["digest"].removeprefix("sha256:"))
    assert bundle["users"] == [deployment]


def test_a_change_is_the_change_of_the_files_that_it_is_about(console):
    console.configure()
    console.render()
    before = console.files()
    assert {line.split()[-1] for line in console.render().out.splitlines()[:-1]} == {"unchanged"}
    assert console.files() == before
    (console.folder / "deploy" / "own.yaml").write_text("mine")
    console.add("fraud.yaml", "request: {timeout: 7s}")
    answer = console.render()
    states = dict(line.split() for line in answer.out.splitlines()[:-1])
    settings = [name for name in states if "configmap" in name]
    assert sorted(states[name] for name in settings) == ["removed", "written"]
    assert states["deploy/service-fraud-dev.yaml"] == "unchanged"
    assert console.files()["own.yaml"] == "mine"


def test_what_is_secret_or_comes_later_is_refused_with_its_place(console):
    console.configure(OWN + NOT_FOR_FILES, greeting="hunter2", digest=DIGEST)
    answer = console.render()
    assert answer.code == 2
    told = [line.strip() for line in answer.err.splitlines()]
    assert "hidden (kubernetes:core/v1:Secret): data is secret" in told
    assert "late (kubernetes:core/v1:ConfigMap): data.platforms is known only after an update" in told
    assert any(line.startswith("named (kubernetes:core/v1:ConfigMap): metadata.name is missing") for line in told)
    assert "modelport:existing" in told[-1]
    assert "hunter2" not in answer.err + answer.out
    assert not (console.folder / "deploy").exists()


def test_a_secret_of_the_config_is_one_however_the_program_reads_it(console):
    from modelport_engine.projects.stack_config import set_value
    from modelport_engine.state.secrets import Secrets

    console.configure(OWN)
    secrets = Secrets(console.env["PULUMI_CONFIG_PASSPHRASE"])
    set_value(console.folder / "Pulumi.dev.yaml", "modelport:greeting", "hunter2", secrets)
    answer = console.render()
    assert answer.code == 2
    assert "own (kubernetes:core/v1:ConfigMap): data.greeting is secret" in answer.err
    console.env.pop("PULUMI_CONFIG_PASSPHRASE")
    answer = console.render()
    assert answer.code == 2
    assert "own (kubernetes:core/v1:ConfigMap): data.greeting is known only after an update" in answer.err


def test_a_namespace_comes_before_what_is_in_it(console):
    console.configure(OWN, greeting="known")
    assert console.render().code == 0
    assert [each["kind"] for each in console.objects()] == ["Namespace", "ConfigMap"]


def test_only_objects_of_one_cluster_can_be_written(console):
    Console.configure(console)
    answer = console.render()
    assert answer.code == 2
    assert "has what is no object of a cluster: fraud-local-server (modelport:local:Server)" in answer.err
    far = '{"name": "far", "labels": labels}'
    elsewhere = f'k8s.core.v1.Namespace("far", metadata={far}, opts=pulumi.ResourceOptions(provider=other))\n'
    console.configure(f'{OWN}other = k8s.Provider("other", context="b")\n{elsewhere}', greeting="a")
    answer = console.render()
    assert answer.code == 2
    assert "has objects of 2 clusters" in answer.err
    console.configure("")
    assert "has no object of a cluster" in console.render().err


def test_a_mandatory_violation_stops_it_as_it_stops_up(console):
    patch = {"spec": {"template": {"spec": {"securityContext": {"runAsNonRoot": False}}}}}
    console.configure(resources={"fraud-kubernetes-server-blue": {"properties": patch}})
    answer = console.render()
    assert answer.code == 3
    assert answer.err.splitlines()[-1] == "nothing was written"
    assert not (console.folder / "deploy").exists()


@pytest.mark.parametrize(
    ("shares", "warned"), [({"weight": 0}, 0), ({"weight": 10}, 1), ({"weight": 0, "mirror": 20}, 1)]
)
def test_a_candidate_that_gets_requests_before_its_pods_are_ready_is_told(console, shares, warned):
    save(scaling(3.0), console.folder / "next.onnx")
    live = {"stable": {"source": "model.onnx"}, "candidate": {"source": "next.onnx"}, **shares}
    gateway = {"domain": "models.example.com", "internalGateway": "edge/lan/https"}
    asking = {"modelport-policies:parameters": {"IDN-01": {"gateways": ["edge/lan"]}}}
    console.configure(releases={"fraud": live}, existing=gateway, **asking)
    service = (console.folder / "fraud.yaml").read_text()
    console.write("fraud.yaml", service.replace("internal}", "internal, exposure: internal, auth: none}"))
    answer = console.render()
    assert answer.code == 0, answer.err
    told = [line for line in answer.err.splitlines() if line.startswith("fraud  ")]
    assert len(told) == warned
    assert all("does not wait for the candidate's pods" in line for line in told)
    assert all(line.endswith("modelport rollout step fraud -s dev --weight 0 --no-up") for line in told)


def test_what_another_stack_has_written_is_left_alone(console):
    console.configure(OWN, greeting="a")
    console.render()
    written = console.folder / "deploy" / "kustomization.yaml"
    others = written.read_text().replace("test/dev", "test/prod")
    written.write_text(others)
    answer = console.render()
    assert answer.code == 2
    assert "deploy/kustomization.yaml\n  exists, and does not say" in answer.err
    assert "for test/dev" in answer.err
    assert written.read_text() == others


def test_copy_brings_what_up_would_to_where_the_files_say(console):
    with clouds.serving(clouds.Oci()) as cloud:
        console.configure(registry=f"127.0.0.1:{cloud.port}/models", image=f"127.0.0.1:{cloud.port}/models/s@{DIGEST}")
        answer = console.run("images", "-s", "dev", "--copy", "--json")
        assert answer.code == 0, answer.err
        (bundle,) = answer.json["bundles"]
        place = Reference.parse(bundle["place"].removeprefix("oci://"))
        assert Repository(place).tagged(place.digest) == place.digest
        assert console.run("images", "--copy").code == 0
        console.render()
    (deployment,) = (each for each in console.objects() if each["kind"] == "Deployment")
    (fetch,) = deployment["spec"]["template"]["spec"]["initContainers"]
    assert {"name": "MODELPORT_MODEL", "value": bundle["place"]} in fetch["env"]


def test_models_on_a_claim_are_listed_with_their_folder(console):
    console.configure(existing={"namespace": "serving", "claim": "models"})
    console.add("fraud.yaml", "serving: {delivery: pvc}")
    answer = console.run("images", "--json")
    (bundle,) = answer.json["bundles"]
    assert bundle["place"] == f"pvc://serving/models/{bundle['digest'].removeprefix('sha256:')}"
    assert bundle["origin"] is None
    lines = console.run("images").out.splitlines()
    assert f"bundle  {bundle['place']}" in lines
