"""The cluster that the tests of this folder stand on is one."""

from typing import get_args

import httpx
import pytest
from cluster.bed import users
from cluster.bed.api import Api, ApiError
from cluster.bed.crds import established
from cluster.bed.nodes import GPU_TAINT, GPUS, Node
from cluster.bed.waiting import until
from cluster.manifests import GPU_TOLERATION, MISSING_IMAGE, container, deployment, pod

from modelport.spec.compute import AcceleratorKind

READ_PODS = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}
WRONG = {
    "ServiceMonitor": ("monitoring.coreos.com/v1", {"selector": {}, "endpoints": [{"interval": "15 seconds"}]}),
    "PrometheusRule": (
        "monitoring.coreos.com/v1",
        {"groups": [{"name": "g", "rules": [{"alert": "A", "for": "soon", "expr": "1"}]}]},
    ),
    "ScaledObject": ("keda.sh/v1alpha1", {"scaleTargetRef": {"name": "m"}, "maxReplicaCount": "many", "triggers": []}),
    "HTTPRoute": (
        "gateway.networking.k8s.io/v1",
        {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "no-slash"}}]}]},
    ),
    "Certificate": ("cert-manager.io/v1", {"secretName": "tls"}),
}


def conditions(item):
    return {each["type"]: each for each in item.get("status", {}).get("conditions", [])}


class TestNodes:
    def test_two_have_no_gpu_and_three_have_four_each(self, cluster):
        found = {
            node["metadata"]["name"]: node["status"]["allocatable"].get("nvidia.com/gpu")
            for node in cluster.api.list("v1", "Node", labels="!test/real")
        }
        assert found == {"cpu-0": None, "cpu-1": None, "l4-0": "4", "l4-1": "4", "h100-0": "4"}

    def test_every_accelerator_of_the_config_is_a_product_that_nodes_can_have(self):
        assert GPUS.keys() == {*get_args(AcceleratorKind)}

    def test_they_can_be_other_than_their_product_is_by_itself(self):
        slices = {"nvidia.com/gpu": "0", "nvidia.com/mig-1g.10gb": "28"}
        labels = {"nvidia.com/gpu.family": None, "pool": "shared"}
        node = Node("a100-0", "nvidia-a100-80gb", taints=(), labels=labels, capacity=slices).manifest()
        assert node["status"]["allocatable"].items() >= slices.items()
        assert node["metadata"]["labels"]["nvidia.com/gpu.product"] == "NVIDIA-A100-SXM4-80GB"
        assert node["metadata"]["labels"]["pool"] == "shared"
        assert "nvidia.com/gpu.family" not in node["metadata"]["labels"]
        assert (node["spec"]["taints"], Node("l4-0", "nvidia-l4").manifest()["spec"]["taints"]) == ([], [GPU_TAINT])


class TestPods:
    def test_a_deployment_rolls_out(self, cluster, namespace):
        cluster.api.create(deployment("app", namespace, replicas=3))
        status = until(lambda: self.status(cluster, namespace) if self.ready(cluster, namespace) == 3 else None)
        assert conditions({"status": status})["Available"]["status"] == "True"

    def test_those_without_a_gpu_stay_off_gpu_nodes(self, cluster, namespace):
        cluster.api.create(deployment("app", namespace, replicas=6))
        until(lambda: self.ready(cluster, namespace) == 6)
        nodes = {each["spec"]["nodeName"] for each in cluster.api.list("v1", "Pod", namespace)}
        assert nodes <= {"cpu-0", "cpu-1"}

    @pytest.mark.parametrize(("product", "nodes"), [("NVIDIA-L4", "l4-"), ("NVIDIA-H100-80GB-HBM3", "h100-")])
    def test_one_for_a_gpu_lands_where_that_gpu_is(self, cluster, namespace, product, nodes):
        where = {"nodeSelector": {"nvidia.com/gpu.product": product}, "tolerations": [GPU_TOLERATION]}
        cluster.api.create(pod("app", namespace, resources={"nvidia.com/gpu": "1"}, **where))
        running = until(lambda: self.running(cluster, namespace))
        assert running["spec"]["nodeName"].startswith(nodes)

    def test_one_for_more_gpus_than_a_node_has_waits_and_says_why(self, cluster, namespace):
        cluster.api.create(pod("app", namespace, resources={"nvidia.com/gpu": "5"}, tolerations=[GPU_TOLERATION]))
        asked = until(lambda: conditions(cluster.api.get("v1", "Pod", "app", namespace)).get("PodScheduled"))
        assert (asked["status"], asked["reason"]) == ("False", "Unschedulable")
        assert "Insufficient nvidia.com/gpu" in asked["message"]

    def test_one_whose_image_cannot_be_pulled_ends_the_rollout(self, cluster, namespace):
        cluster.api.create(deployment("app", namespace, image=MISSING_IMAGE))
        progress = until(lambda: self.condition(cluster, namespace, "Progressing", "False"))
        assert progress["reason"] == "ProgressDeadlineExceeded"
        (waiting,) = cluster.api.list("v1", "Pod", namespace)
        assert waiting["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImagePull"

    def running(self, cluster, namespace):
        found = cluster.api.get("v1", "Pod", "app", namespace)
        return found if found["status"]["phase"] == "Running" else None

    def status(self, cluster, namespace):
        return cluster.api.get("apps/v1", "Deployment", "app", namespace)["status"]

    def ready(self, cluster, namespace):
        return self.status(cluster, namespace).get("readyReplicas", 0)

    def condition(self, cluster, namespace, kind, status):
        found = conditions({"status": self.status(cluster, namespace)}).get(kind, {})
        return found if found.get("status") == status else None


class TestAdmission:
    def test_a_restricted_namespace_refuses_a_privileged_pod(self, cluster, make_namespace):
        namespace = make_namespace({"pod-security.kubernetes.io/enforce": "restricted"})
        privileged = {**container(), "securityContext": {"privileged": True}}
        with pytest.raises(ApiError, match=r'violates PodSecurity "restricted:latest": privileged') as refused:
            cluster.api.create(pod("app", namespace, containers=[privileged]))
        assert (refused.value.status, refused.value.reason) == (403, "Forbidden")

    def test_a_quota_refuses_what_exceeds_it(self, cluster, namespace):
        quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "gpus", "namespace": namespace}}
        cluster.api.create({**quota, "spec": {"hard": {"requests.nvidia.com/gpu": "1"}}})
        until(lambda: cluster.api.get("v1", "ResourceQuota", "gpus", namespace).get("status", {}).get("used"))
        with pytest.raises(ApiError, match=r"exceeded quota: gpus, requested: requests.nvidia.com/gpu=2"):
            cluster.api.create(pod("app", namespace, resources={"nvidia.com/gpu": "2"}))

    def test_a_field_of_another_manager_is_a_conflict(self, cluster, namespace):
        config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": namespace}}
        cluster.api.apply({**config, "data": {"key": "theirs"}}, "them")
        with pytest.raises(ApiError, match=r'conflict with "them": .data.key') as conflict:
            cluster.api.apply({**config, "data": {"key": "ours"}}, "us", force=False)
        assert conflict.value.reason == "Conflict"


