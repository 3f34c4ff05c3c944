"""Errors of the clouds lead to what to do about them."""

import pytest

from modelport.targets.advice import advice
from modelport.targets.sagemaker.advice import ADVICE, PAGE

QUOTA = (
    "ResourceLimitExceeded: The account-level service limit 'ml.g5.xlarge for endpoint usage' is 0 Instances, with"
    " current utilization of 0 Instances and a request delta of 1 Instances. Please use AWS Service Quotas"
)
ERRORS = [
    (QUOTA, "'ml.g5.xlarge for endpoint usage'. Ask for more in Service Quotas"),
    ("operation error STS: api error ExpiredToken: The security token included in the request is expired", "aws sso"),
    ("error configuring: No valid credential sources found", "aws sts get-caller-identity"),
    ("AccessDeniedException: User: a is not authorized to perform: kms:CreateKey on resource: *", "may not kms:Create"),
    ('Could not connect to the endpoint URL: "https://runtime.sagemaker.eu-central-1.amazonaws.com"', "region right"),
    ("Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error", "another region"),
    ("ValidationException: Instance type ml.g6e.xlarge is not supported in this region", "has no ml.g6e.xlarge"),
    ("DeleteConflict: Cannot delete a policy attached to entities.", "Detach it"),
    ("InvalidSubnetID.NotFound: The subnet ID 'subnet-1' does not exist", "Correct modelport:existing"),
]


@pytest.mark.parametrize(("error", "words"), ERRORS)
def test_an_error_of_aws_leads_to_what_to_do(error, words):
    assert words in advice(f"1 error occurred:\n* creating SageMaker AI Endpoint (fraud): {error}\n")


def test_each_advice_is_asked_for():
    assert {next(text for looks, text in ADVICE if looks.search(error)) for error, _ in ERRORS} == {
        text for _, text in ADVICE
    }


def test_what_nobody_knows_leads_nowhere():
    assert advice("creating SageMaker AI Endpoint: the model has too many legs {braces}") is None


def test_the_page_is_there(request):
    assert (request.config.rootpath / PAGE).is_file()
