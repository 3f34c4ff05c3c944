"""Manifests that were written down, on a real API server: as `up` applies them, and in its place."""

import json
import subprocess
import sys

import pytest
from cluster.bed.api import ApiError
from cluster.services import DIGEST
from cluster.test_exposure import OPEN
from cluster.test_monitoring import EVERYTHING, OPERATOR
from cluster.test_releases import INSIDE
from cluster.test_releases import OPEN as REACHED
from cluster.test_scaling import KEDA, WEEK
from ruamel.yaml import YAML
from support.console import MODELPORT
from support.kubernetes_page import exemptions
from support.models import save, scaling

from modelport_engine import commands
from modelport_engine.projects.project import Project

POOLS = """
import pulumi
from modelport import GpuPools, ModelService

GpuPools.of_stack()
pulumi.export("services", {"it": ModelService.from_file("service.yaml").outputs})
"""
POOL = {"name": "l4", "kind": "nvidia-l4", "nodes": ["l4-0", "l4-1"], "gpusPerNode": 4}
GATEWAY = {**OPEN, "gatewayClass": "shared", "issuer": "letsencrypt"}
AUTOSCALERS = ("HorizontalPodAutoscaler", "ScaledObject")
L4 = {"compute": {"cpu": 1, "memory": "1Gi", "accelerator": {"kind": "nvidia-l4"}}, "scaling": {"min": 1, "max": 2}}


def rendered(service):
    """The objects in the order of the kustomization, and the patches beside it."""
    service.configure()
    (service.stack.folder / "policies").mkdir(exist_ok=True)
    (service.stack.folder / "policies" / "exemptions.yaml").write_text(json.dumps(exemptions()))
    command = [sys.executable, "-c", MODELPORT, "render", "-s", "dev", "-o", "deploy"]
    done = subprocess.run(command, cwd=service.stack.folder, env=service.stack.env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    folder = service.stack.folder / "deploy"
    names = read(folder / "kustomization.yaml")["resources"]
    return [read(folder / name) for name in names], [read(file) for file in folder.glob("patches/*.yaml")]


def read(file):
    return YAML(typ="safe").load(file)


def owned(live, prefix):
    """What a manager owns of an object, by the paths of managed fields."""
    entries = [each for each in live["metadata"]["managedFields"] if each["manager"].startswith(prefix)]
    return {path for each in entries if each.get("subresource") is None for path in leaves(each["fieldsV1"])}


def leaves(fields, path=()):
    for key, inner in fields.items():
        if inner and inner != {".": {}}:
            yield from leaves(inner, (*path, key))
        elif key != ".":
            yield (*path, key)


def live(service, each):
    metadata = each["metadata"]
    return service.cluster.api.get(each["apiVersion"], each["kind"], metadata["name"], metadata.get("namespace"))


def of(kind, objects):
    return next(each for each in objects if each["kind"] == kind)


def stripped(each):
    """An object without what changes by itself."""
    momentary = ("managedFields", "resourceVersion", "generation")
    own = {key: value for key, value in each["metadata"].items() if key not in momentary}
    return {**{key: value for key, value in each.items() if key != "status"}, "metadata": own}


@pytest.fixture
def private(service):
    return service


@pytest.fixture
def public(service, make_namespace):
    service.existing = {**GATEWAY, "gatewayNamespace": make_namespace()}
    service.fields |= {"security": {"exposure": "public", "auth": "none"}, "protocols": {"grpc": True}}
    return service


@pytest.fixture
def scaled(service):
    service.existing = KEDA
    service.fields |= {"scaling": {"schedule": WEEK}}
    return service


@pytest.fixture
def fixed(service):
    service.fields |= {"scaling": {"min": 2, "max": 2}}
    return service


@pytest.fixture
def with_pools(service):
    (service.stack.folder / "__main__.py").write_text(POOLS)
    images = {name: f"registry.test/{name}@{DIGEST}" for name in ("devicePlugin", "exporter")}
    service.config = {"modelport:gpuPools": {"pools": [POOL], **images}}
    service.existing = OPERATOR
    service.fields |= L4
    return service


@pytest.fixture
def watched(service):
    service.existing = OPERATOR
    notify = [each for each in EVERYTHING["monitoring"]["alerts"]["notify"] if "@" in each]
    service.fields |= {**EVERYTHING, "monitoring": {"alerts": {"notify": notify}}}
    return service


@pytest.fixture
def on_trial(service):
    save(scaling(3.0), service.stack.folder / "next.onnx")
    live = {"stable": {"source": "model.onnx"}, "candidate": {"source": "next.onnx"}, "weight": 10, "mirror": 20}
    service.existing = INSIDE
    service.config = {"modelport:releases": {service.name: live}}
    service.fields |= REACHED
    return service


STACKS = ("private", "public", "scaled", "fixed", "with_pools", "watched", "on_trial")


@pytest.mark.parametrize("stack", STACKS)
def test_every_object_is_taken_by_the_api_server_in_the_order_in_which_it_is_listed(stack, request, crds):
    service = request.getfixturevalue(stack)
    objects, patches = rendered(service)
    made = []
    try:
        for each in objects:
            if each["kind"] == "Namespace":
                made.append(service.cluster.api.apply(each, force=False))
            else:
                assert service.cluster.api.apply(each, force=False, dry_run=True)["kind"] == each["kind"]
        for each in patches:
            service.cluster.api.apply(each, "modelport", force=False, dry_run=True)
    finally:
        for each in made:
            service.cluster.api.delete("v1", "Namespace", each["metadata"]["name"])
    assert len(objects) > 10
    assert bool(patches) == (stack == "with_pools")


@pytest.mark.parametrize("stack", STACKS)
def test_up_sets_what_was_written_down_and_nothing_else(stack, request, crds):
    service = request.getfixturevalue(stack)
    objects, patches = rendered(service)
    service.raised()
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in objects if each["kind"] in AUTOSCALERS}
    for each in (*objects, *patches):
        before = live(service, each)
        ours = owned(before, "pulumi-kubernetes")
        after = service.cluster.api.apply(each, "written", force=False)
        assert stripped(after) == stripped(before), f"{each['kind']} is another one when it is applied"
        written = owned(after, "written")
        is_scaled = each["kind"] == "Deployment" and each["metadata"]["name"] in scaled
        assert written - ours == set()
        assert ours - written == ({("f:spec", "f:replicas")} if is_scaled else set())
    assert bool(scaled) == (stack != "fixed")


