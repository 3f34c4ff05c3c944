"""What docs/targets/kubernetes.md says, against what is planned."""

import re

import pytest
from support.kubernetes_page import PAGE, ROLES, rights_for

from modelport.spec import Monitoring, Protocols, Security
from modelport.targets.kubernetes.target import KubernetesService

CHANGE = {"get", "list", "watch", "create", "update", "patch", "delete"}
WATCHED = {"pods", "replicasets", "endpoints", "endpointslices", "events", "pods/log"}
"""What is read while a Deployment or a Service comes up, and not made."""
EXISTING = {"namespace": "serving", "role": "runner", "priority_class": "high"}
OF_THE_CLUSTER = {"namespaces", "priorityclasses"}


def resource(token):
    """API group and plural of a type token."""
    _, version, kind = token.split(":")
    group = version.rpartition("/")[0]
    plural = kind.lower()
    plural = f"{plural[:-1]}ies" if plural.endswith("cy") else f"{plural}es" if plural.endswith("s") else f"{plural}s"
    return "" if group == "core" else group, plural


def changed(role):
    """What a role lets change."""
    return changing(ROLES[role])


def changing(rules):
    """What rules let change."""
    rules = (rule for rule in rules if set(rule["verbs"]) == CHANGE)
    return {(group, name) for rule in rules for group in rule["apiGroups"] for name in rule["resources"]}


def read(role):
    """What a role lets read, and no more."""
    rules = (rule for rule in ROLES[role] if set(rule["verbs"]) != CHANGE)
    assert all(set(rule["verbs"]) <= {"get", "list", "watch"} for rule in rules)
    return {name for rule in ROLES[role] if set(rule["verbs"]) != CHANGE for name in rule["resources"]}


def made(program):
    """What a program wants of the cluster."""
    return {resource(request.type) for request in program.requests if request.type.startswith("kubernetes:")}


@pytest.mark.parametrize(("role", "existing"), [("ClusterRole", {}), ("Role", EXISTING)])
def test_the_rights_on_the_page_are_those_that_are_needed_and_no_others(kubernetes, role, existing):
    assert changed(role) == made(kubernetes({"existing": existing}))
    assert read(role) == WATCHED


def test_with_keda_other_autoscalers_are_made(kubernetes):
    with_keda, without = (made(kubernetes({"existing": {"autoscaler": each}})) for each in ("keda", "hpa"))
    assert changing(rights_for("scaledobjects")) == with_keda - without
    assert without - with_keda == {("autoscaling", "horizontalpodautoscalers")}


def test_ways_in_take_other_objects(kubernetes):
    common = {"domain": "example.com", "gateway_namespace": "edge", "issuer": "issuer"}
    ways = [
        kubernetes({"existing": {**common, way: "class"}}, security=Security(exposure="public", auth="none"), **more)
        for way, more in (("gateway_class", {"protocols": Protocols(grpc=True)}), ("ingress_class", {}))
    ]
    assert changing(rights_for("httproutes")) == set().union(*map(made, ways)) - made(kubernetes())


def test_what_watches_takes_other_objects(kubernetes):
    notify = Monitoring.model_validate({"alerts": {"notify": ["ml@example.com"]}})
    watched = kubernetes({"existing": {"prometheus": "monitoring", "prometheus_operator": {}}}, monitoring=notify)
    assert changing(rights_for("prometheusrules")) == made(watched) - made(kubernetes())


def test_with_everything_existing_nothing_of_the_cluster_is_asked_for():
    assert not {name for _, name in changed("Role")} & OF_THE_CLUSTER
    assert {name for _, name in changed("ClusterRole")} >= OF_THE_CLUSTER


def test_the_page_lists_every_logical_name():
    listed = {name.replace("-SLOT", "") for name in re.findall(r"`\.\.\.-([a-zA-Z-]+)`", PAGE)}
    assert listed == {re.sub("-(blue|green)$", "", role) for role in KubernetesService.RESOURCES}
