"""What state keeps of objects."""

from modelport_engine.kubernetes.state import inputs_of, preview_of, state_of
from modelport_engine.protocol.values import UNKNOWN, Secret, contains_secret

LAST = "kubectl.kubernetes.io/last-applied-configuration"


def test_a_list_with_a_secret_in_it_is_secret_whatever_others_put_before_it():
    asked = {"kind": "Pod", "spec": {"env": [{"name": "A", "value": Secret("hunter2")}]}}
    live = {"kind": "Pod", "spec": {"env": [{"name": "INJECTED", "value": "x"}, {"name": "A", "value": "hunter2"}]}}
    state = state_of({"kind": "Pod", "spec": {"env": [{"name": "A", "value": "hunter2"}]}}, live, asked, "me")
    assert isinstance(state["spec"]["env"], Secret)
    assert isinstance(state["__inputs"]["spec"]["env"], Secret)
    assert "hunter2" not in repr(state)


def test_a_secret_that_kubectl_made_keeps_no_copy_of_its_data():
    own = {"name": "key", "annotations": {LAST: '{"data": {"k": "aHVudGVyMg=="}}', "team": "a"}}
    live = {"apiVersion": "v1", "kind": "Secret", "metadata": own, "data": {"k": "aHVudGVyMg=="}}
    state = state_of(inputs_of(live), live, {}, "me")
    assert "aHVudGVyMg==" not in repr(state)
    assert state["metadata"]["annotations"] == {"team": "a"}
    assert contains_secret(state["data"])


def test_what_comes_into_the_stack_does_not_ask_for_what_the_cluster_hands_out():
    service = {"kind": "Service", "metadata": {"name": "a", "uid": "1"}, "status": {}}
    live = {**service, "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "ports": [{"port": 80}]}}
    assert inputs_of(live) == {"kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "a"}, "spec": {"volumeName": "pv-1"}}
    assert inputs_of(claim)["spec"] == {}


def test_a_preview_knows_nothing_that_the_dry_run_made_up():
    live = {"kind": "Service", "metadata": {"name": "a", "uid": "1"}, "spec": {"clusterIP": "10.0.0.1"}, "status": {}}
    preview = preview_of({"kind": "Service", "spec": {}}, live, {}, "me")
    assert preview["metadata"]["uid"] is UNKNOWN
    assert preview["spec"]["clusterIP"] is UNKNOWN
    assert "status" not in preview
    assert preview_of({"kind": "Service"}, live, {"metadata": Secret({}), "spec": Secret({})}, "me")["spec"]


def test_the_version_that_an_object_was_made_with_stays():
    assert state_of({"apiVersion": "apps/v2"}, {}, {}, "me", "apps/v1")["__initialApiVersion"] == "apps/v1"
    assert state_of({"apiVersion": "apps/v2"}, {}, {}, "me")["__initialApiVersion"] == "apps/v2"
