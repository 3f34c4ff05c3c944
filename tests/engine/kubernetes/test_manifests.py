"""What an update would apply, written down, against what the provider applies."""

from unittest.mock import Mock

import pytest

from modelport_engine.kubernetes.manifests import NoManifest, manifest
from modelport_engine.kubernetes.provider import KubernetesProvider
from modelport_engine.protocol.messages import provider_pb2 as pb
from modelport_engine.protocol.values import UNKNOWN, Secret, to_struct
from modelport_engine.state.resource import Resource

NAMESPACE = "team"
NOT_AWAITED = {"pulumi.com/skipAwait": "true"}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "annotations": NOT_AWAITED, "uid": "somebody's"},
    "spec": {"replicas": 2, "paused": None, "template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}},
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "its.example.com"},
    "spec": {"schema": {"x_kubernetes_preserve_unknown_fields": True}},
}
PATCH = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "gpu-1", "annotations": NOT_AWAITED}}


class Recording:
    """A cluster in which nothing is, and which takes everything."""

    def __init__(self):
        self.applied = []

    def get(self, like):
        return {**like, "metadata": {**like["metadata"], "uid": "1"}} if like["kind"] == "Node" else None

    def apply(self, inputs, manager, *, force=False, dry_run=False):
        self.applied.append(inputs)
        return {**inputs, "metadata": {"uid": "1", **inputs["metadata"]}}


def urn(inputs, suffix=""):
    version = inputs["apiVersion"] if "/" in inputs["apiVersion"] else f"core/{inputs['apiVersion']}"
    return f"urn:pulumi:dev::demo::kubernetes:{version}:{inputs['kind']}{suffix}::web"


def resource(inputs, suffix="", **options):
    kind = urn(inputs, suffix).split("::")[2]
    return Resource(urn=urn(inputs, suffix), custom=True, type=kind, inputs=inputs, **options)


def applied(inputs, suffix=""):
    """What the provider gives to a cluster for a new object."""
    provider, cluster = KubernetesProvider(Mock()), Recording()
    provider.Configure(pb.ConfigureRequest(args=to_struct({"namespace": NAMESPACE})), None)
    provider._connected = cluster
    asked = {"urn": urn(inputs, suffix), "type": resource(inputs, suffix).type}
    checked = provider.Check(pb.CheckRequest(news=to_struct(inputs), randomSeed=b"seed", **asked), None)
    provider.Create(pb.CreateRequest(properties=checked.inputs, timeout=1, urn=asked["urn"]), None)
    (object,) = cluster.applied
    return object


@pytest.mark.parametrize(
    ("inputs", "suffix"),
    [(DEPLOYMENT, ""), (PATCH, "Patch")],
)
def test_what_is_written_down_is_what_is_applied(inputs, suffix):
    assert manifest(resource(inputs, suffix), NAMESPACE) == applied(inputs, suffix)


def test_a_definition_is_spelt_as_kubernetes_spells_it():
    assert manifest(resource(DEFINITION))["spec"]["schema"] == {"x-kubernetes-preserve-unknown-fields": True}


def test_fields_that_are_left_to_others_are_left_out():
    made = manifest(resource(DEPLOYMENT, ignore_changes=["spec.replicas"]))
    assert made["spec"] == {"template": DEPLOYMENT["spec"]["template"]}


def test_what_cannot_be_written_down_is_said_with_its_place():
    inputs = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"labels": {"a/b": Secret("x")}},
        "data": {"list": ["known", UNKNOWN]},
    }
    with pytest.raises(NoManifest) as told:
        manifest(resource(inputs))
    assert str(told.value).splitlines() == [
        'metadata.labels["a/b"] is secret',
        "data.list[1] is known only after an update",
        "metadata.name is missing, and would be another one each time",
    ]


def test_a_secret_of_kubernetes_is_one_however_it_is_given():
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"password": "hunter2"}}
    with pytest.raises(NoManifest, match=r"^data is secret$"):
        manifest(resource(secret))
