import pytest

from modelport_engine.kubernetes.awaiting.expressions import expressions, fulfilled
from modelport_engine.kubernetes.awaiting.readiness import BY_KIND
from modelport_engine.kubernetes.failures import ClusterError


def judged(group, kind, spec=None, generation=2, **status):
    return BY_KIND[group, kind]({"metadata": {"generation": generation}, "spec": spec or {}, "status": status})


def deployment(spec=None, **status):
    return judged("apps", "Deployment", spec or {"replicas": 2}, **{"observedGeneration": 2, **status})


WHOLE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({**WHOLE, "observedGeneration": 1}, "its controller has not seen it yet"),
        ({}, "0 of 2 replicas are made"),
        ({**WHOLE, "updatedReplicas": 1}, "1 of 2 replicas are made"),
        ({**WHOLE, "replicas": 3}, "1 old replicas have still to end"),
        ({**WHOLE, "availableReplicas": 1}, "1 of 2 replicas are available"),
        (WHOLE, ""),
    ],
)
def test_a_deployment_is_ready_when_its_latest_template_alone_runs(status, text):
    verdict = deployment(**status)
    assert (verdict.text, verdict.ready, verdict.failed) == (text, not text, False)


def test_a_deployment_says_why_it_gets_no_pods_and_when_it_has_given_up():
    quota = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: gpus"}
    assert deployment(conditions=[quota]).text == "0 of 2 replicas are made: exceeded quota: gpus"
    over = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "has timed out"}
    assert deployment(conditions=[over]).failed
    assert deployment({"paused": True}).ready
    assert deployment({"replicas": 0}, replicas=0).ready


def test_a_stateful_set_waits_for_its_update_but_for_what_a_partition_holds_back():
    status = {"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 1}
    assert not judged("apps", "StatefulSet", {"replicas": 3}, **status).ready
    partition = {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}
    assert judged("apps", "StatefulSet", partition, **status).ready
    on_delete = {"replicas": 3, "updateStrategy": {"type": "OnDelete"}}
    assert judged("apps", "StatefulSet", on_delete, **status).ready
    assert not judged("apps", "StatefulSet", on_delete, **{**status, "readyReplicas": 2}).ready


def test_a_daemon_set_waits_for_every_node():
    status = {"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
    assert judged("apps", "DaemonSet", **status).ready
    assert judged("apps", "DaemonSet", **{**status, "numberAvailable": 1}).text == "1 of 2 nodes have an available pod"
    assert not judged("apps", "DaemonSet", **{**status, "updatedNumberScheduled": 1}).ready


@pytest.mark.parametrize(
    ("kind", "status", "ready", "failed"),
    [
        (("batch", "Job"), {}, False, False),
        (("batch", "Job"), {"conditions": [{"type": "Complete", "status": "True"}]}, True, False),
        (("batch", "Job"), {"conditions": [{"type": "Failed", "status": "True", "reason": "Deadline"}]}, False, True),
        (("", "Pod"), {"phase": "Pending"}, False, False),
        (("", "Pod"), {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}, True, False),
        (("", "Pod"), {"phase": "Succeeded"}, True, False),
        (("", "Pod"), {"phase": "Failed"}, False, True),
        (("", "PersistentVolumeClaim"), {"phase": "Pending"}, False, False),
        (("", "PersistentVolumeClaim"), {"phase": "Bound"}, True, False),
        (("", "PersistentVolumeClaim"), {"phase": "Lost"}, False, True),
    ],
)
def test_other_kinds_are_ready_when_they_say_so(kind, status, ready, failed):
    verdict = judged(*kind, **status)
    assert (verdict.ready, verdict.failed) == (ready, failed)
    assert verdict.ready or verdict.text


def test_a_load_balancer_waits_for_its_address():
    assert not judged("", "Service", {"type": "LoadBalancer"}).ready
    assert judged("", "Service", {"type": "LoadBalancer"}, loadBalancer={"ingress": [{"ip": "192.0.2.1"}]}).ready
    assert judged("", "Service", {"type": "ClusterIP"}).ready


def test_a_definition_waits_until_it_is_served():
    kind = ("apiextensions.k8s.io", "CustomResourceDefinition")
    assert not judged(*kind).ready
    assert judged(*kind, conditions=[{"type": "Established", "status": "True"}]).ready
    assert judged(*kind, conditions=[{"type": "NamesAccepted", "status": "False", "message": "taken"}]).failed


def waiting_for(text):
    return {"kind": "Gateway", "metadata": {"annotations": {"pulumi.com/waitFor": text}}}


@pytest.mark.parametrize(
    ("text", "status", "ready"),
    [
        ("condition=Programmed", {"conditions": [{"type": "Programmed", "status": "True"}]}, True),
        ("condition=Programmed", {"conditions": [{"type": "Programmed", "status": "False"}]}, False),
        ("condition=Degraded=False", {"conditions": [{"type": "Degraded", "status": "False"}]}, True),
        ("jsonpath={.status.phase}=Running", {"phase": "Running"}, True),
        ("jsonpath={.status.phase}=Running", {"phase": "Pending"}, False),
        ("jsonpath={.status.addresses[0].value}", {"addresses": [{"value": "192.0.2.1"}]}, True),
        ("jsonpath={.status.addresses[0].value}", {"addresses": []}, False),
        ('["condition=A", "jsonpath=.status.n=3"]', {"conditions": [{"type": "A", "status": "True"}], "n": 3}, True),
        ('["condition=A", "jsonpath=.status.n=3"]', {"conditions": [{"type": "A", "status": "True"}], "n": 4}, False),
    ],
)
def test_an_annotation_says_what_to_wait_for(text, status, ready):
    assert fulfilled({"status": status}, expressions(waiting_for(text))).ready == ready


@pytest.mark.parametrize(
    "text", ["ready", "condition=", "[]", "[1]", "jsonpath={.items[?(@.a)]}", '["condition=A", "b"]']
)
def test_an_annotation_that_nobody_understands_is_an_error(text):
    with pytest.raises(ClusterError, match="waitFor"):
        expressions(waiting_for(text))
