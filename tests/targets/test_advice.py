"""Errors of the clouds lead to what to do about them."""

import pytest

from modelport.targets.advice import advice
from modelport.targets.sagemaker import advice as sagemaker
from modelport.targets.vertex import advice as vertex

QUOTA = (
    "ResourceLimitExceeded: The account-level service limit 'ml.g5.xlarge for endpoint usage' is 0 Instances, with"
    " current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas"
)
ERRORS = [
    (QUOTA, "'ml.g5.xlarge for endpoint usage'. Ask for more in Service Quotas"),
    ("operation error STS: api error ExpiredToken: The security token included in the request is expired", "aws sso"),
    ("Error when retrieving token from sso: Token has expired and refresh failed", "aws sso login"),
    ("failed to refresh cached credentials, refresh cached SSO token failed, unable to refresh SSO token", "aws sso"),
    ("Your session has expired or credentials have changed. Please reauthenticate using 'aws login'.", "Sign in again"),
    ("Error loading SSO Token: Token for https://team.awsapps.com/start does not exist", "aws sso login"),
    ("error configuring: No valid credential sources found", "aws sts get-caller-identity"),
    ("failed to refresh cached credentials, no EC2 IMDS role found", "aws sts get-caller-identity"),
    ("UnrecognizedClientException: The security token included in the request is invalid", "aws sts get-caller"),
    ("(InvalidAccessKeyId) when calling the PutObject operation", "aws sts get-caller-identity"),
    ("SignatureDoesNotMatch: The request signature we calculated does not match", "aws sts get-caller-identity"),
    ("The config profile (team) could not be found", "aws sts get-caller-identity"),
    ("Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY", "aws sts get-caller-identity"),
    ("AccessDeniedException: User: a is not authorized to perform: kms:CreateKey on resource: *", "may not kms:Create"),
    ('Could not connect to the endpoint URL: "https://runtime.sagemaker.eu-central-1.amazonaws.com"', "region right"),
    ("Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error", "another region"),
    ("ValidationException: Instance type ml.g6e.xlarge is not supported in this region", "has no ml.g6e.xlarge"),
    (
        "ValidationException: 1 validation error detected: Value 'ml.p4d.24xlarge' at"
        " 'productionVariants.1.member.instanceType' failed to satisfy constraint: Member must satisfy enum value set:"
        " [ml.r7i.48xlarge, ml.m5.large]",
        "has no ml.p4d.24xlarge.",
    ),
    ("VpcLimitExceeded: The maximum number of VPCs has been reached.", "subnets in modelport:existing"),
    ("DeleteConflict: Cannot delete a policy attached to entities.", "Detach it"),
    (
        'The variant(s) "["stable"]" must be deregistered as scalable targets with AWS Auto Scaling before they can be'
        " removed or have their instance type updated.",
        "describe-scalable-targets",
    ),
    ("InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist", "Correct modelport:existing"),
]

OF_GOOGLE = [
    (
        "googleapi: Error 403: Vertex AI API has not been used in project shop-prod before or it is disabled.",
        "serviceusage.googleapis.com storage.googleapis.com --project shop-prod",
    ),
    (
        "429 RESOURCE_EXHAUSTED: The following quota metrics exceed quota limits: aiplatform.googleapis.com/custom_l4",
        "no more of aiplatform.googleapis.com/custom_l4 in the region. Ask for more under IAM",
    ),
    ('oauth2: "invalid_grant" "reauth related error (invalid_rapt)"', "gcloud auth application-default login"),
    ("google: could not find default credentials. See https://cloud.google.com/docs", "There are no credentials"),
    ("Permission 'aiplatform.endpoints.deploy' denied on resource", "may not aiplatform.endpoints.deploy. docs/"),
    ("Required 'compute.networks.create' permission for 'projects/shop'", "may not compute.networks.create. docs/"),
    ("me@example.com does not have storage.buckets.create access to the project", "may not storage.buckets.create."),
    ("The zone does not have enough resources available to fulfill the request.", "another region"),
    ("Machine type n2-standard-2 is not supported for deployment.", "has no n2-standard-2 for inference"),
]


@pytest.mark.parametrize(("error", "words"), ERRORS + OF_GOOGLE)
def test_an_error_of_a_cloud_leads_to_what_to_do(error, words):
    assert words in advice(f"1 error occurred:\n* creating the endpoint (fraud): {error}\n")


@pytest.mark.parametrize(("target", "errors"), [(sagemaker, ERRORS), (vertex, OF_GOOGLE)], ids=["aws", "google"])
def test_each_advice_is_asked_for(target, errors):
    matched = [next(looks for looks, _ in target.ADVICE if looks.search(error)) for error, _ in errors]
    assert set(matched) == {looks for looks, _ in target.ADVICE}


def test_what_nobody_knows_leads_nowhere():
    assert advice("creating SageMaker AI Endpoint: the model has too many legs {braces}") is None


@pytest.mark.parametrize("target", [sagemaker, vertex], ids=["aws", "google"])
def test_the_page_is_there(request, target):
    assert (request.config.rootpath / target.PAGE).is_file()
