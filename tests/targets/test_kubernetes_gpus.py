"""Services with GPUs on Kubernetes, and the pools that they run on."""

import json
import re

import pulumi
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.golden import golden
from support.kubernetes_page import BLOCKS, PAGE, rights_for
from support.pod_security import faults, lax
from support.program import Program

from modelport import GpuPools, ModelService
from modelport.spec import Compute, Environment, Scaling, Serving
from modelport.targets.kubernetes.gpus.placement import _weights

DIGEST = f"sha256:{'c' * 64}"
PLUGIN, EXPORTER = f"registry.example/device-plugin@{DIGEST}", f"registry.example/dcgm-exporter@{DIGEST}"
GPU_IMAGE = f"registry.example/models/modelport-server@sha256:{'d' * 64}"
L4 = {"name": "l4", "kind": "nvidia-l4", "nodes": ["l4-0", "l4-1"], "gpusPerNode": 4}
CLOUDY = {"name": "cloudy", "kind": "nvidia-l4", "selector": {"gpu": "l4", "zone": "b"}, "gpusPerNode": 4}
SHARED = {
    "name": "shared",
    "kind": "nvidia-t4",
    "nodes": ["t4-0"],
    "gpusPerNode": 1,
    "sharing": "time-slicing",
    "replicas": 4,
}
SLICED = {
    "name": "sliced",
    "kind": "nvidia-h100-80gb",
    "nodes": ["h100-0"],
    "gpusPerNode": 4,
    "sharing": "mig",
    "slices": {"1g.10gb": 3, "2g.20gb": 2},
    "taint": True,
    "tolerate": ["reserved"],
}
FIXTURES = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def accelerator(kind="nvidia-l4", **more):
    return Compute(accelerator={"kind": kind, **more})


@pytest.fixture
def serve(kubernetes):
    """Run a service with GPUs in a stack with pools."""

    def serve(*pools, compute=None, environment=None, config=None, **sections):
        stack = {"gpu_pools": {"pools": pools, **(config or {})}, **(environment or {})}
        return kubernetes(stack, compute=compute or accelerator(), **{"scaling": Scaling(max=2), **sections})

    return serve


def pod_of(program):
    return program.inputs["fraud-server-blue"]["spec"]["template"]["spec"]


def limits_of(program):
    return pod_of(program)["containers"][0]["resources"]["limits"]


def affinity_of(program):
    return pod_of(program)["affinity"]["nodeAffinity"]


def expressions(terms):
    return [{each["key"]: each["values"] for each in term["matchExpressions"]} for term in terms]


def required(program):
    return expressions(affinity_of(program)["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"])


# the service


