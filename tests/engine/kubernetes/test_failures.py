import json

from modelport_engine.kubernetes.failures import (
    Changed,
    Conflict,
    Forbidden,
    Immutable,
    NoDryRun,
    NotFound,
    NotLoggedIn,
    failure,
    unreachable,
)


def said(status, message, *causes):
    body = json.dumps({"kind": "Status", "message": message, "details": {"causes": list(causes)}})
    return failure(status, body, "apply Deployment team/web", "the cluster of context lab (https://lab:6443)")


def test_a_conflict_names_each_field_and_its_manager():
    error = said(
        409,
        'Apply failed with 2 conflicts: conflicts with "scaler" using apps/v1: ...',
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "scaler" using apps/v1',
            "field": ".spec.replicas",
        },
        {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl-edit"', "field": ".spec.paused"},
    )
    assert isinstance(error, Conflict)
    assert "    spec.replicas is managed by scaler\n    spec.paused is managed by kubectl-edit\n" in str(error)
    assert "ignore_changes" in str(error)


def test_expired_credentials_are_told_from_missing_permissions():
    assert isinstance(said(401, "Unauthorized"), NotLoggedIn)
    assert "log in again" in str(said(401, "Unauthorized"))
    forbidden = said(403, 'deployments.apps is forbidden: User "ci" cannot patch resource "deployments"')
    assert isinstance(forbidden, Forbidden)
    assert "add it to a Role" in str(forbidden)


def test_what_is_wrong_with_the_cluster_or_the_user_is_told_in_the_same_words_whatever_was_asked():
    cluster = "the cluster of context lab (https://lab:6443)"
    asked = {str(failure(401, "", doing, cluster)) for doing in ("read Pod a/b", "look up apps/v1")}
    assert len(asked) == 1
    assert asked.pop().startswith(f"{cluster} does not accept the credentials")
    assert str(unreachable(cluster, "Connection refused")).startswith(
        f"{cluster} does not answer: Connection refused. "
    )


def test_a_quota_and_a_policy_are_no_missing_permissions():
    quota = str(said(403, 'pods "web" is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=1'))
    assert quota.endswith("Raise the ResourceQuota, or ask for less.")
    policy = str(said(403, 'pods "web" is forbidden: violates PodSecurity "restricted:latest": privileged'))
    assert policy.endswith("privileged")


def test_an_immutable_field_comes_with_the_way_to_replace():
    error = said(422, "is invalid", {"message": "Invalid value: field is immutable", "field": "spec.selector"})
    assert isinstance(error, Immutable)
    assert "replace_on_changes=['spec.selector']" in str(error)


def test_an_answer_that_is_no_status_is_shown_as_it_is():
    error = failure(404, "404 page not found\n", "read Pod a/b", "lab")
    assert isinstance(error, NotFound)
    assert str(error) == "read Pod a/b: 404 page not found"
    assert "HTTP 502" in str(failure(502, "", "read Pod a/b", "lab"))


def test_what_can_be_tried_again_or_passed_over_is_told_apart():
    assert isinstance(said(409, "the object has been modified"), Changed)
    assert isinstance(said(400, 'admission webhook "w" does not support dry run'), NoDryRun)
    assert not isinstance(said(400, "the body is no object"), NoDryRun)
