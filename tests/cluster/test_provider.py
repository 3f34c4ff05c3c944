"""The engine's own provider for Kubernetes, on a real API server."""

import json
import signal
import subprocess
import sys
import threading

import pytest
from cluster.bed.api import ApiError
from cluster.bed.waiting import until
from cluster.manifests import MISSING_IMAGE, deployment
from support.manifests import Manifests, wanted

MANAGER = "pulumi-kubernetes-"


@pytest.fixture
def stack(tmp_path, cluster, namespace):
    """A stack of the test's own, for its namespace."""
    return Manifests(tmp_path, cluster.kubeconfig, namespace)


def config_map(name=None, annotations=None, **data):
    metadata = {**({"name": name} if name else {}), **({"annotations": annotations} if annotations else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def service(name="web", **spec):
    ports = [{"port": 80, "targetPort": 8080}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": ports, **spec}}


def web(namespace, **options):
    item = deployment("web", namespace, **options)
    return {**item, "metadata": {"name": "web"}}


def annotated(item, **annotations):
    named = {f"pulumi.com/{key}": value for key, value in annotations.items()}
    return {**item, "metadata": {**item["metadata"], "annotations": named}}


def owners(live, field):
    """The managers that own a top-level field of `spec`."""
    return {
        entry["manager"]
        for entry in live["metadata"]["managedFields"]
        if f"f:{field}" in entry.get("fieldsV1", {}).get("f:spec", {})
    }


def test_objects_are_made_changed_and_deleted_and_a_second_up_changes_nothing(stack, cluster, namespace):
    objects = {"web": web(namespace), "settings": config_map("settings", a="1")}
    stack.wants(**objects)
    assert sorted(stack.run("preview")) == [("create", "settings"), ("create", "web")]
    assert "settings" not in names(cluster, namespace)

    assert sorted(stack.run("up")) == [("create", "settings"), ("create", "web")]
    live = cluster.api.get("apps/v1", "Deployment", "web", namespace)
    assert live["status"]["availableReplicas"] == 1
    outputs = stack.resource("web")["outputs"]
    assert stack.resource("web")["id"] == f"{namespace}/web"
    assert outputs["status"]["availableReplicas"] == 1
    assert outputs["__initialApiVersion"] == "apps/v1"
    assert owners(live, "replicas") == {outputs["__fieldManager"]}
    assert outputs["__fieldManager"].startswith(MANAGER)

    assert stack.run("up") == []
    stack.run("refresh")  # conditions may have gone on
    assert stack.run("up") == []
    assert stack.up(**{**objects, "web": web(namespace, replicas=3)}) == [("update", "web")]
    assert cluster.api.get("apps/v1", "Deployment", "web", namespace)["status"]["availableReplicas"] == 3

    assert sorted(stack.run("destroy")) == [("delete", "settings"), ("delete", "web")]
    with pytest.raises(ApiError, match="not found"):
        cluster.api.get("apps/v1", "Deployment", "web", namespace)


def names(cluster, namespace, kind="ConfigMap", version="v1"):
    return {each["metadata"]["name"] for each in cluster.api.list(version, kind, namespace)}


def test_a_preview_asks_the_server_which_knows_wrong_fields_and_values(stack, cluster, namespace):
    wrong = web(namespace)
    wrong["spec"]["replicaz"] = 3
    stack.wants(web=wrong)
    assert "spec.replicaz" in stack.fail("preview")
    wrong = web(namespace)
    wrong["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"containerPort": 80000}]
    stack.wants(web=wrong)
    assert "containerPort" in stack.fail("preview")
    assert cluster.api.list("apps/v1", "Deployment", namespace) == []


def test_what_is_to_come_in_the_same_update_is_previewed_without_the_server(stack, cluster):
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"{stack.namespace}-own"}}
    inside = config_map("inside", a="1")
    inside["metadata"]["namespace"] = f"{stack.namespace}-own"
    stack.wants(space=space, inside=wanted(inside, after=["space"]))
    assert stack.run("preview") == [("create", "space"), ("create", "inside")]
    assert stack.run("up") == [("create", "space"), ("create", "inside")]
    assert stack.run("destroy") == [("delete", "inside"), ("delete", "space")]
    assert f"{stack.namespace}-own" not in {each["metadata"]["name"] for each in cluster.api.list("v1", "Namespace")}


def test_a_preview_does_not_tell_what_the_dry_run_made_up(stack):
    stack.wants(web=service(selector={"app": "web"}))
    stack.run("preview")
    made = next(
        each["metadata"] for each in stack.bench.bodies("resOutputsEvent") if each["metadata"]["urn"].endswith("web")
    )
    outputs = made["new"]["outputs"]
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert outputs["metadata"]["uid"] == outputs["spec"]["clusterIP"] == unknown
    assert outputs["spec"]["sessionAffinity"] == "None"


def test_another_managers_field_is_a_conflict_that_names_it_and_changes_nothing(stack, cluster, namespace):
    stack.up(web=web(namespace))
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}}
    cluster.api.apply({**theirs, "spec": {"replicas": 2}}, manager="night-shift")
    stack.wants(web=web(namespace, replicas=5))
    for command in ("preview", "up"):
        assert "spec.replicas is managed by night-shift" in stack.fail(command)
    assert cluster.api.get("apps/v1", "Deployment", "web", namespace)["spec"]["replicas"] == 2

    assert stack.up(web=annotated(web(namespace, replicas=5), patchForce="true")) == [("update", "web")]
    live = cluster.api.get("apps/v1", "Deployment", "web", namespace)
    assert live["spec"]["replicas"] == 5
    assert "night-shift" not in owners(live, "replicas")


