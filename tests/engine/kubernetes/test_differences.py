from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelport_engine.kubernetes.differences import Change, changes, pruned
from modelport_engine.kubernetes.immutable import immutable_fields

KEYS = st.text("abc", min_size=1, max_size=2)
SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.text("xy", max_size=2)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def found(live, wanted):
    return [(each.path, each.kind) for each in changes(live, wanted)]


@given(OBJECTS)
def test_an_object_does_not_differ_from_itself(wanted):
    assert found(deepcopy(wanted), wanted) == []
    assert found(pruned(wanted, wanted), wanted) == []


@given(OBJECTS, OBJECTS)
def test_what_the_cluster_adds_is_no_difference(wanted, added):
    live = {**{f"z{key}": value for key, value in added.items()}, **wanted}
    assert found(pruned(live, wanted), wanted) == []


@given(OBJECTS, KEYS, st.text("uv", min_size=1))
def test_another_value_is_always_seen(wanted, key, value):
    new = {**wanted, key: value}
    assert found(wanted, new) == [(key, "update" if key in wanted else "add")]
    assert found(new, {k: v for k, v in new.items() if k != key}) == [(key, "delete")]


@pytest.mark.parametrize(
    ("live", "wanted"),
    [
        ({"resources": {"limits": {"cpu": "1"}}}, {"resources": {"limits": {"cpu": "1000m"}}}),
        ({"spec": {"limits": [{"max": {"cpu": "1"}}]}}, {"spec": {"limits": [{"max": {"cpu": "1000m"}}]}}),
        ({"metric": {"target": {"averageValue": "1"}}}, {"metric": {"target": {"averageValue": "1000m"}}}),
        ({"resources": {"limits": {"memory": "1Gi"}}}, {"resources": {"limits": {"memory": "1024Mi"}}}),
        ({"spec": {"hard": {"requests.cpu": "2"}}}, {"spec": {"hard": {"requests.cpu": 2}}}),
        ({"emptyDir": {"sizeLimit": "1536Mi"}}, {"emptyDir": {"sizeLimit": "1.5Gi"}}),
    ],
)
def test_the_same_amount_in_other_words_is_no_difference(live, wanted):
    assert found(live, wanted) == []


@pytest.mark.parametrize(
    ("live", "wanted", "path"),
    [
        ({"resources": {"limits": {"cpu": "1"}}}, {"resources": {"limits": {"cpu": "1001m"}}}, "resources.limits.cpu"),
        ({"resources": {"limits": {"cpu": "1"}}}, {"resources": {"limits": {"cpu": "much"}}}, "resources.limits.cpu"),
        ({"labels": {"size": "1000m"}}, {"labels": {"size": "1"}}, "labels.size"),
        ({"env": [{"name": "A", "value": "1024Mi"}]}, {"env": [{"name": "A", "value": "1Gi"}]}, "env[0].value"),
        ({"data": {"max": "1000"}}, {"data": {"max": "1k"}}, "data.max"),
    ],
)
def test_other_amounts_and_words_that_look_like_amounts_differ(live, wanted, path):
    assert found(live, wanted) == [(path, "update")]


def test_items_that_share_a_name_are_told_apart_by_their_places():
    mounts = [{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]
    assert found(pruned({"mounts": mounts}, {"mounts": mounts}), {"mounts": mounts}) == []
    other = [mounts[0], {"name": "v", "mountPath": "/c"}]
    assert found(pruned({"mounts": mounts}, {"mounts": mounts}), {"mounts": other}) == [
        ("mounts[1].mountPath", "update")
    ]


def test_what_is_ignored_lies_at_or_under_the_path():
    restarted = 'metadata.annotations["kubectl.kubernetes.io/restartedAt"]'
    assert Change(restarted, "add").is_ignored([restarted])
    assert Change("spec.containers[3].image", "update").is_ignored(["spec.containers[*].image"])
    assert Change("spec.replicas", "update").is_ignored(["spec"])
    assert not Change("metadata.annotations", "add").is_ignored([restarted])


def test_what_the_server_does_not_store_differs_only_when_it_is_new():
    wanted = {"emptyDir": {}, "paused": False, "a": None}
    assert found(pruned({}, wanted), wanted) == []
    assert found(pruned({}, {}), wanted) == [("emptyDir", "add"), ("paused", "add")]


def test_a_container_that_somebody_injects_does_not_move_ours():
    ours = [{"name": "server", "image": "a"}]
    live = {"containers": [{"name": "proxy", "image": "p"}, {"name": "server", "image": "a", "tty": False}]}
    assert found(pruned(live, {"containers": ours}), {"containers": ours}) == []


def test_paths_are_written_as_pulumi_reads_them():
    live = {"metadata": {"annotations": {"a.b/c": "1"}}, "spec": {"ports": [{"port": 1}]}}
    wanted = {"metadata": {"annotations": {"a.b/c": "2"}}, "spec": {"ports": [{"port": 1}, {"port": 2}]}}
    assert found(live, wanted) == [('metadata.annotations["a.b/c"]', "update"), ("spec.ports[1]", "add")]


def kind(api_version, name, **fields):
    fixed = immutable_fields(
        {"apiVersion": api_version, "kind": name, **fields}, mutable_config_maps=True, mutable_secrets=True
    )
    return lambda path: Change(path, "update").under(fixed)


def test_only_a_change_of_an_immutable_field_replaces():
    deployment = kind("apps/v1", "Deployment")
    assert deployment("spec.selector.matchLabels.app")
    assert deployment("metadata.name")
    assert not deployment("spec.replicas")
    assert not deployment("metadata.labels.app")
    assert kind("v1", "Pod")("spec.containers[0].image")
    assert kind("batch/v1", "Job")("spec.template.spec.containers[0].image")
    assert kind("rbac.authorization.k8s.io/v1", "RoleBinding")("roleRef.name")
    assert not kind("example.com/v1", "Deployment")("spec.selector")


def test_the_data_of_an_immutable_config_map_replaces_whatever_the_provider_allows():
    assert not kind("v1", "ConfigMap")("data.a")
    assert kind("v1", "ConfigMap", immutable=True)('data["a.b"]')
    assert kind("v1", "Secret", immutable=True)("data")
