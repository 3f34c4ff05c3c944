"""RSD: where models and the data of requests are."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies import aws, azure, gcp
from modelport_policies.control import CRITICAL, SEVERE, USUAL, Control, NotApplicable, parameter
from modelport_policies.controls.aws import residency as on_aws
from modelport_policies.controls.azure import residency as on_azure
from modelport_policies.controls.gcp import residency as on_gcp
from modelport_policies.kubernetes import WORKLOADS, is_bound_to
from modelport_policies.resource import Resource

REGIONS = parameter("Allowed regions, like eu-central-1 or europe-west3; without any, all are allowed.", [])
FRAMEWORKS = ("GDPR 44", "ISO27018", "ISO27001 A.5.34", "SOC2 C1.1")


def pods_stay_at_their_site(workload: Resource) -> Iterable[str]:
    """`nodeSelector`, or every term of the required node affinity, leaves the pods no nodes but those with a label of
    parameter `sites`.
    """
    sites = workload.parameters["sites"]
    if not sites:
        raise NotApplicable("parameter sites names none: the whole cluster is approved")
    if not is_bound_to(workload, sites):
        yield f"its pods may run elsewhere than on nodes with {' or '.join(sites)}"


CONTROLS = (
    Control(
        id="RSD-01",
        title="Everything is in an allowed region",
        severity="critical",
        levels=CRITICAL,
        frameworks=FRAMEWORKS,
        remediation="Give the provider an allowed region, and resources no other.",
        checks={
            aws.PROVIDER: on_aws.provider_is_here,
            **dict.fromkeys(aws.REGIONAL, on_aws.resource_is_here),
            **dict.fromkeys(gcp.REGIONAL, on_gcp.resource_stays),
            **dict.fromkeys((*azure.REGIONAL, azure.PROVIDER), on_azure.is_in_region),
        },
        parameters={"regions": REGIONS},
    ),
    Control(
        id="RSD-02",
        title="Copies stay in allowed regions",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Replicate to an allowed region.",
            "vertex": "Choose an allowed region, or those of the copies, yourself.",
            "azureml": "Replicate to an allowed region.",
        },
        checks={
            aws.BUCKET_REPLICATION: on_aws.objects_stay_here,
            aws.REGISTRY_REPLICATION: on_aws.images_stay_here,
            aws.SECRET: on_aws.secrets_stay_here,
            gcp.BUCKET: on_gcp.bucket_copies_stay,
            gcp.REPOSITORY: on_gcp.repository_copies_stay,
            gcp.SECRET: on_gcp.secret_copies_stay,
            azure.STORAGE: on_azure.copies_stay_in_region,
            azure.REPLICATION: on_azure.is_in_region,
            azure.MODEL_REGISTRY: on_azure.registry_stays_in_regions,
        },
        scope="stack",
        parameters={"regions": REGIONS},
    ),
    Control(
        id="RSD-03",
        title="Keys are of an allowed region and account",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Name a key of an allowed region, of your own account.",
            "vertex": "Name a key of an allowed region, of a project that may have keys.",
            "azureml": "Keep the vault in the region of what its keys encrypt.",
        },
        checks={
            **dict.fromkeys(on_aws.KEYS, on_aws.keys_are_from_here),
            gcp.KEY_RING: on_gcp.keys_stay,
            **dict.fromkeys((azure.STORAGE, azure.REGISTRY, azure.WORKSPACE), on_azure.key_is_near),
        },
        scope="stack",
        parameters={
            "regions": REGIONS,
            "accounts": parameter("Accounts that keys may be of; without any, keys of all are allowed.", []),
            "projects": parameter("The same, of projects of Google Cloud.", []),
        },
    ),
    Control(
        id="RSD-04",
        title="What is kept of inferences, and logs, stay in allowed regions",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Name a bucket, or a receiver of logs, in an allowed region; give a dataset, a log bucket or a "
        "topic such a one.",
        checks={
            aws.ENDPOINT_CONFIGURATION: on_aws.captures_stay_here,
            aws.FLOW_LOG: on_aws.flow_logs_stay_here,
            aws.LOG_SUBSCRIPTION: on_aws.logs_stay_here,
            **dict.fromkeys((gcp.DATASET, *gcp.LOG_BUCKETS), on_gcp.records_stay),
            gcp.TOPIC: on_gcp.messages_stay,
            **dict.fromkeys((azure.STORAGE, azure.LOGS, azure.INSIGHTS), on_azure.is_in_region),
        },
        scope="stack",
        parameters={"regions": REGIONS},
    ),
    Control(
        id="RSD-05",
        title="The endpoint is in one region, not in all",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Make the API REGIONAL or PRIVATE, and put nothing global before it; give the endpoint a region, "
        "and leave access from others off.",
        checks={
            **dict.fromkeys((aws.ACCELERATOR, aws.DISTRIBUTION), on_aws.front_is_off),
            aws.REST_API: on_aws.api_is_of_a_region,
            gcp.ENDPOINT: on_gcp.endpoint_has_a_region,
            gcp.FORWARDING_RULE: on_gcp.rule_is_of_a_region,
            gcp.GLOBAL_FORWARDING_RULE: on_gcp.front_is_of_a_region,
        },
        parameters={"regions": REGIONS},
    ),
    Control(
        id="RSD-06",
        title="Pods stay at approved sites",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Select the zone or the site in nodeSelector or a required node affinity.",
        checks=dict.fromkeys(WORKLOADS, pods_stay_at_their_site),
        parameters={
            "sites": parameter(
                "Labels of nodes, KEY=VALUE, of approved sites, like topology.kubernetes.io/zone=frankfurt-1; without "
                "any, the whole cluster is approved.",
                [],
            )
        },
    ),
)
