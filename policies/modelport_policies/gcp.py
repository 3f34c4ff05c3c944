"""Where Google Cloud keeps what the controls read: who is granted what, durations, regions, what is deployed where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.relations import known, owners, tag
from modelport_policies.resource import Resource, UnknownValueError, at, document, items, several, text, type_of

ADDRESS = "gcp:compute/address:Address"
ALERT = "gcp:monitoring/alertPolicy:AlertPolicy"
AUDIT = "gcp:projects/iAMAuditConfig:IAMAuditConfig"
BACKENDS = (
    "gcp:compute/backendService:BackendService",
    "gcp:compute/regionBackendService:RegionBackendService",
)
BINARY_AUTHORIZATION = "gcp:binaryauthorization/policy:Policy"
BUCKET = "gcp:storage/bucket:Bucket"
BUCKET_OBJECT = "gcp:storage/bucketObject:BucketObject"
CAPTURE = "predictRequestResponseLoggingConfig"
"""What of an endpoint says that it keeps requests."""
DASHBOARD = "gcp:monitoring/dashboard:Dashboard"
DATASET = "gcp:bigquery/dataset:Dataset"
DATASET_ACCESS = "gcp:bigquery/datasetAccess:DatasetAccess"
DEPLOYED_MODEL = "modelport:vertex:DeployedModel"
ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
FIREWALL = "gcp:compute/firewall:Firewall"
FIREWALL_POLICIES = (
    "gcp:compute/firewallPolicyWithRules:FirewallPolicyWithRules",
    "gcp:compute/networkFirewallPolicyWithRules:NetworkFirewallPolicyWithRules",
    "gcp:compute/regionNetworkFirewallPolicyWithRules:RegionNetworkFirewallPolicyWithRules",
)
"""Policies that have their rules in themselves."""
FIREWALL_RULES = (
    "gcp:compute/firewallPolicyRule:FirewallPolicyRule",
    "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule",
    "gcp:compute/regionNetworkFirewallPolicyRule:RegionNetworkFirewallPolicyRule",
)
FORWARDING_RULE = "gcp:compute/forwardingRule:ForwardingRule"
GLOBAL_ADDRESS = "gcp:compute/globalAddress:GlobalAddress"
GLOBAL_FORWARDING_RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
INSTANCE = "gcp:compute/instance:Instance"
CUSTOM_ROLES = ("gcp:projects/iAMCustomRole:IAMCustomRole", "gcp:organizations/iAMCustomRole:IAMCustomRole")
KEY = "gcp:kms/cryptoKey:CryptoKey"
KEY_RING = "gcp:kms/keyRing:KeyRing"
KEY_VERSION = "gcp:kms/cryptoKeyVersion:CryptoKeyVersion"
LIVING_LONG = ("gcp:serviceaccount/key:Key", "gcp:storage/hmacKey:HmacKey", "gcp:projects/apiKey:ApiKey")
"""Credentials that nothing ends."""
LOG_BUCKETS = tuple(
    f"gcp:logging/{stem}BucketConfig:{stem[0].upper()}{stem[1:]}BucketConfig"
    for stem in ("project", "folder", "organization", "billingAccount")
)
MODEL = "modelport:vertex:Model"
MODEL_GARDEN = "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment"
NETWORK = "gcp:compute/network:Network"
OBJECTIVE = "gcp:monitoring/slo:Slo"
OLD = tuple(
    f"google-native:{name}"
    for name in (
        "aiplatform/v1beta1:DeploymentResourcePool",
        "aiplatform/v1beta1:Endpoint",
        "artifactregistry/v1beta1:Repository",
        "artifactregistry/v1beta2:Repository",
    )
)
"""Versions of the APIs that are not the stable ones, which only the other provider names."""
PLAIN_PROXIES = {
    "gcp:compute/targetHttpProxy:TargetHttpProxy": "gcp:compute/uRLMap:URLMap",
    "gcp:compute/regionTargetHttpProxy:RegionTargetHttpProxy": "gcp:compute/regionUrlMap:RegionUrlMap",
}
"""Proxies that take HTTP, and the maps of theirs that say where requests go."""
COMPONENT = "modelport:vertex:Service"
POOL = "gcp:vertex/aiDeploymentResourcePool:AiDeploymentResourcePool"
MACHINES = (DEPLOYED_MODEL, POOL, MODEL_GARDEN)
"""What Vertex has machines for."""
PROJECT = "gcp:organizations/project:Project"
PROVIDER = "pulumi:providers:gcp"
REPOSITORY = "gcp:artifactregistry/repository:Repository"
SECRET = "gcp:secretmanager/secret:Secret"  # noqa: S105
SINK = "gcp:logging/projectSink:ProjectSink"
SSL_POLICIES = ("gcp:compute/sSLPolicy:SSLPolicy", "gcp:compute/regionSslPolicy:RegionSslPolicy")
SUBNET = "gcp:compute/subnetwork:Subnetwork"
TABLE = "gcp:bigquery/table:Table"
IDENTITY_PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
TLS_PROXIES = (
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy",
    "gcp:compute/regionTargetHttpsProxy:RegionTargetHttpsProxy",
    "gcp:compute/targetSSLProxy:TargetSSLProxy",
)
TOPIC = "gcp:pubsub/topic:Topic"


def access_to(stem: str) -> tuple[str, str, str]:
    """The types that grant roles on something: to one, to several, and to all who have any."""
    name = stem.partition("/")[2]
    member, binding, policy = (
        f"gcp:{stem}{kind}:{name[0].upper()}{name[1:]}{kind}" for kind in ("Member", "Binding", "Policy")
    )
    return member, binding, policy


ACCOUNT_ACCESS = access_to("serviceaccount/iAM")
BUCKET_ACCESS = access_to("storage/bucketIAM")
DATA_ACCESS = (*access_to("bigquery/datasetIam"), *access_to("bigquery/iam"))
ENDPOINT_ACCESS = access_to("vertex/aiEndpointIam")
KEY_ACCESS = (*access_to("kms/cryptoKeyIAM"), *access_to("kms/keyRingIAM"))
PROJECT_ACCESS = (*access_to("projects/iAM"), *access_to("folder/iAM"), *access_to("organizations/iAM"))
REPOSITORY_ACCESS = access_to("artifactregistry/repositoryIam")
SECRET_ACCESS = access_to("secretmanager/secretIam")
TOPIC_ACCESS = access_to("pubsub/topicIAM")
REGIONAL = (
    *(ADDRESS, BUCKET, ENDPOINT, FORWARDING_RULE, INSTANCE, MODEL, MODEL_GARDEN, POOL, REPOSITORY, SUBNET),
    *(BACKENDS[1], FIREWALL_POLICIES[2], FIREWALL_RULES[2], SSL_POLICIES[1], PROVIDER),
)
"""What is in a region, but for what keeps keys and records."""
LABELLED = (BUCKET, DATASET, ENDPOINT, INSTANCE, KEY, MODEL, REPOSITORY, SECRET, TOPIC)
"""What costs something, or has somebody's data, and takes labels."""
THING_ACCESS = (
    *(*BUCKET_ACCESS, *DATA_ACCESS, *ENDPOINT_ACCESS, *KEY_ACCESS),
    *(*REPOSITORY_ACCESS, *SECRET_ACCESS, *TOPIC_ACCESS),
)
"""What grants roles on one thing that a service needs."""
EVERYONE = ("allUsers", "allAuthenticatedUsers")
GLOBAL = "global"
REGION = re.compile(r"[a-z]+-[a-z]+\d+")
ZONE = re.compile(r"-[a-z]$")
SPECIAL = ("REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER", "PRIVATE_NAT")
"""Purposes of subnets that are for Google's own."""
SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
DAY = 24 * 60 * 60


