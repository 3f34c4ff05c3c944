import pytest

from modelport import targets
from modelport.plan.change import Change

DEPLOYMENT, SERVICE = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:Service"
NAMESPACE, CONFIG = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:ConfigMap"
SERVER = "modelport:local:Server"


def effect(target, *changes):
    return targets.load(target).effects([Change(f"urn::{kind}", type_, "it", kind) for type_, kind in changes])


@pytest.mark.parametrize(
    ("changes", "interrupted"),
    [
        ([(DEPLOYMENT, "create"), (SERVICE, "create"), (NAMESPACE, "create")], "no"),
        ([(DEPLOYMENT, "in place")], "no"),
        ([(CONFIG, "replaces"), (DEPLOYMENT, "in place")], "no"),
        ([(DEPLOYMENT, "create"), (SERVICE, "in place")], "no"),
        ([(DEPLOYMENT, "delete"), (SERVICE, "in place")], "no"),
        ([(SERVICE, "replaces")], "maybe"),
        ([(DEPLOYMENT, "replaces")], "yes"),
        ([(NAMESPACE, "replaces"), (DEPLOYMENT, "replaces")], "yes"),
        ([(DEPLOYMENT, "delete"), (SERVICE, "delete"), (NAMESPACE, "delete")], "yes"),
    ],
)
def test_on_kubernetes_only_what_leaves_callers_alone_is_called_so(changes, interrupted):
    assert effect("kubernetes", *changes).interrupted == interrupted


@pytest.mark.parametrize(
    ("kind", "interrupted"),
    [("create", "no"), ("in place", "no"), ("may replace", "maybe"), ("replaces", "yes"), ("delete", "yes")],
)
def test_on_this_machine_the_server_s_change_is_what_callers_notice(kind, interrupted):
    assert effect("local", (SERVER, kind)).interrupted == interrupted


def test_a_target_that_knows_nothing_says_maybe_but_of_what_is_new():
    assert effect("vertex", ("gcp:vertex/aiEndpoint:AiEndpoint", "in place")).interrupted == "maybe"
    assert effect("vertex", ("gcp:vertex/aiEndpoint:AiEndpoint", "create")).interrupted == "no"
