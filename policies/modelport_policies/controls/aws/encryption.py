"""ENC on AWS: which keys encrypt what is stored, what keys are like, and how buckets and balancers are spoken to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies.aws import (
    BUCKET,
    BUCKET_ENCRYPTION,
    BUCKET_POLICY,
    EXPERIMENT,
    KEY_POLICY,
    cloud_control,
    has_own_key,
    job,
    open_to_all,
    principals,
    statements,
)
from modelport_policies.buckets import is_log_target
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging, owners
from modelport_policies.resource import Resource, at, document, is_set, items, mapping, number, several, text
from modelport_policies.sagemaker import captures, variants

LOCAL_NVME = re.compile(r"^ml\.(?:[cmr]\d+[a-z]*d[a-z]*|g4dn|g5|g6e?|gr6|p3dn|p4de?|p5(?:en?)?|p6[\w-]*|trn\d\w*)\.")
"""Instances whose storage is their own NVMe, encrypted by the instance itself; a key is refused or without effect."""
KMS = ("aws:kms", "aws:kms:dsse")
NEW_POLICIES = re.compile(r"-(?:TLS(?:13)?|FS)-1-[23]-")
OLDEST_POLICY = "ELBSecurityPolicy-2016-08"
"""What a listener has that asks for none."""
DEFAULT_KEY_POLICY = "key-default-1"
"""The id of the policy that KMS gives a key without one."""
SYMMETRIC = ("", "SYMMETRIC_DEFAULT")


def endpoint_has_key(configuration: Resource) -> Iterable[str]:
    """`kmsKeyArn` is set, unless every variant runs on instances with NVMe of their own."""
    given = variants(configuration, "productionVariants", "shadowProductionVariants")
    types = [text(at(variant, "instanceType")) for _, variant in given]
    if types and all(LOCAL_NVME.match(type_) for type_ in types):
        raise NotApplicable(f"local NVMe: {', '.join(sorted(set(types)))} encrypts its storage itself")
    if not has_own_key(configuration.inputs, "kmsKeyArn"):
        yield "the storage of the instances is not encrypted with a key of one's own"


def bucket_has_key(bucket: Resource) -> Iterable[str]:
    """A `BucketServerSideEncryptionConfiguration` of the stack is for the bucket, or its own
    `serverSideEncryptionConfiguration` has a key. The target of a `BucketLogging` cannot have one.
    """
    if any(belonging(bucket, BUCKET_ENCRYPTION, "bucket")):
        return
    own = mapping(bucket.at("serverSideEncryptionConfiguration", "rule"))
    if not list(not_kms(own)):
        return
    if is_log_target(bucket):
        raise NotApplicable("logs of other buckets come to it: S3 writes them with keys of its own only")
    yield "no key of one's own encrypts what comes to the bucket"


def bucket_rules_have_keys(configuration: Resource) -> Iterable[str]:
    """Each of `rules` has the algorithm `aws:kms` or `aws:kms:dsse`, a `kmsMasterKeyId`, and a bucket key where there
    can be one.
    """
    if any(is_log_target(bucket) for bucket in owners(configuration, "bucket", BUCKET)):
        raise NotApplicable("logs of other buckets come to the bucket: S3 writes them with keys of its own only")
    rules = items(configuration.at("rules"))
    for rule in rules:
        yield from not_kms(rule)
    if not rules:
        yield "there are no rules"


def not_kms(rule: Any) -> Iterable[str]:
    """What a rule of encryption by default lacks."""
    default = at(rule, "applyServerSideEncryptionByDefault")
    algorithm = text(at(default, "sseAlgorithm"))
    if algorithm not in KMS:
        yield f"the algorithm is {algorithm or 'not given'}, not aws:kms"
    elif not has_own_key(default, "kmsMasterKeyId"):
        yield "the key is Amazon's, not one's own"
    elif algorithm == "aws:kms" and at(rule, "bucketKeyEnabled") is not True:
        yield "bucketKeyEnabled is not true: every object asks KMS, which limits how often"


def object_has_key(thing: Resource) -> Iterable[str]:
    """`kmsKeyId` is set, unless the object leaves its encryption to its bucket."""
    algorithm = text(thing.at("serverSideEncryption"))
    if has_own_key(thing.inputs, "kmsKeyId"):
        return
    if not algorithm and not is_set(thing.inputs, "kmsKeyId"):
        raise NotApplicable("it is encrypted as its bucket says")
    yield f"the object is encrypted with {algorithm or 'a key'} of Amazon's, whatever its bucket says"


def repository_has_key(repository: Resource) -> Iterable[str]:
    """`encryptionConfigurations` has the type KMS and a `kmsKey`."""
    given = items(repository.at("encryptionConfigurations"))
    if not any(text(at(each, "encryptionType")).startswith("KMS") and has_own_key(each, "kmsKey") for each in given):
        yield "images are not encrypted with a key of one's own"


def captures_have_keys(configuration: Resource) -> Iterable[str]:
    """`dataCaptureConfig`, where its `enableCapture` is true, and `asyncInferenceConfig.outputConfig` have a
    `kmsKeyId`.
    """
    answers = configuration.at("asyncInferenceConfig", "outputConfig")
    if not captures(configuration) and answers is None:
        raise NotApplicable("it keeps no inferences")
    if captures(configuration) and not has_own_key(configuration.at("dataCaptureConfig"), "kmsKeyId"):
        yield "captured inferences are not encrypted with a key of one's own"
    if answers is not None and not has_own_key(answers, "kmsKeyId"):
        yield "asynchronous answers are not encrypted with a key of one's own"


def outputs_have_keys(resource: Resource) -> Iterable[str]:
    """The output configuration of the job has a `kmsKeyId`."""
    if not has_own_key(job(resource).output, "kmsKeyId"):
        yield "what the job finds is not encrypted with a key of one's own"


def described_outputs_have_keys(resource: Resource) -> Iterable[str]:
    """The output configuration of a monitoring job in `desiredState` has a `KmsKeyId`, the `DataStorageConfig` of an
    inference experiment a `KmsKey`.
    """
    if resource.at("typeName") != EXPERIMENT:
        yield from outputs_have_keys(resource)
        return
    storage = at(cloud_control(resource, (EXPERIMENT,)), "dataStorageConfig")
    if storage is None:
        raise NotApplicable("the experiment keeps no inferences")
    if not has_own_key(storage, "kmsKey"):
        yield "what the experiment captures is not encrypted with a key of one's own"


def volumes_have_keys(resource: Resource) -> Iterable[str]:
    """The `clusterConfig` of the job has a `volumeKmsKeyId`."""
    if not has_own_key(job(resource).cluster, "volumeKmsKeyId"):
        yield "the volumes of the job are not encrypted with a key of one's own"


def described_volumes_have_keys(resource: Resource) -> Iterable[str]:
    """The `ClusterConfig` of a monitoring job in `desiredState` has a `VolumeKmsKeyId`, an inference experiment a
    `KmsKey`.
    """
    if resource.at("typeName") != EXPERIMENT:
        yield from volumes_have_keys(resource)
    elif not has_own_key(cloud_control(resource, (EXPERIMENT,)), "kmsKey"):
        yield "the volumes of the experiment are not encrypted with a key of one's own"


def traffic_is_encrypted(resource: Resource) -> Iterable[str]:
    """`networkConfig.enableInterContainerTrafficEncryption` of the job is true, where it has more than one instance."""
    found = job(resource)
    if number(at(found.cluster, "instanceCount"), 2) < 2:
        raise NotApplicable("one instance: nothing goes between containers of several")
    if at(found.network, "enableInterContainerTrafficEncryption") is not True:
        yield "what the containers of the job send each other is not encrypted"


def bucket_takes_tls_only(bucket: Resource) -> Iterable[str]:
    """A `BucketPolicy` of the stack, or the bucket's own `policy`, denies everyone everything without
    `aws:SecureTransport`.
    """
    if not any(denies_plain(each) for policy in policies_of(bucket) for each in statements(policy)):
        yield "no policy of the bucket denies requests without TLS"


def policies_of(bucket: Resource) -> Iterable[Any]:
    """The policies of a bucket. Its own comes last: before a run it is not known where it is not given."""
    yield from (each.at("policy") for each in belonging(bucket, BUCKET_POLICY, "bucket"))
    yield bucket.at("policy")


def denies_plain(statement: Mapping[str, Any]) -> bool:
    """Whether a statement denies everyone all access to objects and bucket that is not over TLS."""
    return (
        at(statement, "Effect") == "Deny"
        and "*" in principals(statement)
        and any(each in ("*", "s3:*") for each in several(at(statement, "Action")))
        and any(text(each).endswith("*") for each in several(at(statement, "Resource")))
        and is_plain(at(statement, "Condition"))
    )


def is_plain(condition: Any) -> bool:
    """Whether a condition holds for every request without TLS: it asks for that and for nothing else."""
    operators = mapping(condition)
    asked = [
        (operator.lower(), key.lower(), [text(each).lower() for each in several(tests[key])])
        for operator, tests in ((each, mapping(operators[each])) for each in operators)
        for key in tests
    ]
    return asked in ([(operator, "aws:securetransport", ["false"])] for operator in ("bool", "boolifexists"))


def listener_takes_tls(listener: Resource) -> Iterable[str]:
    """`protocol` is HTTPS or TLS with an `sslPolicy` from TLS 1.2 on, or HTTP of which all is led to HTTPS."""
    protocol = text(listener.at("protocol")) or "HTTP"
    if protocol in ("TCP", "UDP", "TCP_UDP", "GENEVE"):
        raise NotApplicable(f"{protocol} lets through what its targets take")
    if protocol in ("HTTPS", "TLS"):
        policy = text(listener.at("sslPolicy")) or OLDEST_POLICY
        if not NEW_POLICIES.search(policy):
            yield f"its policy {policy} takes TLS before 1.2"
    elif not all_led_to_tls(listener):
        yield f"it takes {protocol} and does not lead it to HTTPS"


def all_led_to_tls(listener: Resource) -> bool:
    """Whether all that a listener does by default is to lead to HTTPS."""
    actions = items(listener.at("defaultActions"))
    return bool(actions) and all(at(each, "redirect", "protocol") == "HTTPS" for each in actions)


def key_rotates(key: Resource) -> Iterable[str]:
    """`enableKeyRotation` is true and `rotationPeriodInDays` within the parameter of that name, for symmetric keys that
    KMS holds itself.
    """
    kind = text(key.at("customerMasterKeySpec"))
    if kind not in SYMMETRIC or is_set(key.inputs, "customKeyStoreId"):
        raise NotApplicable(f"KMS rotates no {'keys of other stores' if kind in SYMMETRIC else kind}")
    if key.at("enableKeyRotation") is not True:
        yield "the key is not rotated"
    elif (days := number(key.at("rotationPeriodInDays"), 365)) > key.parameters["rotationPeriodInDays"]:
        yield f"the key is rotated every {days:g} days, which is too seldom"


def key_policy_is_given(key: Resource) -> Iterable[str]:
    """`policy`, or a `KeyPolicy` of the stack, is there, and allows nothing to everyone."""
    if not any(belonging(key, KEY_POLICY, "keyId")) and not has_own_policy(key):
        yield "the key has the policy of all keys: whoever has rights in the account has them on the key"
    yield from policy_names_principals(key)


def has_own_policy(key: Resource) -> bool:
    """Whether a key has a policy that is not the one of all keys."""
    return is_set(key.inputs, "policy") and at(document(key.at("policy")), "Id") != DEFAULT_KEY_POLICY


def policy_names_principals(resource: Resource) -> Iterable[str]:
    """`policy` allows nothing to everyone, but for whom a condition narrows to accounts, networks or resources."""
    yield from open_to_all(resource.at("policy"))


def key_is_protected(key: Resource) -> Iterable[str]:
    """`isEnabled` is not false, and `deletionWindowInDays` not below the parameter of that name."""
    if key.at("isEnabled") is False:
        yield "the key is disabled: what it encrypts cannot be read"
    if (days := number(key.at("deletionWindowInDays"), 30)) < key.parameters["deletionWindowInDays"]:
        yield f"the key is gone for good {days:g} days after it is deleted"


def log_group_has_key(group: Resource) -> Iterable[str]:
    """`kmsKeyId` is set."""
    if not has_own_key(group.inputs, "kmsKeyId"):
        yield "the logs are not encrypted with a key of one's own"


def messages_have_key(channel: Resource) -> Iterable[str]:
    """`kmsMasterKeyId` is set, to another than `alias/aws/...`."""
    if not has_own_key(channel.inputs, "kmsMasterKeyId"):
        yield "the messages are not encrypted with a key of one's own"
