"""IDN on Google Cloud: who serves, which roles there are and for whom, who may be whom, and where secrets are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.gcp import EVERYONE, MODEL_GARDEN, container_of, days, grants
from modelport_policies.resource import Resource, at, is_set, items, text
from modelport_policies.secrecy import PRIVATE_KEY, is_secret

DEFAULT_ACCOUNT = re.compile(r"-compute@developer\.gserviceaccount\.com$|@appspot\.gserviceaccount\.com$")
"""The identities that come with a project, which all share that name none."""
BASIC = ("roles/owner", "roles/editor", "roles/viewer")
IMPERSONATION = (
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityUser",
)
"""Roles that let their holder be any service account of a project."""
PROGRAM = re.compile(r"^serviceAccount:|^principal(?:Set)?:(?!.*/workforcePools/)")
"""Members that are not people: service accounts and identities of workloads."""
ADMINISTRATION = re.compile(r"(?:admin|owner)$", re.IGNORECASE)
ESCALATION = re.compile(
    r"\*|\.setIamPolicy$|^iam\.serviceAccountKeys\.create$"
    r"|^iam\.serviceAccounts\.(?:actAs|getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt)$"
)
"""Permissions that lead to others."""
WHOLE_POOL = re.compile(r"^principalSet://.*/workloadIdentityPools/[^/]+/\*$")
CI = {"token.actions.githubusercontent.com": "GitHub", "gitlab.com": "GitLab"}
EXACT = r"""\b(?:sub|subject)\b\s*(?:==|in\s*\[)\s*["'](?!\S*:pull_request)"""
"""A subject is compared with a whole one that is not of every pull request."""
PREFIX = r"""\b(?:sub|subject)\b\.(?:startsWith\(\s*["']|matches\(\s*["']\^)(?:repo|project_path):[\w.-]+/[\w./-]+:"""
"""A subject begins with a repository."""
SCOPES = {
    "a repository": re.compile(rf"""[."'](?:repository(?:_id)?|project_(?:path|id))\b|{EXACT}|{PREFIX}"""),
    "a ref": re.compile(
        rf"""[."'](?:ref(?:_path|_protected)?|environment)\b|["'@]refs/(?:heads|tags)/\w|{EXACT}"""
        rf"""|{PREFIX}(?:ref:refs/(?:heads|tags)/|ref_type:\w+:ref:|environment:)\w"""
    ),
}
CLAIM = r"""[\w.]+(?:\[["'][^"']*["']\])?"""
NEGATED = re.compile(
    rf"""{CLAIM}\s*!=\s*(?:"[^"]*"|'[^']*')|(?:"[^"]*"|'[^']*')\s*!=\s*{CLAIM}|!\s*\([^()]*\)|!\s*{CLAIM}\([^()]*\)"""
)
"""What a condition keeps out: that lets in all the others."""
SERVICE_ACCOUNT = re.compile(r"^serviceAccount:[^@]+@([^@]+)\.iam\.gserviceaccount\.com$")
AGENTS = "gcp-sa-"
"""How projects begin whose accounts are Google's services."""


def model_has_its_own_account(deployed: Resource) -> Iterable[str]:
    """`serviceAccount` is set, and not one that came with the project."""
    if not is_set(deployed.inputs, "serviceAccount"):
        yield "the model runs as Google's own account, which all models share"
    else:
        yield from default_account(deployed.at("serviceAccount"))


def instance_has_its_own_account(instance: Resource) -> Iterable[str]:
    """`serviceAccount.email`, where there is a `serviceAccount`, is set and not one that came with the project."""
    account = instance.at("serviceAccount")
    if account is None:
        raise NotApplicable("it has no identity")
    if not is_set(account, "email"):
        yield "the instance runs as the default account, which it shares with others"
    else:
        yield from default_account(at(account, "email"))


def default_account(email: Any) -> Iterable[str]:
    """What is wrong with an account that came with the project."""
    if DEFAULT_ACCOUNT.search(text(email)):
        yield f"{text(email)} came with the project, and is shared with others"


def default_accounts_have_no_roles(resource: Resource) -> Iterable[str]:
    """No member is a service account that came with the project."""
    for role, member in grants(resource):
        if DEFAULT_ACCOUNT.search(member):
            yield f"{member}, which is shared with others, has {role}"


def project_roles_are_narrow(resource: Resource) -> Iterable[str]:
    """No role is `roles/owner`, `roles/editor` or `roles/viewer`, lets be any service account of the project, or is for
    `allUsers` or `allAuthenticatedUsers`; none of a service account or a workload administers something.
    """
    for role, member in grants(resource):
        if member in EVERYONE:
            yield f"{member} has {role}"
        elif role in BASIC:
            yield f"{member} has {role}, which is for all of Google Cloud"
        elif role in IMPERSONATION:
            yield f"{member} has {role} for every service account there is"
        else:
            yield from administering(role, member)


def roles_are_narrow(resource: Resource) -> Iterable[str]:
    """No role of a service account or a workload administers something."""
    for role, member in grants(resource):
        yield from administering(role, member)


def administering(role: str, member: str) -> Iterable[str]:
    """What is wrong with a role of a program that people have."""
    if PROGRAM.search(member) and ADMINISTRATION.search(role):
        yield f"{member} administers, by {role}, what it needs for serving"


def role_leads_to_no_others(role: Resource) -> Iterable[str]:
    """None of `permissions` sets policies, makes keys or tokens of service accounts, or has a wildcard."""
    for permission in items(role.at("permissions")):
        if ESCALATION.search(text(permission)):
            yield f"{text(permission)} leads to other permissions"


def account_is_for_exact_principals(resource: Resource) -> Iterable[str]:
    """Who may be the service account is neither everyone nor a whole domain or pool of workload identities."""
    for role, member in grants(resource):
        if member in EVERYONE or member.startswith("domain:") or WHOLE_POOL.search(member):
            yield f"{member} has {role}: that is nobody in particular"


def federation_is_scoped(provider: Resource) -> Iterable[str]:
    """`attributeCondition` is set where there is `oidc`; for GitHub and GitLab it asks for a repository and a ref, by
    claims of their own or the subject, not by what they are not.
    """
    if not is_set(provider.inputs, "oidc"):
        raise NotApplicable("it is not for CI")
    if provider.at("disabled") is True:
        raise NotApplicable("it is disabled")
    condition = text(provider.at("attributeCondition"))
    if not condition:
        yield "everyone whom the issuer knows is let in: there is no attributeCondition"
    elif issuer := CI.get(text(provider.at("oidc", "issuerUri")).removeprefix("https://").rstrip("/")):
        positive = NEGATED.sub("", condition)
        lacking = [name for name, asked in SCOPES.items() if not asked.search(positive)]
        if lacking:
            yield f"attributeCondition asks {issuer} for no {' and no '.join(each[2:] for each in lacking)}"


def credential_lives_long(_credential: Resource) -> Iterable[str]:
    """No input: a key is valid until somebody deletes it."""
    yield "the key is valid until somebody deletes it"


def grants_are_listed(resource: Resource) -> Iterable[str]:
    """No member is a whole domain, or a service account of a project that parameter `projects` does not name, if it
    names some; a policy for all who have a role leaves somebody who administers.
    """
    for role, member in grants(resource):
        if member.startswith("domain:"):
            yield f"{member} has {role}: that is everyone there"
        yield from unlisted(member, resource.parameters["projects"])
    yield from locked_out(resource)


def unlisted(member: str, projects: list[str]) -> Iterable[str]:
    """What is wrong with a service account of another project."""
    found = SERVICE_ACCOUNT.match(member)
    if found and projects and found[1] not in projects and not found[1].startswith(AGENTS):
        yield f"{member} is of a project that is not listed"


def locked_out(resource: Resource) -> Iterable[str]:
    """What is wrong with a policy after which nobody can change anything."""
    if is_set(resource.inputs, "policyData") and not any(ADMINISTRATION.search(role) for role, _ in grants(resource)):
        yield "the policy takes every role away that administers"


def messages_are_for_few(resource: Resource) -> Iterable[str]:
    """The same, and no member is `allUsers` or `allAuthenticatedUsers`."""
    yield from (f"{member} has {role}" for role, member in grants(resource) if member in EVERYONE)
    yield from grants_are_listed(resource)


def model_is_told_no_secrets(model: Resource) -> Iterable[str]:
    """No variable of `containerSpec` is called like a secret and has a value, or has a private key."""
    for variable in items(at(container_of(model), "envs" if model.type == MODEL_GARDEN else "env")):
        name = text(at(variable, "name"))
        if is_secret(name) and is_set(variable, "value"):
            yield f"the variable {name} has what is called a secret as a value"
        elif PRIVATE_KEY.search(text(at(variable, "value"))):
            yield f"the variable {name} has a private key"


def secret_is_kept_well(secret: Resource) -> Iterable[str]:
    """Each of `replication` has `customerManagedEncryption`; `rotation.rotationPeriod` is within parameter
    `rotationDays`, or the secret ends by itself (`expireTime`, `ttl`).
    """
    copies = [at(secret.inputs, "replication", "auto"), *items(secret.at("replication", "userManaged", "replicas"))]
    for copy in copies:
        if copy is not None and not is_set(at(copy, "customerManagedEncryption"), "kmsKeyName"):
            yield f"{text(at(copy, 'location')) or 'it'} is not encrypted with a key of one's own"
    if not any(is_set(secret.inputs, key) for key in ("expireTime", "ttl")):
        yield from seldom(days(secret.at("rotation", "rotationPeriod")), secret.parameters["rotationDays"])


def seldom(found: float | None, most: float) -> Iterable[str]:
    """What is wrong with how often a secret is rotated."""
    if found is None:
        yield "the secret is neither rotated nor ends by itself"
    elif found > most:
        yield f"the secret is rotated every {found:g} days, which is too seldom"


def access_is_uniform(bucket: Resource) -> Iterable[str]:
    """`uniformBucketLevelAccess` is true."""
    if bucket.at("uniformBucketLevelAccess") is not True:
        yield "objects may have access lists of their own"
