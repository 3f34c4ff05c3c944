"""IDN on Azure: who may call, whose rights are how far, and where keys, tokens and secrets are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies.azure import machines
from modelport_policies.control import NotApplicable
from modelport_policies.resource import Resource, UnknownValueError, at, is_filled, is_set, items, mapping, text
from modelport_policies.secrecy import is_secret

ADMINISTRATORS = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Roles that are for whoever administers a subscription, by the name that their definition has in every one."""
WIDE = re.compile(r"/?|/?subscriptions/[^/]+/?|/?providers/Microsoft\.Management/managementGroups/.*", re.IGNORECASE)
"""Scopes that are more than a resource group."""
ESCALATION = re.compile(
    r"Microsoft\.Authorization/"
    r"(?:role(?:Assignments|Definitions|(?:Assignment|Eligibility)ScheduleRequests)/write|elevateAccess/action)",
    re.IGNORECASE,
)
"""Actions that lead to others."""
AUDIENCE = "api://AzureADTokenExchange"
SUBJECTS = {
    "token.actions.githubusercontent.com": re.compile(
        r"repo:[\w.-]+/[\w.-]+:(?:ref:refs/(?:heads|tags)/[^*?]+|environment:[^*?]+)"
    ),
    "gitlab": re.compile(r"project_path:[\w./-]+:ref_type:(?:branch|tag):ref:[^*?]+"),
    "vstoken.dev.azure.com": re.compile(r"sc://[^/*?]+/[^/*?]+/[^*?]+"),
}
"""What is in the issuers of GitHub, GitLab and Azure DevOps, and subjects that say for whom a run is."""
LONG_LIVED = ("AccountKey", "Sas", "ServicePrincipal")


def endpoint_asks_who_calls(endpoint: Resource) -> Iterable[str]:
    """`properties.authMode` is `AADToken`, or `AMLToken` on Kubernetes, which takes no other tokens."""
    mode = text(endpoint.at("properties", "authMode"))
    wanted = ("AADToken", "AMLToken") if is_set(endpoint.inputs, "properties", "compute") else ("AADToken",)
    if mode not in wanted:
        yield f"whoever has {'the key' if mode == 'Key' else mode or 'something'} can call, not certain identities"


def identity_is_its_own(resource: Resource) -> Iterable[str]:
    """`identity.type` has `UserAssigned`, and `identity.userAssignedIdentities` names one."""
    if "UserAssigned" not in text(resource.at("identity", "type")):
        yield "it has no identity that is made for it"
    elif not is_filled(resource, "identity", "userAssignedIdentities"):
        yield "it names no identity"


def assignment_is_narrow(assignment: Resource) -> Iterable[str]:
    """`roleDefinitionId` is none of Owner, Contributor and those who give rights, and `scope` is neither a subscription
    nor a management group.
    """
    role = text(assignment.at("roleDefinitionId")).rpartition("/")[2].lower()
    if role in ADMINISTRATORS:
        yield f"it gives the rights of {ADMINISTRATORS[role]}"
    if WIDE.fullmatch(scope := text(assignment.at("scope"))):
        yield f"its rights are for all of {scope or 'nothing named'}"


def definition_is_narrow(definition: Resource) -> Iterable[str]:
    """No `actions` or `dataActions` of `permissions` have a wildcard, but for reading, or give rights;
    `assignableScopes` are not the root.
    """
    for permission in items(definition.at("permissions")):
        for key in ("actions", "dataActions"):
            for action in items(at(permission, key)):
                if "*" in text(action) and not text(action).endswith("/read"):
                    yield f"{key} has {text(action)}"
                elif ESCALATION.fullmatch(text(action)):
                    yield f"{text(action)} leads to other rights"
    if "/" in items(definition.at("assignableScopes")):
        yield "it can be given for everything"


def trust_is_narrow(credential: Resource) -> Iterable[str]:
    """`issuer` is an HTTPS address, `subject` has no wildcard, and `audiences` are `api://AzureADTokenExchange`
    alone.
    """
    if not text(issuer := credential.at("issuer")).startswith("https://"):
        yield f"the issuer {text(issuer) or 'is missing'}, so that anyone's tokens may be taken"
    if of_ci(credential) is None and re.search(r"[*?]|^$", subject := text(credential.at("subject"))):
        yield f"the subject is {subject or 'missing'}, not one that is named"
    if (audiences := list(items(credential.at("audiences")))) != [AUDIENCE]:
        yield f"tokens for {', '.join(map(text, audiences)) or 'anyone'} are taken, not for {AUDIENCE} alone"