def test_a_stack_that_others_applied_comes_into_up_as_it_is(service):
    for each in rendered(service)[0]:
        service.cluster.api.apply(each, "git", force=False)
    before = live(service, of("Deployment", rendered(service)[0]))
    assert service.up().exit_code == 1
    assert any("already exists" in each for each in service.stack.errors)
    service.stack.env["PULUMI_K8S_UPSERT_EXISTING_OBJECTS"] = "true"
    service.raised()
    (after,) = service.deployments().values()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert set(service.raised().changes) == {"same"}


def test_a_field_that_others_applied_otherwise_is_a_conflict_that_names_it(service):
    for each in rendered(service)[0]:
        service.cluster.api.apply(each, "git", force=False)
    service.stack.env["PULUMI_K8S_UPSERT_EXISTING_OBJECTS"] = "true"
    service.fields["request"] = {"timeout": "7s"}
    assert service.up().exit_code == 1
    assert any("spec.template.spec" in each and "git" in each for each in service.stack.errors), service.stack.errors
    for each in rendered(service)[0]:
        service.cluster.api.apply(each, "git", force=False)
    service.raised()


def test_a_stack_that_was_up_goes_over_to_others_and_its_pods_stay(service):
    service.raised()
    pods = service.pods()
    for each in rendered(service)[0]:
        service.cluster.api.apply(each, "git", force=False)
    commands.import_state(
        Project.load(service.stack.folder), "dev", {"version": 3, "deployment": {}}, env=service.stack.env
    )
    assert service.stack.destroy().exit_code == 0
    assert service.pods() == pods
    service.fields["request"] = {"timeout": "7s"}
    changed = rendered(service)[0]
    with pytest.raises(ApiError, match=r"conflicts? with"):
        service.cluster.api.apply(of("Deployment", changed), "git", force=False)
    for each in changed:
        service.cluster.api.apply(each, "git", force=True)
    wanted = of("Deployment", changed)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert service.deployments()["blue"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == wanted
    for kind in ("Namespace", "PriorityClass"):
        gone = of(kind, changed)
        service.cluster.api.delete(gone["apiVersion"], kind, gone["metadata"]["name"])
