"""ENC on Azure: which keys encrypt what is stored, what keys and vaults are like, and how storage is spoken to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.azure import STORAGE, WORKSPACE, collections
from modelport_policies.control import NotApplicable
from modelport_policies.relations import owners
from modelport_policies.resource import Resource, at, is_set, items, number, text

NEW_TLS = ("TLS1_2", "TLS1_3")
OLD_POLICIES = ("AppGwSslPolicy20150501", "AppGwSslPolicy20170401")
OLD_PROTOCOLS = ("TLSv1_0", "TLSv1_1")
DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
DAYS = (365, 30, 7, 1)
"""Of a year, a month, a week and a day, as durations name them."""


def workspace_has_key(workspace: Resource) -> Iterable[str]:
    """`encryption.status` is `Enabled` and `encryption.keyVaultProperties` has a `keyIdentifier`; a project has its
    hub's.
    """
    if is_set(workspace.inputs, "hubResourceId"):
        raise NotApplicable("a project is encrypted as its hub is")
    encryption = ("encryption", "keyVaultProperties", "keyIdentifier")
    if workspace.at("encryption", "status") != "Enabled" or not is_set(workspace.inputs, *encryption):
        yield "what the workspace keeps is not encrypted with a key of one's own"


def account_has_key(account: Resource) -> Iterable[str]:
    """`encryption.keySource` is `Microsoft.Keyvault`, with `keyVaultProperties` that name the key, and
    `requireInfrastructureEncryption` is true.
    """
    if lacks_key(account):
        yield "what is stored is not encrypted with a key of one's own"
    if account.at("encryption", "requireInfrastructureEncryption") is not True:
        yield "what is stored is encrypted once, not by the infrastructure, too"


def lacks_key(account: Resource) -> bool:
    """Whether a storage account is encrypted with no key of one's own."""
    source = text(account.at("encryption", "keySource")).lower()
    named = (is_set(account.inputs, "encryption", "keyVaultProperties", key) for key in ("keyName", "keyVaultUri"))
    return source != "microsoft.keyvault" or not all(named)


def scope_has_key(scope: Resource) -> Iterable[str]:
    """`source` is `Microsoft.KeyVault`, with `keyVaultProperties.keyUri`: what names the scope has no other key."""
    source = text(scope.at("source")).lower()
    if source != "microsoft.keyvault" or not is_set(scope.inputs, "keyVaultProperties", "keyUri"):
        yield "what is stored in the scope is not encrypted with a key of one's own"


def registry_has_key(registry: Resource) -> Iterable[str]:
    """`encryption.status` is `enabled`, with `keyVaultProperties.keyIdentifier`."""
    identifier = ("encryption", "keyVaultProperties", "keyIdentifier")
    if registry.at("encryption", "status") != "enabled" or not is_set(registry.inputs, *identifier):
        yield "images are not encrypted with a key of one's own"


def captures_have_key(deployment: Resource) -> Iterable[str]:
    """Where `properties.dataCollector` collects, the storage account of the workspace has a key of one's own, if the
    stack has both.
    """
    if not any(collections(deployment)):
        raise NotApplicable("it keeps no inferences")
    accounts = list(accounts_of(deployment))
    if not accounts:
        raise NotApplicable("the storage of its workspace is not of the stack")
    for account in accounts:
        if lacks_key(account):
            yield f"captured inferences go to {account.name}, which is not encrypted with a key of one's own"


def accounts_of(deployment: Resource) -> Iterator[Resource]:
    """The storage accounts of the workspace of a deployment, as far as they are of the stack."""
    for workspace in owners(deployment, "workspaceName", WORKSPACE):
        yield from owners(workspace, "storageAccount", STORAGE)


def account_takes_tls_only(account: Resource) -> Iterable[str]:
    """`enableHttpsTrafficOnly` is not false, and `minimumTlsVersion` is from `TLS1_2` on."""
    if account.at("enableHttpsTrafficOnly") is False:
        yield "requests without TLS are taken"
    if (least := account.at("minimumTlsVersion")) not in NEW_TLS:
        yield f"requests from {least or 'TLS1_0'} on are taken"