def test_replicas_are_left_to_an_autoscaler(stack, cluster, namespace):
    stack.up(web=wanted(web(namespace), ignore=["spec.replicas"]))
    live = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace}}
    cluster.api.apply({**live, "spec": {"replicas": 4}}, manager="autoscaler")
    changed = web(namespace, image="registry.test/app:2")
    assert stack.up(web=wanted(changed, ignore=["spec.replicas"])) == [("update", "web")]
    now = cluster.api.get("apps/v1", "Deployment", "web", namespace)
    assert now["spec"]["replicas"] == 4
    assert now["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.test/app:2"
    assert "autoscaler" in owners(now, "replicas")
    assert stack.run("up") == []


def test_an_object_of_somebody_else_is_not_taken_over(stack, cluster, namespace):
    theirs = config_map("settings", a="theirs")
    theirs["metadata"]["namespace"] = namespace
    cluster.api.apply(theirs, manager="somebody")
    stack.wants(settings=config_map("settings", a="ours"))
    for command in ("preview", "up"):
        assert "already exists, and this stack has not made it" in stack.fail(command)
    assert cluster.api.get("v1", "ConfigMap", "settings", namespace)["data"] == {"a": "theirs"}
    stack.use(cluster.kubeconfig, upsertExistingObjects="true", enablePatchForce="true")
    assert stack.run("up") == [("create", "settings")]
    assert cluster.api.get("v1", "ConfigMap", "settings", namespace)["data"] == {"a": "ours"}


def test_an_object_that_an_interrupted_run_left_is_found_again(stack, cluster, namespace):
    stack.up(settings=config_map("settings", a="1"))
    stack.forget("settings")
    assert stack.run("up") == [("create", "settings")]
    stack.forget("settings")
    stack.wants(settings=config_map("settings", a="2"))
    assert "already exists" in stack.fail("up", skip_preview=True)
    assert cluster.api.get("v1", "ConfigMap", "settings", namespace)["data"] == {"a": "1"}


def test_a_stack_of_the_same_name_elsewhere_takes_nothing_over(stack, namespace):
    stack.up(settings=config_map("settings", a="1"))
    stack.bench.state_file.unlink()  # of another machine, whose state knows nothing
    assert "this stack has not made it" in stack.fail("up", skip_preview=True)


def test_force_over_fields_is_none_over_objects(stack, cluster, namespace):
    theirs = config_map("settings", a="theirs")
    theirs["metadata"]["namespace"] = namespace
    cluster.api.apply(theirs, manager="somebody")
    stack.wants(settings=config_map("settings", {"pulumi.com/patchForce": "true"}, a="ours"))
    assert "already exists" in stack.fail("up", skip_preview=True)


def test_a_replacement_does_not_take_its_own_object_for_a_left_over(stack, cluster, namespace):
    """Else it would delete, in the end, what it has taken."""
    stack.up(settings=config_map("settings", a="1"))
    state = json.loads(stack.bench.state_file.read_text())
    for each in state["checkpoint"]["latest"]["resources"]:
        if each["urn"].endswith("::settings"):
            each["taint"] = True
    stack.bench.state_file.write_text(json.dumps(state))
    stack.bench.run("up", skip_preview=True)
    assert cluster.api.get("v1", "ConfigMap", "settings", namespace)["data"] == {"a": "1"}


def test_what_somebody_has_made_in_its_place_is_neither_changed_nor_deleted(stack, cluster, namespace):
    stack.up(web=annotated(service("web", selector={"app": "a"}), skipAwait="true"))
    cluster.api.delete("v1", "Service", "web", namespace)
    theirs = service("web", selector={"app": "theirs"})
    theirs["metadata"]["namespace"] = namespace
    cluster.api.create(theirs)
    stack.wants(web=annotated(service("web", selector={"app": "b"}), skipAwait="true"))
    assert "is not the object that this stack has made" in stack.fail("up", skip_preview=True)
    assert "is not the object that this stack has made" in stack.fail("destroy")
    assert cluster.api.get("v1", "Service", "web", namespace)["spec"]["selector"] == {"app": "theirs"}
    stack.run("refresh")
    assert stack.run("destroy") == [("delete", "web")]


def test_a_rollout_that_gets_nowhere_says_why_and_the_next_update_heals_it(stack, cluster, namespace):
    stack.up(web=web(namespace))
    stack.wants(web=web(namespace, image=MISSING_IMAGE))
    errors = stack.fail("up")
    assert f"Deployment {namespace}/web is not ready: " in errors
    assert "has timed out progressing" in errors
    assert "container app: ErrImagePull" in errors
    assert cluster.api.get("apps/v1", "Deployment", "web", namespace)["status"]["availableReplicas"] == 1
    assert stack.resource("web")["initErrors"]

    stack.bench.run("refresh")
    assert "has timed out progressing" in str(stack.resource("web")["initErrors"])
    assert stack.up(web=web(namespace, image="registry.test/app:2")) == [("update", "web")]
    assert "initErrors" not in stack.resource("web")
    assert stack.run("up") == []


def test_pods_that_no_node_takes_are_explained(stack, namespace):
    stack.wants(web=web(namespace, resources={"nvidia.com/gpu": "99"}))
    errors = stack.fail("up")
    assert "no node takes the pod: " in errors
    assert "Insufficient nvidia.com/gpu" in errors


def test_an_exceeded_quota_is_explained(stack, namespace):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "small"}, "spec": {"hard": {"pods": 1}}}
    stack.wants(quota=quota, web=wanted(web(namespace, replicas=2), after=["quota"]))
    assert "exceeded quota: small" in stack.fail("up")


