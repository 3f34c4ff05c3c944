"""GPU pools on a real API server and scheduler, with simulated nodes in a cluster of their own: nodes are changed."""

import json

import pytest
from cluster.bed.api import ApiError
from cluster.bed.control_plane import ControlPlane
from cluster.bed.nodes import GPU_TAINT, Node
from cluster.bed.shared import stop
from cluster.services import DIGEST, Service
from support.kubernetes_page import ROLES, rights_for
from support.stack import Stack

PROGRAM = """
import pulumi
from modelport import GpuPools, ModelService

GpuPools.of_stack()
pulumi.export("services", {"it": ModelService.from_file("service.yaml").outputs})
"""
SLICES = {"nvidia.com/gpu": "0", "nvidia.com/mig-1g.10gb": "7"}
RESERVED = {"key": "reserved", "value": "yes", "effect": "NoSchedule"}
NODES = (
    Node("cpu-0"),
    Node("l4-0", "nvidia-l4", count=2),
    Node("l4-1", "nvidia-l4", count=2, zone="test-b"),
    Node("l4-2", "nvidia-l4", count=2, taints=()),
    Node("l4-3", "nvidia-l4", count=2, taints=(RESERVED,)),
    Node("h100-0", "nvidia-h100-80gb", count=1, capacity=SLICES),
)
FIRST = {"name": "first", "kind": "nvidia-l4", "nodes": ["l4-1"], "gpusPerNode": 2}
SECOND = {"name": "second", "kind": "nvidia-l4", "nodes": ["l4-0"], "gpusPerNode": 2}
FREE = {"name": "free", "kind": "nvidia-l4", "nodes": ["l4-2"], "gpusPerNode": 2, "taint": True}
L4 = {"compute": {"cpu": 1, "memory": "1Gi", "accelerator": {"kind": "nvidia-l4"}}}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    mine = ControlPlane.start(tmp_path_factory.mktemp("pools"), NODES)
    yield mine
    stop(mine)


@pytest.fixture
def service(cluster, registry, tmp_path):
    """A stack with a service and pools; both are destroyed afterwards."""
    with Stack(tmp_path / "project", PROGRAM) as stack:
        yield Service(cluster, stack, registry)
        stack.destroy()


def asks(service, *pools, replicas=1, fields=L4, **more):
    """What the stack and the service say."""
    service.config = {"modelport:gpuPools": {"pools": pools, **more}}
    service.fields = {**service.fields, **fields, "scaling": {"min": replicas, "max": replicas}}
    return service


def nodes_of(service):
    """Where the pods are."""
    return sorted(pod["spec"]["nodeName"] for pod in service.objects("v1", "Pod"))


def marks(service, node):
    """Labels and taints of a node."""
    live = service.cluster.api.get("v1", "Node", node)
    return live["metadata"]["labels"], live["spec"].get("taints", [])


def test_pods_with_gpus_run_on_their_pool_and_the_second_up_changes_nothing(service):
    asks(service, FIRST).raised()
    assert nodes_of(service) == ["l4-1"]
    assert set(service.raised().changes) == {"same"}


def test_pods_without_gpus_run_on_other_nodes(service):
    asks(service, FIRST, fields={}, replicas=3)
    service.cluster.api.merge("v1", "Node", "l4-2", {"spec": {"unschedulable": True}})
    try:
        service.raised()
        assert nodes_of(service) == ["cpu-0"] * 3
    finally:
        service.cluster.api.merge("v1", "Node", "l4-2", {"spec": {"unschedulable": None}})


@pytest.mark.parametrize("pools", [(FIRST, SECOND), (SECOND, FIRST)])
def test_the_next_pool_is_used_when_the_one_before_is_full(service, pools):
    first, second = ([f"{pool['nodes'][0]}"] for pool in pools)
    asks(service, *pools, replicas=2).raised()
    assert nodes_of(service) == first * 2
    asks(service, *pools, replicas=3).raised()
    assert nodes_of(service) == sorted(first * 2 + second)


