"""What whoever deploys a service has to be allowed on Google Cloud, by what is made and what is given.

Source: https://cloud.google.com/iam/docs/permissions-reference, and the pages of each API's methods
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from modelport.targets.artifact import ArtifactBundle, ArtifactImage
from modelport.targets.patches import Kind as PatchKind

from . import resources as made

OPERATIONS = "compute.globalOperations.get", "compute.regionOperations.get"
POLICY = "getIamPolicy setIamPolicy"


def _of(resource: str, verbs: str) -> tuple[str, ...]:
    return tuple(f"{resource}.{verb}" for verb in verbs.split())


RIGHTS: Mapping[PatchKind, tuple[str, ...]] = {
    ArtifactBundle: _of("storage.objects", "create delete get list"),
    ArtifactImage: (
        *_of("artifactregistry.repositories", "downloadArtifacts uploadArtifacts"),
        *_of("artifactregistry.tags", "create get update"),
    ),
    made.Model: (*_of("aiplatform.models", "delete get list update upload"), "aiplatform.operations.list"),
    made.ENDPOINT: _of("aiplatform.endpoints", "create delete get update"),
    made.DeployedModel: (
        *_of("aiplatform.endpoints", "deploy get undeploy update"),
        "aiplatform.operations.list",
        "logging.logEntries.list",
    ),
    made.TrafficSplit: _of("aiplatform.endpoints", "get update"),
    made.ADDRESS: (*_of("compute.addresses", "createInternal deleteInternal get setLabels use"), *OPERATIONS),
    made.FORWARDING_RULE: (
        *_of(
            "compute.forwardingRules", "create delete get pscCreate pscDelete pscSetLabels pscUpdate setLabels update"
        ),
        "compute.networks.use",
        "compute.subnetworks.use",
    ),
    made.DATASET: _of("bigquery.datasets", "create delete get update"),
    made.BUDGET: _of("billing.budgets", "create delete get update"),
    made.CHANNEL: _of("monitoring.notificationChannels", "create delete get update"),
    made.MONITORED: _of("monitoring.services", "create delete get update"),
    made.OBJECTIVE: _of("monitoring.slos", "create delete get update"),
    made.ALERT: _of("monitoring.alertPolicies", "create delete get update"),
    made.DASHBOARD: _of("monitoring.dashboards", "create delete get update"),
    made.AGENT: ("serviceusage.services.generateServiceIdentity",),
    made.KEY_RING: _of("cloudkms.keyRings", "create get"),
    made.KEY: _of("cloudkms.cryptoKeys", "create get update"),
    made.KEY_GRANT: _of("cloudkms.cryptoKeys", POLICY),
    made.BUCKET: _of("storage.buckets", f"create delete get update {POLICY}"),
    made.BUCKET_GRANT: _of("storage.buckets", POLICY),
    made.REPOSITORY: _of("artifactregistry.repositories", "create delete get update"),
    made.ACCOUNT: _of("iam.serviceAccounts", "actAs create delete get update"),
    made.NETWORK: (*_of("compute.networks", "create delete get update"), *_of("compute.routes", "delete list")),
    made.SUBNET: _of("compute.subnetworks", "create delete get setPrivateIpGoogleAccess update"),
    made.FIREWALL: (*_of("compute.firewalls", "create delete get update"), "compute.networks.updatePolicy"),
}
"""To make, look at, change and delete a resource of each kind."""

PROJECT = ("resourcemanager.projects.get",)
ALWAYS = (
    *(ArtifactBundle, ArtifactImage, made.Model, made.ENDPOINT, made.DeployedModel, made.TrafficSplit),
    *(made.ADDRESS, made.FORWARDING_RULE, made.DATASET),
    *(made.CHANNEL, made.MONITORED, made.OBJECTIVE, made.ALERT, made.DASHBOARD),
)
SPARED: Mapping[str, tuple[PatchKind, ...]] = {
    "key": (made.AGENT, made.KEY_RING, made.KEY, made.KEY_GRANT),
    "bucket": (made.BUCKET, made.BUCKET_GRANT),
    "registry": (made.REPOSITORY,),
    "role": (made.ACCOUNT, made.BUCKET_GRANT),
    "vpc": (made.NETWORK, made.SUBNET, made.FIREWALL),
}
"""What is not made where `modelport:existing` has a field."""
OF_BILLING = (made.BUDGET,)
"""What is made in the account that pays."""


def roles() -> dict[str, list[str]]:
    """The permissions for what is always made, by the name "", and for each of `SPARED` by the field that spares it."""
    spared = {field: _sorted(kinds) for field, kinds in SPARED.items()}
    return {"": sorted({*PROJECT, *_sorted(ALWAYS)}), **spared}


def billing() -> list[str]:
    """The permissions in the billing account, for a service with a budget."""
    return _sorted(OF_BILLING)


def _sorted(kinds: Iterable[PatchKind]) -> list[str]:
    return sorted(set(chain.from_iterable(RIGHTS[kind] for kind in kinds)))