def test_pods_ask_for_what_the_pool_has_and_run_on_no_other_nodes(serve):
    program = serve(L4, compute=accelerator(count=2))
    assert limits_of(program)["nvidia.com/gpu"] == "2"
    assert "nvidia.com/gpu" not in pod_of(program)["initContainers"][0]["resources"]["limits"]
    assert required(program) == [{"modelport/pool": ["l4-dev"]}]
    assert pod_of(program)["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert program.inputs["fraud"]["pools"] == ["l4"]


@pytest.mark.parametrize(
    ("pool", "compute", "resource"),
    [
        (SHARED, accelerator("nvidia-t4", sharing="time-slicing"), "nvidia.com/gpu.shared"),
        (SLICED, accelerator("nvidia-h100-80gb", sharing="mig-2g.20gb"), "nvidia.com/mig-2g.20gb"),
        ({**L4, "resource": "example.com/l4"}, accelerator(), "example.com/l4"),
    ],
)
def test_shares_and_slices_have_names_of_their_own(serve, pool, compute, resource):
    program = serve(pool, compute=compute)
    assert [name for name in limits_of(program) if name not in ("cpu", "memory")] == [resource]
    assert f"requests.{resource}" in program.inputs["fraud-quota"]["spec"]["hard"]


def test_pools_are_filled_in_the_order_of_the_stack(serve):
    program = serve(L4, CLOUDY, {**L4, "name": "last", "nodes": ["l4-9"]})
    assert required(program) == [
        {"modelport/pool": ["l4-dev"]},
        {"gpu": ["l4"], "zone": ["b"]},
        {"modelport/pool": ["last-dev"]},
    ]
    preferred = affinity_of(program)["preferredDuringSchedulingIgnoredDuringExecution"]
    assert [term["weight"] for term in preferred] == [100, 1]
    assert expressions(term["preference"] for term in preferred) == required(program)[:2]
    skews = {each["maxSkew"] for each in pod_of(program)["topologySpreadConstraints"]}
    assert min(skews) > 1, "else spreading is worth more to the scheduler than the order of pools"
    assert {each["maxSkew"] for each in pod_of(serve(L4))["topologySpreadConstraints"]} == {1}


def test_another_number_of_instances_restarts_none(serve):
    few, many = (pod_of(serve(L4, CLOUDY, scaling=Scaling(max=most))) for most in (2, 4))
    assert few == many


@given(st.integers(0, 10))
def test_each_pool_weighs_more_than_all_after_it(count):
    weights = _weights(count)
    assert weights == sorted(set(weights), reverse=True)
    assert all(1 <= weight <= 100 for weight in weights)


def test_taints_of_the_pools_are_tolerated(serve):
    program = serve(SLICED, compute=accelerator("nvidia-h100-80gb", sharing="mig-1g.10gb"))
    assert {each["key"] for each in pod_of(program)["tolerations"]} == {"nvidia.com/gpu", "reserved"}


def test_a_service_without_gpus_is_as_ever(serve, kubernetes):
    assert serve(L4, compute=Compute(), scaling=Scaling()).inputs == kubernetes().inputs


def test_the_server_computes_on_its_gpu_and_the_fetching_container_sees_none(serve):
    program = serve(L4)
    assert program.inputs["fraud-settings-blue"]["data"]["MODELPORT_PROVIDER"] == "cuda"
    fetch = {each["name"]: each["value"] for each in pod_of(program)["initContainers"][0]["env"]}
    assert fetch["NVIDIA_VISIBLE_DEVICES"] == "void"


def test_a_stack_has_an_image_for_gpus(serve, kubernetes):
    images = {"gpu_image": GPU_IMAGE}
    program = serve(L4, environment=images)
    assert pod_of(program)["containers"][0]["image"] == GPU_IMAGE
    assert program.result["image"] == {"digest": GPU_IMAGE.rpartition("@")[2]}
    assert pod_of(kubernetes(images))["containers"][0]["image"] != GPU_IMAGE


def test_nodes_that_need_a_runtime_class_get_it(serve):
    assert pod_of(serve(L4, config={"runtimeClass": "nvidia"}))["runtimeClassName"] == "nvidia"
    assert "runtimeClassName" not in pod_of(serve(L4))


def test_the_namespace_holds_what_updates_of_both_slots_need_or_what_the_pools_allow(serve):
    def most(*pools):
        hard = serve(*pools, scaling=Scaling(min=2, max=2)).inputs["fraud-quota"]["spec"]["hard"]
        return int(hard["requests.nvidia.com/gpu"]), int(hard["pods"])

    needed, pods = most(L4)
    assert needed == pods == 10
    assert most({**L4, "quota": 3}) == (3, pods)
    assert most({**L4, "quota": 3}, {**CLOUDY, "quota": 1}) == (4, pods)
    assert most({**L4, "quota": 3}, CLOUDY) == (needed, pods)


@FIXTURES
@given(
    st.sampled_from(
        [
            (L4, accelerator(count=2)),
            (SHARED, accelerator("nvidia-t4", sharing="time-slicing")),
            (SLICED, accelerator("nvidia-h100-80gb", sharing="mig-1g.10gb")),
        ]
    ),
    st.integers(1, 2),
)
def test_pods_with_gpus_are_as_hardened_as_any(serve, placed, replicas):
    pool, compute = placed
    pod = pod_of(serve(pool, compute=compute, scaling=Scaling(min=replicas, max=replicas)))
    assert (faults(pod), lax(pod)) == ([], [])


# what is refused


@pytest.mark.parametrize(
    ("pools", "compute", "path", "words"),
    [
        ([], accelerator(), "kind", "needs 1 x nvidia-l4; the stack has no pools of GPUs"),
        ([L4], accelerator("nvidia-t4"), "kind", "needs 1 x nvidia-t4; pools have: l4 4 x nvidia-l4 a node"),
        ([SHARED], accelerator("nvidia-t4"), "sharing", "pools have: shared 4 x nvidia-t4 time-slicing a node"),
        ([L4], accelerator(count=5), "count", "Use at most 4"),
    ],
)
def test_what_no_pool_has_is_refused_before_anything_is_made(serve, pools, compute, path, words):
    def run():
        serve(*pools, compute=compute)

    with pytest.raises(pulumi.RunError) as refused:
        run()
    told = str(refused.value)
    assert f"compute.accelerator.{path}" in told
    assert "MP401 refused by kubernetes: needs" in told
    assert words in told


def test_a_pool_without_room_for_an_update_is_refused(serve):
    small = {**L4, "nodes": ["l4-0"], "gpusPerNode": 1}
    with pytest.raises(pulumi.RunError, match=r"MP401 .* an update needs 2 instances at once, .*\(l4\) 1"):
        serve(small, scaling=Scaling(min=1, max=1))
    with pytest.raises(pulumi.RunError, match=r"scaling\.max"):
        serve({**L4, "quota": 2}, scaling=Scaling(min=1, max=2))
    assert "fraud-server-blue" in serve({**L4, "quota": 3}, scaling=Scaling(min=1, max=2)).inputs
    assert "fraud-server-blue" in serve({**CLOUDY, "gpusPerNode": 1}, scaling=Scaling(min=4)).inputs


def test_an_image_for_gpus_is_pinned_too(serve):
    with pytest.raises(pulumi.RunError, match=r"modelport:gpuImage: .*\n  MP401"):
        serve(L4, environment={"gpu_image": "registry.example/server:v1"})


def test_an_image_of_the_services_own_needs_none_of_the_stack(serve):
    program = serve(L4, serving=Serving(image=GPU_IMAGE))
    assert pod_of(program)["containers"][0]["image"] == GPU_IMAGE


# the pools


@pytest.fixture
def pools(args):
    """Run a program of the pools of a stack."""

    def pools(*pools, existing=None, resources=None, stack="dev", **more):
        given = {"gpu_pools": {"pools": pools, **more}, "existing": existing or {}, "resources": resources or {}}
        environment = args({"stack": stack, **given}).environment
        return Program.run(lambda: GpuPools("gpuPools", environment), {"kubernetes:context": "test"})

    return pools


@pytest.mark.parametrize("namespace", [None, "gpus"])
def test_labels_and_names_fit_however_long_the_name_of_the_stack_is(pools, namespace):
    stack = f"{'a' * 61}-.b_{'c' * 30}"
    program = pools(L4, SLICED, stack=stack, devicePlugin=PLUGIN, exporter=EXPORTER, namespace=namespace)
    for name, inputs in program.inputs.items():
        if "metadata" not in inputs:
            continue
        metadata, template = inputs["metadata"], inputs.get("spec", {}).get("template", {"metadata": {}})["metadata"]
        longest = 63 if inputs["kind"] == "Namespace" else 253
        assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", metadata["name"]) and len(metadata["name"]) <= longest
        for value in {**metadata["labels"], **template.get("labels", {})}.values():
            assert re.fullmatch(r"[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?", value, re.ASCII), (name, value)
    assert program.inputs["gpuPools-plugin-l4"]["metadata"]["labels"]["stack"] == "a" * 61


def test_named_nodes_get_a_label_and_where_wanted_a_taint_and_nothing_else(pools):
    program = pools(L4, SLICED, CLOUDY)
    assert program.names == [
        "modelport:kubernetes:GpuPools gpuPools",
        "kubernetes:core/v1:NodePatch gpuPools-node-l4-0",
        "kubernetes:core/v1:NodePatch gpuPools-node-l4-1",
        "kubernetes:core/v1:NodePatch gpuPools-node-h100-0",
    ]
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    plain, tainted = (program.inputs[f"gpuPools-node-{node}"] for node in ("l4-0", "h100-0"))
    own = {"apiVersion": "v1", "kind": "Node"}
    assert plain == {**own, "metadata": {"name": "l4-0", "labels": {"modelport/pool": "l4-dev"}}}
    assert tainted == {
        **own,
        "metadata": {"name": "h100-0", "labels": {"modelport/pool": "sliced-dev"}},
        "spec": {"taints": [taint]},
    }


def test_what_is_installed_is_the_reviewed(pools):
    program = pools(L4, SHARED, SLICED, CLOUDY, devicePlugin=PLUGIN, exporter=EXPORTER, runtimeClass="nvidia")
    planned = {name: program.inputs[name] for name in sorted(program.inputs)}
    reviewed, found = golden("kubernetes-gpu-pools.json", planned, {})
    assert found == reviewed


def test_each_pool_has_its_own_plugin_that_shares_as_the_pool_says(pools):
    program = pools(L4, SHARED, SLICED, devicePlugin=PLUGIN)

    def config(pool):
        return json.loads(program.inputs[f"gpuPools-settings-{pool}"]["data"]["config.yaml"])

    assert "sharing" not in config("l4")
    assert config("shared")["sharing"]["timeSlicing"] == {
        "renameByDefault": True,
        "failRequestsGreaterThanOne": True,
        "resources": [{"name": "nvidia.com/gpu", "replicas": 4}],
    }
    assert [config(pool)["flags"]["migStrategy"] for pool in ("l4", "shared", "sliced")] == ["none", "none", "mixed"]
    pod = program.inputs["gpuPools-plugin-shared"]["spec"]["template"]["spec"]
    settings_ = program.inputs["gpuPools-settings-shared"]["metadata"]["name"]
    assert {"name": "settings", "configMap": {"name": settings_}} in pod["volumes"]
    terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert expressions(terms) == [{"modelport/pool": ["shared-dev"]}]


def test_other_settings_are_another_object_so_that_the_plugin_starts_anew(pools):
    def name(replicas):
        program = pools({**SHARED, "replicas": replicas}, devicePlugin=PLUGIN)
        return program.inputs["gpuPools-settings-shared"]["metadata"]["name"]

    assert name(4) != name(8)
    assert name(4) == name(4)


def test_the_exporter_tells_whose_share_of_a_gpu_it_is(pools):
    program = pools(L4, SHARED, exporter=EXPORTER)

    def env(pool):
        (container,) = program.inputs[f"gpuPools-exporter-{pool}"]["spec"]["template"]["spec"]["containers"]
        return {each["name"]: each["value"] for each in container["env"]}

    assert env("shared")["KUBERNETES_VIRTUAL_GPUS"] == "true"
    assert "KUBERNETES_VIRTUAL_GPUS" not in env("l4")
    assert env("l4")["DCGM_EXPORTER_KUBERNETES"] == "true"


def test_daemons_live_in_a_namespace_of_their_own_where_only_prometheus_reaches_them(pools):
    program = pools(L4, devicePlugin=PLUGIN, existing={"prometheus": "monitoring"})
    labels = program.inputs["gpuPools-namespace"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"
    assert program.inputs["gpuPools-plugin-l4"]["metadata"]["namespace"].startswith("gpupools-dev-")
    (rule,) = program.inputs["gpuPools-network"]["spec"]["ingress"]
    assert rule["ports"] == [{"port": 9400, "protocol": "TCP"}]
    assert "monitoring" in str(rule["from"])
    alone = pools(L4, devicePlugin=PLUGIN).inputs["gpuPools-network"]["spec"]
    assert alone == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_daemons_in_a_given_namespace_have_its_pull_secret_and_leave_others_alone(pools):
    given = {"devicePlugin": PLUGIN, "namespace": "gpu-system", "existing": {"pull_secret": "registry"}}
    program = pools(L4, **given)
    assert "gpuPools-namespace" not in program.inputs
    daemon, policy = program.inputs["gpuPools-plugin-l4"], program.inputs["gpuPools-network"]
    template = daemon["spec"]["template"]
    assert template["spec"]["imagePullSecrets"] == [{"name": "registry"}]
    selected = policy["spec"]["podSelector"]["matchLabels"]
    assert selected.items() <= template["metadata"]["labels"].items()
    assert selected == {"app.kubernetes.io/instance": template["metadata"]["labels"]["app.kubernetes.io/instance"]}
    settings_ = program.inputs["gpuPools-settings-l4"]["metadata"]["name"]
    assert {"name": "settings", "configMap": {"name": settings_}} in template["spec"]["volumes"]
    for each in (daemon, policy, program.inputs["gpuPools-settings-l4"]):
        assert each["metadata"]["namespace"] == "gpu-system"
        assert each["metadata"]["name"].startswith(*selected.values())
    alone = pools(L4, **{**given, "namespace": None}).inputs["gpuPools-plugin-l4"]["spec"]["template"]["spec"]
    assert "imagePullSecrets" not in alone, "nobody can put a secret into a namespace that is still to be made"


def test_objects_of_pools_can_be_patched(pools):
    resources = {"gpuPools-plugin-l4": {"properties": {"spec": {"template": {"spec": {"hostPID": True}}}}}}
    program = pools(L4, devicePlugin=PLUGIN, resources=resources)
    assert program.inputs["gpuPools-plugin-l4"]["spec"]["template"]["spec"]["hostPID"] is True
    with pytest.raises(pulumi.RunError, match=r"gpuPools-plugin-l5\n.*no such resource"):
        pools(L4, devicePlugin=PLUGIN, resources={"gpuPools-plugin-l5": {}})


def test_the_page_shows_pools_that_are_valid():
    (shown,) = [block["config"] for block in BLOCKS if "modelport:gpuPools" in str(block)]
    pinned = json.loads(json.dumps(shown).replace("sha256:...", DIGEST))
    pools = Environment.from_config({**pinned, "modelport:target": "kubernetes"}, stack="dev").gpu_pools.pools
    assert [pool.sharing for pool in pools] == ["none", "time-slicing", "mig"]


def test_the_page_lists_every_logical_name_and_the_rights_that_pools_need(pools):
    operator = {"prometheus": "monitoring", "prometheusOperator": {}}
    program = pools(L4, existing=operator, devicePlugin=PLUGIN, exporter=EXPORTER)
    listed = set(re.findall(r"`gpuPools-([a-z]+)", PAGE))
    assert listed == {name.split("-")[1] for name in program.inputs if name != "gpuPools"}
    assert {name for rule in rights_for("nodes") for name in rule["resources"]} == {"nodes", "daemonsets"}


STACK = {
    "kubernetes:context": "test",
    "modelport:target": "kubernetes",
    "modelport:services": '["fraud"]',
    "modelport:image": GPU_IMAGE,
    "modelport:existing": '{"registry": "registry.example/models"}',
    "modelport:gpuPools": json.dumps({"pools": [L4]}),
    "modelport:resources": '{"gpuPools-node-l4-0": {"options": {"protect": true}}}',
}


def test_a_stack_has_its_pools_beside_its_services(project):
    def run():
        GpuPools.of_stack()
        ModelService.from_file("fraud.yaml")

    program = Program.run(run, STACK)
    assert program.request("gpuPools-node-l4-0").protect
    assert program.request("fraud-kubernetes-server-blue")
    without = {key: value for key, value in STACK.items() if key not in ("modelport:gpuPools", "modelport:resources")}
    assert "gpuPools" not in Program.run(run, without).inputs


def test_pools_without_a_cluster_are_refused(project):
    def run():
        with pytest.raises(pulumi.RunError, match="kubernetes:context"):
            GpuPools.of_stack()

    assert Program.run(run, {**STACK, "kubernetes:context": ""}).requests == []