def gateway_takes_tls_only(gateway: Resource) -> Iterable[str]:
    """`sslPolicy` takes no TLS before 1.2, and every plain one of `httpListeners` has a rule that redirects."""
    policy = gateway.at("sslPolicy")
    old = [text(at(policy, "policyName")), text(at(policy, "minProtocolVersion"))]
    if found := [each for each in old if each in (*OLD_POLICIES, *OLD_PROTOCOLS)]:
        yield f"its policy {found[0]} takes TLS before 1.2"
    led = redirected(gateway)
    for listener in items(gateway.at("httpListeners")):
        if text(at(listener, "protocol")).lower() == "http" and text(at(listener, "name")) not in led:
            yield f"the listener {text(at(listener, 'name'))} takes HTTP and does not lead it to HTTPS"


def redirected(gateway: Resource) -> set[str]:
    """The names of the listeners of a gateway that a rule leads elsewhere."""
    rules = [each for each in items(gateway.at("requestRoutingRules")) if at(each, "redirectConfiguration") is not None]
    return {text(at(each, "httpListener", "id")).rpartition("/")[2] for each in rules}


def key_rotates(key: Resource) -> Iterable[str]:
    """One of `properties.rotationPolicy.lifetimeActions` rotates the key within parameter `rotationPeriodInDays`; or
    `properties.attributes.expires` is set.
    """
    if is_set(key.inputs, "properties", "attributes", "expires"):
        return
    policy = key.at("properties", "rotationPolicy")
    periods = [
        period(at(each, "trigger"), at(policy, "attributes", "expiryTime"))
        for each in items(at(policy, "lifetimeActions"))
        if text(at(each, "action", "type")).lower() == "rotate"
    ]
    if not periods:
        yield "the key is not rotated and does not expire"
    elif min(periods) > key.parameters["rotationPeriodInDays"]:
        yield f"the key is rotated every {min(periods):g} days, which is too seldom"


def period(trigger: Any, lifetime: Any) -> float:
    """After how many days a key is rotated."""
    after, before = at(trigger, "timeAfterCreate"), at(trigger, "timeBeforeExpiry")
    return days(after) if before is None else days(lifetime) - days(before)


def days(duration: Any) -> float:
    """The days of a duration like P1Y; without end where it is none."""
    found = DURATION.fullmatch(text(duration))
    if not found or not any(found.groups()):
        return float("inf")
    return sum(int(count or 0) * each for count, each in zip(found.groups(), DAYS, strict=True))


def key_is_enabled(key: Resource) -> Iterable[str]:
    """`properties.attributes.enabled` is not false."""
    if key.at("properties", "attributes", "enabled") is False:
        yield "the key is disabled: what it encrypts cannot be read"


def vault_is_protected(vault: Resource) -> Iterable[str]:
    """`properties.enableSoftDelete` is not false, `enablePurgeProtection` is true, and `softDeleteRetentionInDays` is
    not below parameter `deletionWindowInDays`.
    """
    properties = vault.at("properties")
    if at(properties, "enableSoftDelete") is False:
        yield "what is deleted is gone at once"
    if at(properties, "enablePurgeProtection") is not True:
        yield "what is deleted can be purged before its time"
    if (left := number(at(properties, "softDeleteRetentionInDays"), 90)) < vault.parameters["deletionWindowInDays"]:
        yield f"a key is gone for good {left:g} days after it is deleted"


def key_is_in_hardware(key: Resource) -> Iterable[str]:
    """`properties.kty` is `RSA-HSM` or `EC-HSM`."""
    if not (kind := text(key.at("properties", "kty"))).endswith("-HSM"):
        yield f"the key is {kind or 'of no kind'}, in no module of hardware"