def test_the_time_to_become_ready_is_the_programs_to_say(stack):
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "models"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "nobody-has-this",
        },
    }
    stack.wants(models=annotated(claim, timeoutSeconds="1"))
    assert "the claim is Pending (not so within 1 s)" in stack.fail("up")
    stack.wants(models=wanted(claim, seconds=1))
    assert "not so within 1 s" in stack.fail("up")
    assert stack.up(models=annotated(claim, skipAwait="true")) == [("update", "models")]


def test_workloads_of_every_kind_are_waited_for(stack, cluster, namespace):
    spec = web(namespace)["spec"]["template"]["spec"]

    def workload(name):
        labels = {"app": name}
        return {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": spec}}

    def kind(version, kind, name, **spec):
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}

    objects = {
        "pod": kind("v1", "Pod", "pod", **spec),
        "job": kind("batch/v1", "Job", "job", template={"spec": {**spec, "restartPolicy": "Never"}}),
        "set": kind("apps/v1", "StatefulSet", "set", replicas=2, serviceName="set", **workload("set")),
        "daemons": kind("apps/v1", "DaemonSet", "daemons", **workload("daemons")),
        "front": service("front", selector={"app": "set"}),
    }
    assert sorted(name for _, name in stack.up(**objects)) == sorted(objects)
    assert stack.resource("job")["outputs"]["status"]["succeeded"] == 1
    assert stack.resource("set")["outputs"]["status"]["readyReplicas"] == 2
    daemons = stack.resource("daemons")["outputs"]["status"]
    assert daemons["numberAvailable"] == daemons["desiredNumberScheduled"] > 0
    assert stack.run("up") == []