class TestDefinitions:
    def test_all_are_in_force(self, cluster, crds):
        groups = {name.partition(".")[2] for name in crds}
        assert groups >= {"gateway.networking.k8s.io", "monitoring.coreos.com", "keda.sh", "cert-manager.io"}
        assert all(established(cluster.api, name) for name in crds)

    @pytest.mark.parametrize("kind", WRONG)
    def test_they_refuse_a_wrong_object(self, cluster, crds, namespace, kind):
        version, spec = WRONG[kind]
        metadata = {"name": "wrong", "namespace": namespace}
        with pytest.raises(ApiError, match=r"is invalid.*spec\.") as refused:
            cluster.api.create({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}, dry_run=True)
        assert refused.value.status == 422


class TestUsers:
    def test_they_can_do_what_their_rules_say_and_no_more(self, cluster, namespace, user):
        api = Api(user([READ_PODS], namespace))
        assert api.list("v1", "Pod", namespace) == []
        for refused in (
            lambda: api.list("v1", "Pod", "default"),
            lambda: api.list("v1", "Secret", namespace),
            lambda: api.create(pod("app", namespace)),
        ):
            with pytest.raises(ApiError, match="is forbidden: User") as failure:
                refused()
            assert failure.value.reason == "Forbidden"

    def test_rules_without_a_namespace_hold_in_all(self, user):
        assert Api(user([READ_PODS])).list("v1", "Pod", "kube-system") == []

    def test_an_account_whose_token_is_good_is_known(self, cluster):
        with pytest.raises(ApiError, match='is forbidden: User "system:serviceaccount:default:default"'):
            Api(users.account(cluster, 600)).list("v1", "Pod", "default")

    def test_those_whose_token_is_expired_or_unknown_are_not_let_in(self, expired_kubeconfig, unknown_kubeconfig):
        for kubeconfig in (expired_kubeconfig, unknown_kubeconfig):
            with pytest.raises(ApiError) as failure:
                Api(kubeconfig).list("v1", "Pod", "default")
            assert (failure.value.status, failure.value.reason) == (401, "Unauthorized")

    def test_an_address_where_nobody_listens_refuses_the_connection(self, astray_kubeconfig):
        with pytest.raises(httpx.ConnectError):
            Api(astray_kubeconfig).list("v1", "Pod", "default")


def test_an_autoscaler_sees_what_pods_use(cluster, namespace):
    usage = {"kwok.x-k8s.io/usage-cpu": "90m"}
    cluster.api.create(deployment("app", namespace, annotations=usage))
    target = {"type": "Utilization", "averageUtilization": 60}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "app"},
        "minReplicas": 1,
        "maxReplicas": 2,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    metadata = {"name": "app", "namespace": namespace}
    version, kind = "autoscaling/v2", "HorizontalPodAutoscaler"
    cluster.api.create({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
    until(lambda: cluster.api.get(version, kind, "app", namespace)["status"].get("desiredReplicas") == 2, 120)
    until(lambda: cluster.api.get("apps/v1", "Deployment", "app", namespace)["status"].get("readyReplicas") == 2)
