"""The endpoint of a service as SageMaker's own SDK has it."""

import sys
from types import ModuleType

import pytest

from modelport.errors import ModelportError
from modelport.integrations.sagemaker import endpoint

REALTIME = "https://runtime.sagemaker.eu-central-1.amazonaws.com/endpoints/fraud-dev/invocations"
ASYNC = REALTIME.replace("invocations", "async-invocations")
JOBS = "https://api.sagemaker.eu-central-1.amazonaws.com"


def outputs(*urls):
    auth = {"kind": "sigv4", "audience": "eu-central-1", "principal": None}
    made = ({"targets": {"sagemaker": {"endpoint": {"url": url, "auth": auth}}}} for url in urls)
    return {"services": dict(zip(("fraud", "churn"), made, strict=False))}


@pytest.fixture
def sdk(monkeypatch):
    """The part of sagemaker-core 2.27 that is used, with its signature."""

    class Endpoint:
        @classmethod
        def get(cls, endpoint_name, session=None, region=None):
            return endpoint_name, region

    module = ModuleType("sagemaker.core.resources")
    module.Endpoint = Endpoint
    for name in ("sagemaker", "sagemaker.core"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, "sagemaker.core.resources", module)


@pytest.mark.parametrize("url", [REALTIME, ASYNC])
def test_it_is_the_stacks_endpoint_in_its_region(sdk, url):
    assert endpoint(outputs(url)) == ("fraud-dev", "eu-central-1")
    assert endpoint(outputs(JOBS, url), "churn") == ("fraud-dev", "eu-central-1")


@pytest.mark.parametrize(
    ("given", "service", "words"),
    [
        (outputs(REALTIME, ASYNC), None, "name one that runs on SageMaker: fraud, churn"),
        (outputs(REALTIME), "frau", "name one that runs on SageMaker: fraud"),
        ({"services": {"fraud": {"targets": {"local": {}}}}}, None, "none does"),
        ({}, None, "none does"),
        (outputs(JOBS), None, "it is a service of jobs"),
    ],
)
def test_what_has_no_endpoint_is_named(sdk, given, service, words):
    with pytest.raises(ModelportError, match=words):
        endpoint(given, service)


def test_without_the_sdk_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sagemaker.core.resources", None)
    with pytest.raises(ModelportError, match=r"pip install 'modelport\[sagemaker\]'"):
        endpoint(outputs(REALTIME))
