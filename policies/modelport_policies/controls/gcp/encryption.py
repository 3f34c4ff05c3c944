"""ENC on Google Cloud: which keys encrypt what is stored, what keys are like, and which TLS proxies take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.gcp import days
from modelport_policies.resource import Resource, is_set, items, text

KEY_OF_THE_CALLER = "customerEncryption"
GONE = ("DISABLED", "DESTROYED", "DESTROY_SCHEDULED")
DEFAULT_DESTRUCTION = "2592000s"
"""How long a key that is destroyed can be restored where nothing is said: 30 days."""
NEW_TLS = ("TLS_1_2", "TLS_1_3")
WEAK_CIPHERS = "TLS_RSA_"
"""How those begin whose traffic can be read by who gets the server's key later."""


def has_key(values: Any) -> bool:
    """Whether a key is named, be it one that is not known yet."""
    return is_set(values, "kmsKeyName")


def endpoint_has_key(endpoint: Resource) -> Iterable[str]:
    """`encryptionSpec.kmsKeyName` is set."""
    if not has_key(endpoint.at("encryptionSpec")):
        yield "what Vertex stores of it is not encrypted with a key of one's own"


def bucket_has_key(bucket: Resource) -> Iterable[str]:
    """`encryption.defaultKmsKeyName` is set."""
    if not is_set(bucket.at("encryption"), "defaultKmsKeyName"):
        yield "no key of one's own encrypts what comes to the bucket"


def object_has_key(thing: Resource) -> Iterable[str]:
    """`kmsKeyName` is set, unless the object leaves its encryption to its bucket; `customerEncryption` is not: who
    loses that key has lost the object.
    """
    if is_set(thing.inputs, KEY_OF_THE_CALLER):
        yield "the object is encrypted with a key that Google does not keep"
    elif not has_key(thing.inputs):
        raise NotApplicable("it is encrypted as its bucket says")


def store_has_key(store: Resource) -> Iterable[str]:
    """`kmsKeyName` is set."""
    if not has_key(store.inputs):
        yield "what comes to it is not encrypted with a key of one's own"


def dataset_has_key(dataset: Resource) -> Iterable[str]:
    """`defaultEncryptionConfiguration.kmsKeyName` is set."""
    if not has_key(dataset.at("defaultEncryptionConfiguration")):
        yield "its tables are not encrypted with a key of one's own"


def table_has_key(table: Resource) -> Iterable[str]:
    """`encryptionConfiguration.kmsKeyName` is set, unless the table leaves its encryption to its dataset."""
    if not is_set(table.inputs, "encryptionConfiguration"):
        raise NotApplicable("it is encrypted as its dataset says")
    if not has_key(table.at("encryptionConfiguration")):
        yield "the table is encrypted with a key of Google's, whatever its dataset says"


def proxy_has_policy(proxy: Resource) -> Iterable[str]:
    """`sslPolicy` is set: a proxy without one takes TLS 1.0."""
    if not is_set(proxy.inputs, "sslPolicy"):
        yield "without an sslPolicy it takes TLS before 1.2"


def policy_is_new(policy: Resource) -> Iterable[str]:
    """`minTlsVersion` is `TLS_1_2` or `TLS_1_3`, and `profile` is given and with strong ciphers only."""
    if (oldest := text(policy.at("minTlsVersion")) or "TLS_1_0") not in NEW_TLS:
        yield f"proxies with the policy take {oldest}"
    profile = text(policy.at("profile")) or "COMPATIBLE"
    if profile == "COMPATIBLE":
        yield "proxies with the policy take the weak ciphers of the profile COMPATIBLE"
    weak = [cipher for cipher in map(text, items(policy.at("customFeatures"))) if cipher.startswith(WEAK_CIPHERS)]
    if profile == "CUSTOM" and weak:
        yield f"proxies with the policy take the weak cipher {weak[0]}"


def key_rotates(key: Resource) -> Iterable[str]:
    """`rotationPeriod` is within parameter `cloudKmsRotationPeriodInDays`, for keys that encrypt."""
    if (purpose := text(key.at("purpose")) or "ENCRYPT_DECRYPT") != "ENCRYPT_DECRYPT":
        raise NotApplicable(f"Cloud KMS rotates no keys for {purpose}")
    found = days(key.at("rotationPeriod"))
    if found is None:
        yield "the key is not rotated"
    elif found > key.parameters["cloudKmsRotationPeriodInDays"]:
        yield f"the key is rotated every {found:g} days, which is too seldom"


def key_can_be_restored(key: Resource) -> Iterable[str]:
    """`destroyScheduledDuration` is not below parameter `deletionWindowInDays`."""
    found = days(key.at("destroyScheduledDuration") or DEFAULT_DESTRUCTION)
    if found is not None and found < key.parameters["deletionWindowInDays"]:
        yield f"the key is gone for good {found:g} days after it is destroyed"


def version_is_enabled(version: Resource) -> Iterable[str]:
    """`state` is neither `DISABLED` nor destroyed."""
    if (state := text(version.at("state"))) in GONE:
        yield f"the version is {state}: what it encrypted cannot be read"


def logs_have_key(bucket: Resource) -> Iterable[str]:
    """`cmekSettings.kmsKeyName` is set."""
    if not has_key(bucket.at("cmekSettings")):
        yield "the logs are not encrypted with a key of one's own"