def test_slices_are_resources_of_their_own(service):
    pool = {
        "name": "slices",
        "kind": "nvidia-h100-80gb",
        "selector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"},
        "gpusPerNode": 1,
        "sharing": "mig",
        "slices": {"1g.10gb": 7},
    }
    gpu = {"kind": "nvidia-h100-80gb", "sharing": "mig-1g.10gb"}
    before = marks(service, "h100-0")
    asks(service, pool, replicas=4, fields={"compute": {"cpu": 1, "memory": "1Gi", "accelerator": gpu}}).raised()
    assert nodes_of(service) == ["h100-0"] * 4
    assert marks(service, "h100-0") == before


def test_the_quota_of_a_pool_holds_in_the_namespace(service):
    asks(service, {**FIRST, "quota": 2}).raised()
    limits = {"cpu": "100m", "memory": "64Mi", "nvidia.com/gpu": "2"}
    container = {
        "name": "greedy",
        "image": f"registry.test/greedy@{DIGEST}",
        "resources": {"limits": limits},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    safe = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "greedy", "namespace": service.namespace},
        "spec": {"containers": [container], "securityContext": safe},
    }
    with pytest.raises(ApiError, match=r"exceeded quota: .*requests\.nvidia\.com/gpu=2"):
        service.cluster.api.create(pod)
    limits["nvidia.com/gpu"] = "1"
    service.cluster.api.create(pod)


def test_more_than_the_pools_hold_is_refused_before_anything_is_made(service):
    assert asks(service, FIRST, replicas=2).up().exit_code == 1
    assert any("MP401 refused by kubernetes: an update needs 3 instances" in error for error in service.stack.errors)
    assert "modelport/pool" not in marks(service, "l4-1")[0]


def test_nodes_get_a_label_and_a_taint_and_lose_exactly_these(service):
    labels, taints = marks(service, "l4-2")
    assert taints == []
    asks(service, FREE).raised()
    marked, tainted = marks(service, "l4-2")
    assert marked == {**labels, "modelport/pool": "free-dev"}
    assert tainted == [GPU_TAINT]
    assert nodes_of(service) == ["l4-2"]
    assert set(service.raised().changes) == {"same"}
    assert service.stack.destroy().exit_code == 0
    assert marks(service, "l4-2") == (labels, [])


def test_a_taint_that_a_node_has_anyway_stays(service):
    before = marks(service, "l4-1")
    asks(service, {**FIRST, "taint": True}).raised()
    assert service.stack.destroy().exit_code == 0
    assert marks(service, "l4-1") == before


def test_taints_of_somebody_else_are_not_taken_over(service):
    pool = {**FREE, "nodes": ["l4-3"], "tolerate": ["reserved"]}
    before = marks(service, "l4-3")
    assert asks(service, pool).up().exit_code == 1
    assert any("spec.taints is managed by " in error for error in service.stack.errors), service.stack.errors
    assert marks(service, "l4-3") == before
    asks(service, {**pool, "taint": False}).raised()
    assert nodes_of(service) == ["l4-3"]
    assert marks(service, "l4-3")[1] == [RESERVED]


def test_plugin_and_exporter_run_on_the_nodes_of_each_pool(service):
    images = {name: f"registry.test/{name}@{DIGEST}" for name in ("devicePlugin", "exporter")}
    asks(service, FIRST, FREE, **images).raised()
    daemons = {each["metadata"]["name"]: each["status"] for each in service.cluster.api.list("apps/v1", "DaemonSet")}
    assert sorted(daemons) == ["exporter-first", "exporter-free", "plugin-first", "plugin-free"]
    assert {(each["desiredNumberScheduled"], each["numberReady"]) for each in daemons.values()} == {(1, 1)}
    assert set(service.raised().changes) == {"same"}
    assert service.stack.destroy().exit_code == 0
    assert service.cluster.api.list("apps/v1", "DaemonSet") == []


def test_the_rights_on_the_page_are_enough_for_pools(service, user):
    service.kubeconfig = user([*ROLES["ClusterRole"], *rights_for("nodes")])
    asks(service, FREE, devicePlugin=f"registry.test/plugin@{DIGEST}").raised()
    assert set(service.raised().changes) == {"same"}
    assert service.stack.destroy().exit_code == 0, service.stack.errors
    assert json.dumps(marks(service, "l4-2")).count("modelport/pool") == 0