def test_a_service_without_pods_is_not_ready(stack):
    stack.wants(front=wanted(service("front", selector={"app": "nobody"}), seconds=1))
    assert "none of the pods that it selects is ready" in stack.fail("up")
    assert stack.up(front=service("front", clusterIP="None", selector={"app": "nobody"})) != []


def definition(group):
    schema = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"lamps.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": "Lamp", "plural": "lamps"},
            "scope": "Namespaced",
            "versions": [version],
        },
    }


def test_a_kind_and_its_first_object_are_made_together(stack, cluster, namespace):
    group = f"{namespace}.example.com"
    lamp = {"apiVersion": f"{group}/v1", "kind": "Lamp", "metadata": {"name": "desk"}, "spec": {"on": True}}
    objects = {"kind": definition(group), "lamp": wanted(lamp, after=["kind"])}
    stack.wants(**objects)
    assert len(stack.run("preview")) == 2
    assert stack.run("up") == [("create", "kind"), ("create", "lamp")]
    assert stack.run("up") == []
    wider = definition(group)
    wider["spec"]["names"]["shortNames"] = ["lp"]
    stack.wants(**{**objects, "kind": wider})
    assert stack.run("up") == [("update", "kind")]
    assert stack.run("destroy") == [("delete", "lamp"), ("delete", "kind")]


def test_an_object_of_the_whole_cluster_needs_no_namespace_though_the_stack_has_one(stack, cluster, namespace):
    group = f"{namespace}.example.com"
    kind = definition(group)
    kind["spec"]["scope"] = "Cluster"
    lamp = {
        "apiVersion": f"{group}/v1",
        "kind": "Lamp",
        "metadata": {"name": "desk"},
        "spec": {"on": True, "off": None},
    }
    stack.up(kind=kind, lamp=wanted(lamp, after=["kind"]))
    assert stack.resource("lamp")["id"] == "desk"
    assert stack.run("up") == []
    assert cluster.api.get(f"{group}/v1", "Lamp", "desk")["spec"] == {"on": True}
    assert stack.run("destroy") == [("delete", "lamp"), ("delete", "kind")]


def test_a_kind_that_the_cluster_lacks_is_named(stack, namespace):
    lamp = {"apiVersion": "nowhere.example.com/v1", "kind": "Lamp", "metadata": {"name": "desk"}}
    stack.wants(lamp=lamp)
    assert stack.run("preview") == [("create", "lamp")]
    errors = stack.fail("up")
    assert "has no Lamp of nowhere.example.com/v1: install its CustomResourceDefinition first" in errors


def test_an_annotation_says_what_else_to_wait_for(stack, cluster, namespace):
    group = f"{namespace}.example.com"
    lamp = {"apiVersion": f"{group}/v1", "kind": "Lamp", "metadata": {"name": "desk"}}
    lit = annotated(lamp, waitFor="jsonpath={.spec.lit}=yes", timeoutSeconds="20")
    stack.up(kind=definition(group))
    stack.wants(kind=definition(group), lamp=lit)

    def light():
        until(lambda: cluster.api.ready(cluster.api.path(f"{group}/v1", "Lamp", "desk", namespace)))
        cluster.api.merge(f"{group}/v1", "Lamp", "desk", {"spec": {"lit": "yes"}}, namespace)

    lighter = threading.Thread(target=light)
    lighter.start()
    assert stack.run("up", skip_preview=True) == [("create", "lamp")]
    lighter.join()
    assert stack.resource("lamp")["outputs"]["spec"] == {"lit": "yes"}


def test_an_immutable_field_needs_another_object_which_takes_the_name_after_the_old_one(stack, cluster, namespace):
    stack.up(web=web(namespace))
    before = cluster.api.get("apps/v1", "Deployment", "web", namespace)["metadata"]["uid"]
    other = web(namespace)
    for labels in (other["spec"]["selector"]["matchLabels"], other["spec"]["template"]["metadata"]["labels"]):
        labels["tier"] = "front"
    stack.wants(web=other)
    assert ("replace", "web") in stack.run("preview")
    assert [op for op, _ in stack.run("up")] == ["delete-replaced", "replace", "create-replacement"]
    assert cluster.api.get("apps/v1", "Deployment", "web", namespace)["metadata"]["uid"] != before


