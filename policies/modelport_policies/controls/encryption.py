"""ENC: what is stored and sent is encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, SEVERE, USUAL, Control, NotApplicable, parameter
from modelport_policies.controls.aws import encryption as on_aws
from modelport_policies.controls.azure import encryption as on_azure
from modelport_policies.controls.gcp import encryption as on_gcp
from modelport_policies.controls.gcp.access import access_is_not_for_everyone
from modelport_policies.kubernetes import INGRESS
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

AT_REST = (
    *("NIST SC-12", "NIST SC-13", "NIST SC-28", "ISO27001 A.8.24"),
    *("SOC2 CC6.1", "PCI 3.5.1", "HIPAA 164.312(a)(2)(iv)", "GDPR 32", "CCPA 1798.150"),
)
STORAGE_CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
EBS = ("ebs.csi.aws.com", "ebs.csi.eks.amazonaws.com", "kubernetes.io/aws-ebs")
KEYS = {
    **dict.fromkeys(EBS, "kmsKeyId"),
    "pd.csi.storage.gke.io": "disk-encryption-kms-key",
    **dict.fromkeys(("disk.csi.azure.com", "kubernetes.io/azure-disk"), "diskEncryptionSetID"),
}
"""What provisioners of disks call the customer's key among their parameters, whose case none of them minds."""
TRANSIT = ("NIST SC-8", "ISO27001 A.8.24", "SOC2 CC6.7", "PCI 4.2.1", "HIPAA 164.312(e)(1)")
GATEWAY = "kubernetes:gateway.networking.k8s.io/v1:Gateway"
ENCRYPTED = ("HTTPS", "TLS")
PLAIN = {
    "kubernetes.io/ingress.allow-http": "true",
    "nginx.ingress.kubernetes.io/ssl-redirect": "false",
    "ingress.kubernetes.io/ssl-redirect": "false",
    "haproxy.org/ssl-redirect": "false",
}
"""Annotations that open a door without TLS."""
PROTOCOLS = ("nginx.ingress.kubernetes.io/ssl-protocols", "alb.ingress.kubernetes.io/ssl-policy")
OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-2015-05")
ALB_PORTS = "alb.ingress.kubernetes.io/listen-ports"


def disks_have_a_key(storage: Resource) -> Iterable[str]:
    """`parameters` name the key that disks of Amazon, Google and Azure are encrypted with (`kmsKeyId`,
    `disk-encryption-kms-key`, `diskEncryptionSetID`); those of Amazon say `encrypted`, too.
    """
    provisioner = text(storage.at("provisioner"))
    if provisioner not in KEYS:
        raise NotApplicable(f"no parameter is known by which {provisioner or 'it'} is told a key")
    given = mapping(storage.at("parameters"))
    named = {key.lower(): key for key in given}
    if not is_set(given, named.get(KEYS[provisioner].lower(), "")):
        yield f"parameters.{KEYS[provisioner]} names no key of one's own"
    if provisioner in EBS and text(at(given, named.get("encrypted", ""))).lower() != "true":
        yield "parameters.encrypted is not true"


def ingress_is_encrypted(ingress: Resource) -> Iterable[str]:
    """`spec.tls` has every host of `rules`; no annotation allows plain HTTP, or TLS before 1.2."""
    covered = {text(host) for entry in items(ingress.at("spec", "tls")) for host in items(at(entry, "hosts"))}
    hosts = [text(at(rule, "host")) for rule in items(ingress.at("spec", "rules"))]
    for host in dict.fromkeys(hosts):
        if not is_covered(host, covered) and (host or not items(ingress.at("spec", "tls"))):
            yield f"{host or 'a rule without a host'} has no TLS"
    if not hosts and not items(ingress.at("spec", "tls")):
        yield "there is no TLS"
    yield from allowed(mapping(ingress.at("metadata", "annotations")))


def is_covered(host: str, covered: set[str]) -> bool:
    """Whether one of the names of a certificate is the host's, be it with a wildcard for its first part."""
    return host in covered or f"*.{host.partition('.')[2]}" in covered


def allowed(annotations: Mapping[str, Any]) -> Iterable[str]:
    """What annotations allow besides TLS from 1.2 on."""
    yield from (f"{key} is {value}" for key, value in PLAIN.items() if text(at(annotations, key)).lower() == value)
    if "HTTP" in text(at(annotations, ALB_PORTS)).replace("HTTPS", "") and not at(
        annotations, "alb.ingress.kubernetes.io/ssl-redirect"
    ):
        yield f"{ALB_PORTS} has plain HTTP"
    for key in PROTOCOLS:
        if old := [each for each in text(at(annotations, key)).split() if each in OLD]:
            yield f"{key} allows {', '.join(old)}"


