from copy import deepcopy

from modelport_engine.kubernetes.ownership import manager_of, taken_over, without_ignored

OURS = "pulumi-kubernetes-1234abcd"


def entry(manager, operation, fields, **more):
    return {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsV1": fields, **more}


def deployment(*managed, **spec):
    metadata = {"name": "web", "namespace": "demo", "managedFields": list(managed)}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


REPLICAS = {"f:spec": {"f:replicas": {}}}


def test_a_manager_is_the_one_of_the_annotation_then_of_the_state_then_of_the_resource():
    named = {"metadata": {"annotations": {"pulumi.com/patchFieldManager": "platform"}}}
    assert manager_of("urn:a", "id", named, "recorded") == "platform"
    assert manager_of("urn:a", "id", {}, "recorded") == "recorded"
    assert manager_of("urn:a", "id", {}) == manager_of("urn:a", "id", {})
    assert len({manager_of(urn, id, {}) for urn in ("urn:a", "urn:b") for id in ("one", "two")}) == 4


def test_what_the_plugin_created_becomes_ours_and_what_others_own_stays_theirs():
    status = entry("pulumi-kubernetes", "Update", {"f:status": {}}, subresource="status")
    scaler = entry("scaler", "Update", REPLICAS)
    created = entry("pulumi-kubernetes", "Update", {"f:spec": {"f:paused": {}}})
    applied = entry(OURS, "Apply", {"f:spec": {"f:selector": {}}})
    live = deployment(scaler, created, applied, status)
    before = deepcopy(live)
    assert taken_over(live, OURS) == [
        scaler,
        entry(OURS, "Apply", {"f:spec": {"f:selector": {}, "f:paused": {}}}),
        status,
    ]
    assert live == before
    assert taken_over(deployment(scaler, applied, status), OURS) is None


def test_an_ignored_field_of_another_manager_is_left_to_it():
    live = deployment(
        entry("scaler", "Update", REPLICAS), entry(OURS, "Apply", {"f:spec": {"f:paused": {}}}), replicas=7
    )
    wanted = deployment(replicas=2, paused=False)
    assert without_ignored(wanted, live, OURS, ["spec.replicas"])["spec"] == {"paused": False}
    assert wanted["spec"]["replicas"] == 2


def test_replicas_that_an_autoscaler_has_set_through_scale_are_left_to_it():
    scaled = entry("kube-controller-manager", "Update", REPLICAS, subresource="scale")
    ours = entry(OURS, "Apply", {"f:spec": {"f:paused": {}}})
    live = deployment(ours, scaled, replicas=7)
    assert without_ignored(deployment(replicas=2), live, OURS, ["spec.replicas"])["spec"] == {}


def test_an_ignored_field_of_our_own_keeps_its_value():
    live = deployment(entry(OURS, "Apply", REPLICAS), replicas=7)
    assert without_ignored(deployment(replicas=2), live, OURS, ["spec.replicas"])["spec"] == {"replicas": 7}
    shared = deployment(entry(OURS, "Apply", REPLICAS), entry("scaler", "Update", REPLICAS), replicas=7)
    assert without_ignored(deployment(replicas=2), shared, OURS, ["spec.replicas"])["spec"] == {"replicas": 7}


def test_an_ignored_field_that_is_not_there_is_not_applied():
    assert (
        without_ignored(deployment(replicas=2), deployment(), OURS, ["spec.replicas", "spec.nothing.at[3]"])["spec"]
        == {}
    )


def test_an_item_of_a_list_is_known_by_its_keys():
    fields = {"f:spec": {"f:template": {"f:containers": {'k:{"name":"b"}': {"f:image": {}}}}}}
    containers = [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]
    live = deployment(entry("mirror", "Update", fields), template={"containers": containers})
    wanted = deployment(template={"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]})
    for path, expected in (
        ("spec.template.containers[1].image", [{"name": "a", "image": "x"}, {"name": "b"}]),
        ("spec.template.containers[0].image", [{"name": "a", "image": "1"}, {"name": "b", "image": "y"}]),
    ):
        assert without_ignored(wanted, live, OURS, [path])["spec"]["template"]["containers"] == expected


def test_a_wildcard_means_each_item_and_items_are_known_by_their_names():
    fields = {"f:spec": {"f:containers": {'k:{"name":"b"}': {"f:image": {}}}}}
    injected = [{"name": "proxy", "image": "p"}, {"name": "b", "image": "2"}, {"name": "a", "image": "1"}]
    live = deployment(entry(OURS, "Apply", fields), containers=injected)
    wanted = deployment(containers=[{"name": "a", "image": "x"}, {"name": "b", "image": "y"}])
    kept = without_ignored(wanted, live, OURS, ["spec.containers[*].image"])["spec"]["containers"]
    assert kept == [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]
    kept = without_ignored(wanted, live, OURS, ["spec.containers[0].image"])["spec"]["containers"]
    assert kept == [{"name": "a", "image": "1"}, {"name": "b", "image": "y"}]


def test_an_autoscaler_that_writes_the_scale_owns_the_replicas():
    scaled = entry("kube-controller-manager", "Update", REPLICAS, subresource="scale")
    live = deployment(scaled, entry(OURS, "Apply", {"f:spec": {"f:paused": {}}}), replicas=7)
    assert without_ignored(deployment(replicas=2), live, OURS, ["spec.replicas"])["spec"] == {}


def test_another_manager_of_the_same_resource_takes_its_fields_along():
    former = entry("former", "Apply", REPLICAS)
    assert taken_over(deployment(former), OURS, "former") == [entry(OURS, "Apply", REPLICAS)]
    assert taken_over(deployment(former), OURS, OURS) is None