def grants(resource: Resource) -> Iterator[tuple[str, str]]:
    """Every role that a resource grants, with who gets it."""
    policy = resource.at("policyData")
    bindings = [resource.inputs] if policy is None else items(at(document(policy), "bindings"))
    for binding in bindings:
        members = [*several(at(binding, "member")), *several(at(binding, "members"))]
        yield from ((text(at(binding, "role")), text(member)) for member in members)


def container_of(model: Resource) -> Any:
    """The `containerSpec` of a model, be it one of Model Garden."""
    return model.at("modelConfig", "containerSpec") if model.type == MODEL_GARDEN else model.at("containerSpec")


def captures(endpoint: Resource) -> bool:
    """Whether an endpoint keeps requests and answers."""
    return endpoint.at(CAPTURE, "enabled") is True


def has_captures(dataset: Resource) -> bool:
    """Whether an endpoint of the stack keeps requests in a dataset."""
    own = known(dataset, "datasetId")
    for endpoint in dataset.stack.by(type_of).get(ENDPOINT, ()):
        named = known_at(endpoint, CAPTURE, "bigqueryDestination", "outputUri").split(".")[1:2]
        if dataset.urn in endpoint.dependencies.get(CAPTURE, ()) or (named and named == own):
            return True
    return False


def known_at(resource: Resource, *keys: str) -> str:
    """The text at a path, nothing where it is not known yet."""
    try:
        return text(resource.at(*keys))
    except UnknownValueError:
        return ""


def machines_of(deployed: Resource) -> Any:
    """The `dedicatedResources` of what has machines.

    Raises:
        NotApplicable: a pool, or Model Garden, has them.
    """
    home = deployed.at("deployConfig") if deployed.type == MODEL_GARDEN else deployed.inputs
    if (machines := at(home, "dedicatedResources")) is None:
        raise NotApplicable("its machines are those of a pool, or chosen by Google")
    return machines


def accelerator_of(machine: Any) -> str:
    """The kind of accelerator that a `machineSpec` chooses; nothing where that says that there is none."""
    kind = text(at(machine, "acceleratorType"))
    return "" if kind == "ACCELERATOR_TYPE_UNSPECIFIED" else kind


def days(duration: object) -> float | None:
    """A duration like `86400s` in days, None for what is none."""
    found = SECONDS.fullmatch(text(duration))
    return float(found[1]) / DAY if found else None


def of_ones_own(subnet: Resource) -> None:
    """Return where something of one's own runs in a subnet.

    Raises:
        NotApplicable: it is for Google's proxies, or for translating addresses.
    """
    if (purpose := text(subnet.at("purpose"))) in SPECIAL:
        raise NotApplicable(f"nothing of one's own runs in a subnet for {purpose}")


def region_of(place: str) -> str:
    """The region of a place, which may be a zone of it."""
    return ZONE.sub("", place.lower())


def is_region(place: str) -> bool:
    """Whether a place is one region, rather than several or all."""
    return bool(REGION.fullmatch(place.lower()))


def in_production(resource: Resource) -> None:
    """Return where no label `environment`, of what is deployed that of its endpoint, says that it is dev or test.

    Raises:
        NotApplicable: one does.
    """
    if (environment := environment_of(resource)) in ("dev", "test"):
        raise NotApplicable(f"{environment} is not production")


def environment_of(resource: Resource) -> str:
    """What the label `environment` says, on what is deployed that of its endpoint; nothing where there is none."""
    labels = (tag(each, "environment") for each in (resource, *owners(resource, "endpoint", ENDPOINT)))
    return next((text(found) for found in labels if found is not None), "")