def test_settings_get_a_new_name_with_new_content_and_the_old_ones_go_last(stack, cluster, namespace):
    stack.up(settings=config_map(a="1"))
    first = stack.live_name("settings")
    steps = stack.up(settings=config_map(a="2"))
    assert [op for op, _ in steps] == ["create-replacement", "replace", "delete-replaced"]
    assert stack.live_name("settings") != first
    assert first not in names(cluster, namespace)


def test_a_delete_waits_and_says_what_holds_the_object(stack, cluster, namespace):
    held = config_map("held", a="1")
    held["metadata"]["finalizers"] = ["example.com/slow"]
    stack.up(held=wanted(held, seconds=1))
    assert "is still there, not so within 1 s: waiting for " in (errors := stack.fail("destroy"))
    assert "example.com/slow" in errors
    assert stack.resource("held")["id"] == f"{namespace}/held"

    def let_go():
        cluster.api.merge("v1", "ConfigMap", "held", {"metadata": {"finalizers": None}}, namespace)

    threading.Timer(0.3, let_go).start()
    assert stack.run("destroy") == [("delete", "held")]


def test_what_was_deleted_behind_the_stacks_back_is_made_again(stack, cluster, namespace):
    stack.up(settings=config_map("settings", a="1"))
    cluster.api.delete("v1", "ConfigMap", "settings", namespace)
    assert stack.run("refresh") == [("delete", "settings")]
    assert stack.run("up") == [("create", "settings")]
    cluster.api.delete("v1", "ConfigMap", "settings", namespace)
    assert stack.run("destroy") == [("delete", "settings")]


def test_drift_is_seen_by_a_refresh_and_repaired(stack, cluster, namespace):
    stack.up(
        web=service(selector={"app": "web"}, type="ClusterIP")
        | {"metadata": {"name": "web", "annotations": {"pulumi.com/skipAwait": "true"}}}
    )
    cluster.api.merge("v1", "Service", "web", {"spec": {"selector": {"app": "other"}}}, namespace)
    assert stack.run("refresh") == [("refresh", "web")] or stack.resource("web")["outputs"]["spec"]["selector"] == {
        "app": "other"
    }
    stack.use(cluster.kubeconfig, enablePatchForce="true")
    assert stack.run("up") == [("update", "web")]
    assert cluster.api.get("v1", "Service", "web", namespace)["spec"]["selector"] == {"app": "web"}


def test_a_patch_owns_the_fields_that_it_sets_and_gives_up_no_others(stack, cluster, namespace):
    node = cluster.api.list("v1", "Node")[0]["metadata"]["name"]
    label = f"example.com/{namespace}"
    pool = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": node, "labels": {label: "l4"}}}
    assert stack.up(pool=wanted(pool, patch=True)) == [("create", "pool")]
    assert cluster.api.get("v1", "Node", node)["metadata"]["labels"][label] == "l4"
    assert stack.run("up") == []
    pool["metadata"]["labels"][label] = "h100"
    assert stack.up(pool=wanted(pool, patch=True)) == [("update", "pool")]
    assert stack.run("destroy") == [("delete", "pool")]
    labels = cluster.api.get("v1", "Node", node)["metadata"]["labels"]
    assert label not in labels
    assert labels["kubernetes.io/hostname"] == node


def test_a_patch_of_what_does_not_exist_is_refused(stack):
    pool = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "nobody", "labels": {"a": "b"}}}
    stack.wants(pool=wanted(pool, patch=True))
    assert "Node nobody does not exist" in stack.fail("up", skip_preview=True)


def test_what_the_plugin_made_is_taken_over_so_that_a_field_can_go(stack, cluster, namespace):
    """As the recordings have it: created by the manager `pulumi-kubernetes`, another one in the state."""
    item = config_map("settings", a="1", b="2")
    item["metadata"]["namespace"] = namespace
    made = cluster.api.ask(
        "POST",
        cluster.api.path("v1", "ConfigMap", namespace=namespace),
        json=item,
        params={"fieldManager": "pulumi-kubernetes"},
    )
    stack.use(cluster.kubeconfig, enableConfigMapMutable="true")
    stack.up(other=config_map("other"))
    state = json.loads(stack.bench.state_file.read_text())
    resources = state["checkpoint"]["latest"]["resources"]
    ours = next(each for each in resources if each["urn"].endswith("::other"))
    internal = {"__fieldManager": "pulumi-kubernetes-44be3cb0", "__initialApiVersion": "v1", "__inputs": item}
    theirs = {"urn": ours["urn"].replace("::other", "::settings"), "id": f"{namespace}/settings"}
    resources.append({**ours, **theirs, "inputs": item, "outputs": {**made, **internal}})
    stack.bench.state_file.write_text(json.dumps(state))

    less = config_map("settings", a="9")
    less["metadata"]["namespace"] = namespace
    stack.wants(other=config_map("other"), settings=item)
    assert stack.run("up") == []
    stack.wants(other=config_map("other"), settings=less)
    assert stack.run("up") == [("update", "settings")]
    live = cluster.api.get("v1", "ConfigMap", "settings", namespace)
    assert live["data"] == {"a": "9"}
    assert {each["manager"] for each in live["metadata"]["managedFields"]} == {"pulumi-kubernetes-44be3cb0"}


