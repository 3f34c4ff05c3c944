import base64

import pytest

from modelport_engine.kubernetes.checks import checked
from modelport_engine.kubernetes.failures import ClusterError
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import UNKNOWN, Secret, contains_secret, strip_secrets

SEED = b"seed"


def urn(kind, name="web"):
    return Urn(f"urn:pulumi:dev::demo::kubernetes:{kind}::{name}")


def check(kind, news, olds=None, namespace="team"):
    api_version, _, name = kind.removeprefix("core/").partition(":")
    object = {"apiVersion": api_version, "kind": name.removesuffix("Patch"), **news}
    return checked(urn(kind), olds or {}, object, SEED, lambda: namespace)


def test_an_object_without_a_name_gets_one_and_keeps_it():
    first = check("apps/v1:Deployment", {})
    assert first["metadata"]["name"].startswith("web-")
    assert first["metadata"]["annotations"] == {"pulumi.com/autonamed": "true"}
    again = checked(urn("apps/v1:Deployment"), first, {"apiVersion": "apps/v1", "kind": "Deployment"}, b"other", str)
    assert again["metadata"]["name"] == first["metadata"]["name"]


def test_a_namespace_is_given_to_what_belongs_to_one():
    assert check("core/v1:ConfigMap", {})["metadata"]["namespace"] == "team"
    assert check("core/v1:ConfigMap", {"metadata": {"namespace": "own"}})["metadata"]["namespace"] == "own"
    for kind in ("core/v1:Namespace", "scheduling.k8s.io/v1:PriorityClass", "storage.k8s.io/v1:StorageClass"):
        assert "namespace" not in check(kind, {})["metadata"]


def test_what_only_the_server_writes_is_left_out():
    given = {"name": "a", "uid": "1", "resourceVersion": "2", "managedFields": [], "labels": {"a": "b"}}
    assert check("core/v1:Namespace", {"metadata": given})["metadata"] == {"name": "a", "labels": {"a": "b"}}


def test_the_texts_of_a_secret_become_its_data_and_stay_secret():
    inputs = check("core/v1:Secret", {"stringData": Secret({"k": "hunter2"}), "data": {"old": "YQ=="}})
    assert "stringData" not in inputs
    assert isinstance(inputs["data"], Secret)
    assert strip_secrets(inputs["data"]) == {"old": "YQ==", "k": base64.b64encode(b"hunter2").decode()}
    assert "hunter2" not in repr(inputs)


def test_data_of_a_secret_is_secret_though_the_program_does_not_say_so():
    assert contains_secret(check("core/v1:Secret", {"data": {"k": "YQ=="}}))


def test_texts_of_a_secret_wait_for_data_that_is_not_known_yet():
    inputs = check("core/v1:Secret", {"stringData": {"k": "v"}, "data": UNKNOWN})
    assert strip_secrets(inputs["stringData"]) == {"k": "v"}


def test_an_annotation_that_nobody_understands_is_told_before_anything_is_made():
    with pytest.raises(ClusterError, match="waitFor"):
        check("core/v1:ConfigMap", {"metadata": {"annotations": {"pulumi.com/waitFor": "soon"}}})


def test_what_is_not_known_yet_stays_unknown():
    inputs = check("core/v1:Secret", {"metadata": {"name": UNKNOWN}, "stringData": Secret({"k": UNKNOWN})})
    assert inputs["metadata"]["name"] is UNKNOWN
    assert strip_secrets(inputs["stringData"]) == {"k": UNKNOWN}
    assert check("core/v1:ConfigMap", {"metadata": UNKNOWN})["metadata"] is UNKNOWN


@pytest.mark.parametrize(
    ("kind", "news", "message"),
    [
        ("core/v1:ConfigMap", {"metadata": {"generateName": "a-"}}, "generateName"),
        ("core/v1:NodePatch", {"metadata": {}}, "a patch needs metadata.name"),
        ("core/v1:ConfigMap", {"kind": UNKNOWN}, "apiVersion and kind"),
    ],
)
def test_inputs_that_cannot_become_an_object_are_refused(kind, news, message):
    with pytest.raises(ValueError, match=message):
        check(kind, news)
