"""Inputs against the classes of the real SDKs: what is certainly wrong is named, and nothing else is."""

import sys

import pytest

from modelport_engine.plugins.nursery import CHILDREN

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MODEL, CONFIG = "aws:sagemaker/model:Model", "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
ENDPOINT = "azure-native:machinelearningservices:OnlineDeployment"
DEPLOYMENT, ROLE = "kubernetes:apps/v1:Deployment", "aws:iam/role:Role"
VERTEX, BUCKET = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:storage/bucket:Bucket"
AZURE = {"endpointName": "e", "resourceGroupName": "r", "workspaceName": "w"}


@pytest.fixture(scope="module")
def problems():
    """The problems of a resource's inputs, as (path, reason); the SDKs are read as the offline provider reads them."""
    sys.path.insert(0, str(CHILDREN))
    try:
        import conformance
        import sdk_types
    finally:
        sys.path.remove(str(CHILDREN))

    def find(token, inputs):
        cls = sdk_types.args_class(token)
        return [tuple(each) for each in conformance.check(cls, inputs)] if cls else None

    find.Unknown = sdk_types.Unknown
    return find


def online(**properties):
    return AZURE | {"properties": {"endpointComputeType": "Managed", **properties}}


def pod(**container):
    return {"spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [container]}}}}


RIGHT = [
    (MODEL, {"executionRoleArn": "r", "primaryContainer": {"image": "i", "environment": {"A": "b"}}}),
    (MODEL, {"executionRoleArn": UNKNOWN, "primaryContainer": UNKNOWN}),
    (CONFIG, {"productionVariants": [{"modelName": "m", "initialInstanceCount": "2", "variantName": UNKNOWN}]}),
    (ROLE, {"assumeRolePolicy": "{}", "maxSessionDuration": 3600.0, "forceDetachPolicies": "true", "tags": {}}),
    (BUCKET, {"location": "EU", "forceDestroy": True, "lifecycleRules": []}),
    (ENDPOINT, online(scaleSettings={"scaleType": "Default"}, environmentVariables={"any": "name"})),
    (ENDPOINT, online(scaleSettings={"scaleType": "TargetUtilization", "minInstances": 1})),
    (ENDPOINT, online(egressPublicNetworkAccess="SomethingNew")),
    (DEPLOYMENT, {"apiVersion": "apps/v1", "kind": "Deployment", **pod(name="c", ports=[{"containerPort": 80}])}),
]
WRONG = [
    (MODEL, {}, "executionRoleArn", "is required by Model"),
    (MODEL, {"executionRoleArn": "r", "primaryContainer": {"modelDataURL": "u"}}, "primaryContainer.modelDataURL",
     "is not a property of ModelPrimaryContainer; did you mean modelDataUrl?"),
    (MODEL, {"execution_role_arn": "r"}, "execution_role_arn",
     "is not a property of Model; did you mean executionRoleArn?"),
    (MODEL, {"executionRoleArn": "r", "zzz": 1}, "zzz", "is not a property of Model"),
    (MODEL, {"executionRoleArn": "r", "primaryContainer": "image"}, "primaryContainer",
     "must be an object, not 'image'"),
    (CONFIG, {"productionVariants": {"modelName": "m"}}, "productionVariants", "must be a list, not an object"),
    (CONFIG, {"productionVariants": [{"initialInstanceCount": "many"}]},
     "productionVariants[0].initialInstanceCount", "must be a number, not 'many'"),
    (ROLE, {"assumeRolePolicy": "{}", "forceDetachPolicies": 3.0}, "forceDetachPolicies",
     "must be true or false, not 3.0"),
    (ROLE, {"assumeRolePolicy": "{}", "tags": {"a": ["b"]}}, "tags.a", "must be a text, not a list"),
    (VERTEX, {"displayName": "d", "location": "l", "netwrok": "n"}, "netwrok",
     "is not a property of AiEndpoint; did you mean network?"),
    (ENDPOINT, online(scaleSettings={"scaleType": "TargetUtilization", "minInstance": 1, "maxInstances": 2}),
     "properties.scaleSettings.minInstance",
     "is not a property of TargetUtilizationScaleSettings; did you mean minInstances?"),
    (ENDPOINT, online(livenessProbe=3.0), "properties.livenessProbe", "must be an object, not 3.0"),
    (DEPLOYMENT, pod(name="c", imagePullPolcy="Always"), "spec.template.spec.containers[0].imagePullPolcy",
     "is not a property of Container; did you mean imagePullPolicy?"),
    (DEPLOYMENT, pod(image="i"), "spec.template.spec.containers[0].name", "is required by Container"),
    (DEPLOYMENT, {"kind": "Deploymnt", **pod(name="c")}, "kind",
     "must be one of 'Deployment'; did you mean 'Deployment'?"),
]  # fmt: skip


@pytest.mark.parametrize(("token", "inputs"), RIGHT)
def test_what_may_be_right_is_no_problem(problems, token, inputs):
    assert problems(token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "path", "reason"), WRONG)
def test_what_is_certainly_wrong_is_named_with_its_path_and_the_nearest_name(problems, token, inputs, path, reason):
    assert problems(token, inputs) == [(path, reason)]


def test_every_problem_is_told_at_once(problems):
    found = problems(CONFIG, {"productionVariants": [{"modelNam": "m"}, 3.0], "nam": "x"})

    assert {path for path, _ in found} == {"productionVariants[0].modelNam", "productionVariants[1]", "nam"}


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("aws:sagemaker/modell:Modell", "did you mean aws:sagemaker/model:Model"),
        ("kubernetes:apps/v1:Deploymet", "did you mean kubernetes:apps/v1:Deployment"),
        ("nowhere:index:Thing", "no SDK of package nowhere is installed"),
    ],
)
def test_a_type_that_the_sdk_does_not_know_is_an_error(problems, token, told):
    with pytest.raises(problems.Unknown, match=told):
        problems(token, {})


def test_the_properties_of_a_custom_resource_of_kubernetes_are_open(problems):
    assert problems("kubernetes:serving.kserve.io/v1beta1:InferenceService", {"spec": {"anything": 1}}) is None