def test_secrets_are_in_clear_in_the_cluster_alone(stack, cluster, namespace):
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"k": "hunter2-hunter2"}}
    assert stack.up(key=wanted(secret, secret=["stringData"])) == [("create", "key")]
    assert cluster.api.get("v1", "Secret", "key", namespace)["data"] == {"k": "aHVudGVyMi1odW50ZXIy"}
    assert stack.run("refresh") == []
    for text in (stack.bench.state_file.read_text(), json.dumps(stack.bench.events)):
        assert "hunter2" not in text
        assert "aHVudGVyMi1odW50ZXIy" not in text


CONFIG_MAPS = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}


def test_who_may_not_is_told_what_is_missing(stack, user, namespace):
    stack.use(user([CONFIG_MAPS], namespace))
    stack.wants(settings=config_map("settings", a="1"))
    assert stack.run("preview") == [("create", "settings")]
    errors = stack.fail("up")
    assert 'cannot patch resource "configmaps" in API group ""' in errors
    assert "add it to a Role" in errors


def test_rights_in_one_namespace_are_enough_for_it(stack, user, namespace):
    everything = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch", "delete"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "create", "patch", "delete"]},
    ]
    stack.use(user(everything, namespace))
    stack.up(settings=config_map("settings", a="1"), web=web(namespace))
    assert stack.run("up") == []
    assert len(stack.run("destroy")) == 2


@pytest.mark.parametrize("who", ["expired_kubeconfig", "unknown_kubeconfig"])
def test_credentials_that_are_no_good_are_told_so(stack, request, who):
    stack.use(request.getfixturevalue(who))
    stack.wants(settings=config_map("settings", a="1"))
    assert "does not accept the credentials" in (errors := stack.fail("up", skip_preview=True))
    assert "log in again" in errors


def test_an_api_server_that_does_not_answer_stops_an_update_and_not_a_preview(stack, astray_kubeconfig):
    stack.use(astray_kubeconfig)
    stack.wants(settings=config_map("settings", a="1"))
    assert stack.run("preview") == [("create", "settings")]
    assert "does not answer: " in stack.fail("up", skip_preview=True)


def test_a_stack_outlives_its_cluster_when_it_is_told_to(stack, cluster, astray_kubeconfig):
    stack.up(settings=config_map("settings", a="1"))
    stack.use(astray_kubeconfig)
    assert "does not answer" in stack.fail("destroy")
    assert "does not answer" in stack.fail("refresh")
    stack.bench.env = {**stack.bench.env, "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true"}
    assert stack.run("refresh") == []
    stack.bench.env = {**stack.bench.env, "PULUMI_K8S_DELETE_UNREACHABLE": "true"}
    assert stack.run("destroy") == [("delete", "settings")]


def test_an_interrupt_ends_the_waiting_and_keeps_what_was_made(stack, cluster, namespace):
    stack.wants(front=service("front", selector={"app": "nobody"}))
    command = [
        sys.executable,
        "-m",
        "modelport_engine",
        "up",
        "--cwd",
        stack.bench.folder,
        "--stack",
        "dev",
        "--yes",
        "-f",
    ]
    process = subprocess.Popen(
        command, env=stack.bench.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until(lambda: cluster.api.ready(cluster.api.path("v1", "Service", "front", namespace)))
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 1, output
    assert "none of the pods that it selects is ready (the run was cancelled)" in output
    assert stack.resource("front")["initErrors"]
    assert stack.run("destroy") == [("delete", "front")]