def listeners_are_encrypted(gateway: Resource) -> Iterable[str]:
    """Every one of `spec.listeners` has the protocol HTTPS or TLS."""
    for listener in items(gateway.at("spec", "listeners")):
        if (protocol := at(listener, "protocol")) not in ENCRYPTED:
            yield f"listener {at(listener, 'name')} takes {protocol}"


CONTROLS = (
    Control(
        id="ENC-01",
        title="The storage of endpoints is encrypted with a key of one's own",
        severity="high",
        levels=SEVERE,
        frameworks=AT_REST,
        remediation={
            "sagemaker": "Set kmsKeyArn of the endpoint configuration.",
            "vertex": "Set encryptionSpec.kmsKeyName of endpoint and model.",
            "azureml": "Give the workspace encryption.",
            "kubernetes": "Name the key in a storage class.",
        },
        checks={
            aws.ENDPOINT_CONFIGURATION: on_aws.endpoint_has_key,
            **dict.fromkeys((gcp.ENDPOINT, gcp.MODEL), on_gcp.endpoint_has_key),
            STORAGE_CLASS: disks_have_a_key,
            azure.WORKSPACE: on_azure.workspace_has_key,
        },
    ),
    Control(
        id="ENC-02",
        title="Models are stored encrypted with a key of one's own",
        severity="high",
        levels=SEVERE,
        frameworks=AT_REST,
        remediation={
            "sagemaker": "Give the bucket a key of your own that encrypts by default (aws:kms with bucketKeyEnabled), "
            "and objects no other.",
            "vertex": "Give the bucket a key of your own that encrypts by default, and objects no other.",
            "azureml": "Name a key of a vault, and have the infrastructure encrypt, too.",
        },
        checks={
            aws.BUCKET: on_aws.bucket_has_key,
            aws.BUCKET_ENCRYPTION: on_aws.bucket_rules_have_keys,
            aws.BUCKET_OBJECT: on_aws.object_has_key,
            gcp.BUCKET: on_gcp.bucket_has_key,
            gcp.BUCKET_OBJECT: on_gcp.object_has_key,
            azure.STORAGE: on_azure.account_has_key,
            azure.ENCRYPTION_SCOPE: on_azure.scope_has_key,
        },
        scope="stack",
    ),
    Control(
        id="ENC-03",
        title="Images are stored encrypted with a key of one's own",
        severity="medium",
        levels=USUAL,
        frameworks=AT_REST,
        remediation={
            "sagemaker": "Replace the repository by one with encryptionConfigurations of type KMS.",
            "vertex": "Replace the repository by one with kmsKeyName.",
            "azureml": "Give the registry encryption with a keyIdentifier.",
        },
        checks={
            aws.REPOSITORY: on_aws.repository_has_key,
            gcp.REPOSITORY: on_gcp.store_has_key,
            azure.REGISTRY: on_azure.registry_has_key,
        },
    ),
    Control(
        id="ENC-04",
        title="Kept inferences and what monitoring finds in them are encrypted with a key of one's own",
        severity="high",
        levels=SEVERE,
        frameworks=(*AT_REST, "EU AI Act 12"),
        remediation={
            "sagemaker": "Set the KMS key of the data capture, of asynchronous answers and of each job's output.",
            "vertex": "Set the KMS key of the dataset.",
            "azureml": "Give the storage account that captures go to a key.",
        },
        checks={
            aws.ENDPOINT_CONFIGURATION: on_aws.captures_have_keys,
            **dict.fromkeys(aws.JOBS, on_aws.outputs_have_keys),
            aws.CLOUD_CONTROL: on_aws.described_outputs_have_keys,
            gcp.DATASET: on_gcp.dataset_has_key,
            gcp.TABLE: on_gcp.table_has_key,
            azure.DEPLOYMENT: on_azure.captures_have_key,
        },
        scope="stack",
    ),
    Control(
        id="ENC-05",
        title="The volumes of monitoring jobs and shadow tests are encrypted with a key of one's own",
        severity="medium",
        levels=USUAL,
        frameworks=AT_REST,
        remediation="Set volumeKmsKeyId of the job's cluster, or KmsKey of the experiment.",
        checks={
            **dict.fromkeys(aws.JOBS, on_aws.volumes_have_keys),
            aws.CLOUD_CONTROL: on_aws.described_volumes_have_keys,
        },
    ),
    Control(
        id="ENC-06",
        title="The instances of a monitoring job speak to each other encrypted",
        severity="medium",
        levels=USUAL,
        frameworks=TRANSIT,
        remediation="Set networkConfig.enableInterContainerTrafficEncryption of the job.",
        checks=dict.fromkeys(aws.JOBS, on_aws.traffic_is_encrypted),
    ),
    Control(
        id="ENC-07",
        title="Ways in and buckets take TLS from 1.2 on and nothing else",
        severity="high",
        levels=SEVERE,
        frameworks=TRANSIT,
        remediation="Give every host a certificate, deny requests to buckets without aws:SecureTransport, and remove "
        "what allows plain HTTP or old protocols.",
        checks={
            aws.BUCKET: on_aws.bucket_takes_tls_only,
            aws.LISTENER: on_aws.listener_takes_tls,
            **dict.fromkeys(gcp.TLS_PROXIES, on_gcp.proxy_has_policy),
            **dict.fromkeys(gcp.SSL_POLICIES, on_gcp.policy_is_new),
            INGRESS: ingress_is_encrypted,
            GATEWAY: listeners_are_encrypted,
            azure.STORAGE: on_azure.account_takes_tls_only,
            azure.GATEWAY: on_azure.gateway_takes_tls_only,
        },
        scope="stack",
    ),
    Control(
        id="ENC-08",
        title="Keys are rotated",
        severity="medium",
        levels=USUAL,
        frameworks=("NIST SC-12", "PCI 3.7.4", "CIS AWS 3.6", "CIS GCP 1.10", "ISO27001 A.8.24"),
        remediation="Set enableKeyRotation, and a rotationPeriodInDays of a year at most; of Cloud KMS "
        "rotationPeriod. Give keys of a vault a rotationPolicy.",
        checks={
            aws.KEY: on_aws.key_rotates,
            gcp.KEY: on_gcp.key_rotates,
            azure.KEY: on_azure.key_rotates,
        },
        parameters={
            "rotationPeriodInDays": parameter("The longest time between rotations, in days.", 365),
            "cloudKmsRotationPeriodInDays": parameter("The same for keys of Google's Cloud KMS.", 90),
        },
    ),
    Control(
        id="ENC-09",
        title="Keys have a policy of their own that allows nothing to everyone",
        severity="high",
        levels=SEVERE,
        frameworks=(*AT_REST, "NIST AC-3"),
        remediation="Give the key a policy that names the principals that use it and those that administer it.",
        checks={
            **dict.fromkeys((aws.KEY, aws.REPLICA_KEY), on_aws.key_policy_is_given),
            aws.KEY_POLICY: on_aws.policy_names_principals,
            **dict.fromkeys(gcp.KEY_ACCESS, access_is_not_for_everyone),
        },
        scope="stack",
    ),
    Control(
        id="ENC-10",
        title="Keys are enabled, and not gone soon after they are deleted",
        severity="high",
        levels=SEVERE,
        frameworks=("NIST CP-9", "ISO27001 A.8.13", "SOC2 A1.2"),
        remediation="Leave the key enabled, with a deletionWindowInDays (Cloud KMS: destroyScheduledDuration) that "
        "gives time to notice. Protect vaults from purges.",
        checks={
            aws.KEY: on_aws.key_is_protected,
            gcp.KEY: on_gcp.key_can_be_restored,
            gcp.KEY_VERSION: on_gcp.version_is_enabled,
            azure.KEY: on_azure.key_is_enabled,
            azure.VAULT: on_azure.vault_is_protected,
        },
        parameters={"deletionWindowInDays": parameter("The shortest time until a deleted key is gone, in days.", 30)},
    ),
    Control(
        id="ENC-11",
        title="Logs, alerts and queues are encrypted with a key of one's own",
        severity="low",
        levels=ADVICE,
        frameworks=AT_REST,
        remediation="Set the KMS key of the log group, topic or queue.",
        checks={
            aws.LOG_GROUP: on_aws.log_group_has_key,
            **dict.fromkeys((aws.TOPIC, aws.QUEUE), on_aws.messages_have_key),
            **dict.fromkeys(gcp.LOG_BUCKETS, on_gcp.logs_have_key),
            gcp.TOPIC: on_gcp.store_has_key,
        },
    ),
    Control(
        id="ENC-12",
        title="Keys are in hardware security modules",
        severity="low",
        levels=ADVICE,
        frameworks=AT_REST,
        remediation="Replace the key by one of type RSA-HSM or EC-HSM, in a vault of the premium tier.",
        checks={azure.KEY: on_azure.key_is_in_hardware},
    ),
)
