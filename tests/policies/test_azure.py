from dataclasses import replace

import pytest
from support.policy_cases import controls, resource

from modelport_policies.resource import canonical

FIREWALL, STABLE = (next(each for each in controls() if each.id == id_) for id_ in ("NET-09", "GOV-11"))
PREVIEW = ["it is of 20240101preview, a preview of its API"]


@pytest.mark.parametrize(
    "other",
    [
        "azure-native:storage:StorageAccount",
        "azure-native:storage/v20230101:StorageAccount",
        "azure-native:storage/v20240101preview:StorageAccount",
        "azure-native_storage_v20230101:storage:StorageAccount",
    ],
)
def test_a_type_of_azure_is_judged_whatever_the_version_of_its_api(other):
    assert canonical(other) == "azure-native:storage:StorageAccount"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("insights/v20210501preview:DiagnosticSetting", "monitor:DiagnosticSetting"),
        ("insights:Component", "applicationinsights:Component"),
        ("network/v20200601:PrivateZone", "privatedns:PrivateZone"),
        ("network:VirtualNetwork", "network:VirtualNetwork"),
        ("operationalinsights:Workspace", "operationalinsights:Workspace"),
    ],
)
def test_a_type_of_azure_is_judged_by_the_name_that_another_version_of_the_provider_has_for_it(old, new):
    assert canonical(f"azure-native:{old}") == f"azure-native:{new}"


@pytest.mark.parametrize(
    ("type_", "previews"),
    [
        ("azure-native:storage/v20240101preview:StorageAccount", PREVIEW),
        ("modelport:azureml:Service$azure-native_storage_v20240101preview:storage:StorageAccount", PREVIEW),
        ("azure-native:storage/v20240101:StorageAccount", []),
        ("azure-native:x/v20240101preview:Parent$azure-native:storage:StorageAccount", []),
    ],
)
def test_a_preview_is_known_by_the_type_that_is_written(type_, previews):
    own = type_.rpartition("$")[2]
    account = replace(resource(canonical(own), {}), urn=f"urn:pulumi:dev::shop::{type_}::digits")
    assert list(STABLE.evaluate(account).violations) == previews


@pytest.mark.parametrize(
    "type_", ["pulumi:providers:azure-native", "modelport:azureml:Service", "azure:storage/account:Account"]
)
def test_other_types_keep_their_names(type_):
    assert canonical(type_) == type_


@pytest.mark.parametrize(
    ("bypass", "found"),
    [
        ("None", "trusted services, which the workspace is one of, do not pass by the rules"),
        ("Logging, Metrics", "what passes by the rules is Logging, Metrics, not trusted services alone"),
    ],
)
def test_who_passes_by_a_firewall_is_said(bypass, found):
    rules = {"networkRuleSet": {"defaultAction": "Deny", "bypass": bypass}}
    assert list(FIREWALL.evaluate(resource("azure-native:storage:StorageAccount", rules)).violations) == [found]