def of_ci(credential: Resource) -> re.Pattern[str] | None:
    """What subjects of the issuer have to be, if it is a CI that is known."""
    issuer = text(credential.at("issuer"))
    return next((pattern for part, pattern in SUBJECTS.items() if part in issuer), None)


def federation_is_scoped(credential: Resource) -> Iterable[str]:
    """Where `issuer` is GitHub, GitLab or Azure DevOps, `subject` names a repository and a branch, tag or environment
    (of Azure DevOps a service connection).
    """
    if not (pattern := of_ci(credential)):
        raise NotApplicable("it is not for runs of a CI that is known")
    if not pattern.fullmatch(subject := text(credential.at("subject"))):
        yield f"the subject {subject or 'is missing'}: it does not name one repository and ref"


def account_has_no_keys(account: Resource) -> Iterable[str]:
    """`allowSharedKeyAccess` is false: neither keys of the account are taken nor signatures by them, which last for
    ever where there is no `sasPolicy`.
    """
    if account.at("allowSharedKeyAccess") is False:
        return
    yield "whoever has a key of the account has all of it"
    if not is_set(account.inputs, "sasPolicy", "sasExpirationPeriod"):
        yield "signatures by its keys may be valid for ever"


def registry_has_no_passwords(registry: Resource) -> Iterable[str]:
    """`adminUserEnabled` is not true, and `policies.azureADAuthenticationAsArmPolicy.status` is `disabled`: it takes no
    tokens that are for all of Azure.
    """
    if registry.at("adminUserEnabled") is True:
        yield "it has an administrator with a password"
    if registry.at("policies", "azureADAuthenticationAsArmPolicy", "status") != "disabled":
        yield "it takes tokens that are for all of Azure's management"


def token_is_off(token: Resource) -> Iterable[str]:
    """`status` is `disabled`: a token of the registry's own has passwords."""
    if token.at("status") != "disabled":
        yield "its passwords are credentials of nobody's identity"


def datastores_ask_who_calls(workspace: Resource) -> Iterable[str]:
    """`systemDatastoresAuthMode` is `identity`."""
    if (mode := text(workspace.at("systemDatastoresAuthMode")).lower()) != "identity":
        yield f"its datastores are read with {mode or 'access keys'}, not with the identity of who reads"


def datastore_has_no_key(datastore: Resource) -> Iterable[str]:
    """`properties.credentials.credentialsType` is `None`, or a certificate."""
    if (kind := at(datastore.at("properties"), "credentials", "credentialsType")) in LONG_LIVED:
        yield f"it keeps a credential: {text(kind)}"


def machines_take_no_keys(compute: Resource) -> Iterable[str]:
    """`properties.disableLocalAuth` is true, and of machines `remoteLoginPortPublicAccess` or
    `sshSettings.sshPublicAccess` is `Disabled`.
    """
    own = machines(compute)
    if compute.at("properties", "disableLocalAuth") is not True:
        yield "it has users of its own"
    instance = compute.at("properties", "computeType") == "ComputeInstance"
    access = at(own, "sshSettings", "sshPublicAccess") if instance else at(own, "remoteLoginPortPublicAccess")
    if access != "Disabled" and not (instance and access is None):
        yield f"public access by SSH is {text(access) or 'not said to be off'}"


def secret_ends(secret: Resource) -> Iterable[str]:
    """`properties.attributes.expires` and `properties.contentType` are set."""
    if not is_set(secret.inputs, "properties", "attributes", "expires"):
        yield "it never expires"
    if not is_set(secret.inputs, "properties", "contentType"):
        yield "nothing says what kind of secret it is"


def deployment_is_told_no_secrets(deployment: Resource) -> Iterable[str]:
    """`properties.environmentVariables` has nothing that is called like a secret."""
    given = mapping(deployment.at("properties", "environmentVariables"))
    for name in given:
        if is_secret(name) and is_set(given, name) and not is_reference(given, name):
            yield f"the variable {name} has what is called a secret as a value"


def is_reference(given: Mapping[str, Any], name: str) -> bool:
    """Whether a variable is filled in from a vault or a connection of the workspace; one that is not known is not."""
    try:
        return text(given[name]).startswith("${{")
    except UnknownValueError:
        return False


def vault_asks_who_calls(vault: Resource) -> Iterable[str]:
    """`properties.enableRbacAuthorization` is true."""
    if vault.at("properties", "enableRbacAuthorization") is not True:
        yield "policies of its own say who may do what, not roles"


def account_is_for_one_tenant(account: Resource) -> Iterable[str]:
    """`isLocalUserEnabled` and `allowCrossTenantReplication` are false."""
    if account.at("isLocalUserEnabled") is not False:
        yield "it may have users of its own"
    if account.at("allowCrossTenantReplication") is not False:
        yield "what is stored may be copied to another tenant"
