"""IDN on AWS: who may call, whom roles trust, and where long-lived credentials are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelport_policies.aws import EQUAL, SECRET_ROTATION, has_own_key, is_narrowed, open_to_all, principals, statements
from modelport_policies.control import NotApplicable
from modelport_policies.relations import belonging
from modelport_policies.resource import Resource, at, is_set, mapping, number, several, text
from modelport_policies.sagemaker import containers
from modelport_policies.secrecy import is_secret

DEFAULT_ROLE = re.compile(r":role/(?:service-role/AmazonSageMaker|aws-service-role/)")
"""Roles that consoles and services make for whatever needs one."""
ACCOUNT = re.compile(r"(?:arn:[\w-]+:\w+::)?(\d{12})(?::.*)?")
WHOLE_ACCOUNT = re.compile(r"(?:arn:[\w-]+:iam::\d{12}:root|\d{12})")
OF_AN_INSTANCE = ("ec2.amazonaws.com", "ec2.amazonaws.com.cn")
"""Services that say nothing of the source: a role gets to them by a profile of the same account."""
FEDERATION = ("sts:AssumeRoleWithWebIdentity", "sts:*", "*")
SUBJECTS = {
    "repo:": re.compile(r"repo:[\w.-]+/[\w.-]+:(?:ref:refs/(?:heads|tags)/[^*?].*|environment:[^*?]+)"),
    "project_path:": re.compile(r"project_path:[\w./-]+:ref_type:(?:branch|tag):ref:[^*?].*"),
}
"""How subjects of GitHub and GitLab begin, and what they are where they name a repository and a ref."""


def method_asks_who_calls(method: Resource) -> Iterable[str]:
    """`authorization` is not `NONE`; an API key is none. Not for OPTIONS, by which browsers ask what is allowed."""
    if method.at("httpMethod") == "OPTIONS":
        raise NotApplicable("browsers ask what is allowed before they say who they are")
    yield from nobody_asks(method.at("authorization"))


def route_asks_who_calls(route: Resource) -> Iterable[str]:
    """`authorizationType` is not `NONE`. Not for OPTIONS, by which browsers ask what is allowed."""
    if text(route.at("routeKey")).startswith("OPTIONS "):
        raise NotApplicable("browsers ask what is allowed before they say who they are")
    yield from nobody_asks(route.at("authorizationType"))


def function_asks_who_calls(url: Resource) -> Iterable[str]:
    """`authorizationType` is `AWS_IAM`."""
    yield from nobody_asks(url.at("authorizationType"))


def nobody_asks(authorization: Any) -> Iterable[str]:
    """What is wrong with a way of authorization."""
    if (text(authorization) or "NONE") == "NONE":
        yield "nobody asks who calls"


def model_has_its_own_role(model: Resource) -> Iterable[str]:
    """`executionRoleArn` is set, to no role that SageMaker's console or a service made."""
    if not is_set(model.inputs, "executionRoleArn"):
        yield "the model has no role"
    elif DEFAULT_ROLE.search(role := text(model.at("executionRoleArn"))):
        yield f"the model has the role {role.rpartition('/')[2]}, which it shares with others"


def trust_is_narrow(role: Resource) -> Iterable[str]:
    """`assumeRolePolicy` names principals one by one: neither `*` nor a whole account without `aws:PrincipalArn`. Where
    it trusts a service, a condition says for which account or resource (`aws:SourceAccount`, `aws:SourceArn`).
    """
    for statement in trusting(role):
        condition = at(statement, "Condition")
        if at(statement, "NotPrincipal") is not None:
            yield "it trusts everyone but some"
        for principal in map(text, principals(statement)):
            if "*" in principal:
                yield f"it trusts {principal}, which is more than one"
            elif WHOLE_ACCOUNT.fullmatch(principal) and "aws:principalarn" not in keys(condition):
                yield f"it trusts whoever {principal} gives the right to"
        for service in several(at(statement, "Principal", "Service")):
            if service not in OF_AN_INSTANCE and not is_narrowed(condition):
                yield f"it trusts {text(service)} on behalf of any account"


def trusting(role: Resource) -> Iterator[Mapping[str, Any]]:
    """The statements of a role that say who may have it."""
    return (each for each in statements(role.at("assumeRolePolicy")) if at(each, "Effect") == "Allow")


def keys(condition: Any) -> set[str]:
    """The keys that a condition asks for."""
    operators = mapping(condition)
    return {key.lower() for each in operators for key in mapping(operators[each])}


def federation_is_scoped(role: Resource) -> Iterable[str]:
    """Where `assumeRolePolicy` allows `sts:AssumeRoleWithWebIdentity`, a condition has the audience (`...:aud`) and the
    subject (`...:sub`), which names a repository and a ref or environment: no wildcard stands for either.
    """
    federated = [each for each in trusting(role) if is_federated(each)]
    if not federated:
        raise NotApplicable("no identity of another place gets it")
    for statement in federated:
        condition = at(statement, "Condition")
        subjects = list(asked(condition, ":sub"))
        if not list(asked(condition, ":aud")):
            yield "no condition has the audience: tokens for others get it, too"
        if not subjects:
            yield "no condition has the subject: whatever the issuer vouches for gets it"
        yield from (f"{each} is more than a ref of a repository" for each in subjects if not is_scoped(each))


def is_federated(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about tokens of another place."""
    actions = {text(each) for each in several(at(statement, "Action"))}
    return not actions.isdisjoint(FEDERATION) and at(statement, "Principal", "Federated") is not None


def asked(condition: Any, ending: str) -> Iterator[str]:
    """The values that the key with this ending has to be equal to."""
    operators = mapping(condition)
    for operator in operators:
        tests = mapping(operators[operator])
        if operator.lower() in EQUAL:
            yield from (text(each) for key in tests if key.lower().endswith(ending) for each in several(tests[key]))


def is_scoped(subject: str) -> bool:
    """Whether a subject is a ref or environment of one repository; of other issuers than GitHub and GitLab, one."""
    for beginning, whole in SUBJECTS.items():
        if subject.startswith(beginning):
            return bool(whole.fullmatch(subject))
    return not set("*?") & set(subject)


def credential_is_off(credential: Resource) -> Iterable[str]:
    """`status` is `Inactive`: what is on works for whoever has it, until somebody notices."""
    if credential.at("status") != "Inactive":
        yield "it works for whoever has it, for ever"


def grants_are_listed(resource: Resource) -> Iterable[str]:
    """`policy` allows nothing to accounts that parameter `accounts` does not name, and denies nobody everything."""
    accounts = resource.parameters["accounts"]
    for statement in statements(resource.at("policy")):
        whom = [text(each) for each in principals(statement)]
        if at(statement, "Effect") == "Allow" and accounts:
            others = {found[1] for each in whom if (found := ACCOUNT.fullmatch(each))} - set(accounts)
            yield from (f"it allows something to the account {each}" for each in sorted(others))
        if at(statement, "Effect") == "Deny" and "*" in whom and is_total(statement):
            yield "it denies everyone everything: nobody can change it any more"


def is_total(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about every action of a service, on no condition."""
    actions = [text(each) for each in several(at(statement, "Action"))]
    return any(each == "*" or each.endswith(":*") for each in actions) and not at(statement, "Condition")


def grants_are_for_few(resource: Resource) -> Iterable[str]:
    """`policy` does the same, and allows nothing to everyone, but for whom a condition narrows."""
    yield from open_to_all(resource.at("policy"))
    yield from grants_are_listed(resource)


def model_is_told_no_secrets(model: Resource) -> Iterable[str]:
    """`environment` of no container has a value that is called like a secret."""
    for name, container in containers(model):
        given = mapping(at(container, "environment"))
        for key in given:
            if is_secret(key) and is_set(given, key):
                yield f"{name}: the variable {key} has what is called a secret as a value"


def secret_is_kept_well(secret: Resource) -> Iterable[str]:
    """`kmsKeyId` is a key of one's own, and a `SecretRotation` of the stack is for the secret."""
    if not has_own_key(secret.inputs, "kmsKeyId"):
        yield "the secret is not encrypted with a key of one's own"
    if not any(belonging(secret, SECRET_ROTATION, "secretId")):
        yield "nothing rotates the secret"


def rotation_is_frequent(rotation: Resource) -> Iterable[str]:
    """`rotationRules` has a schedule, or `automaticallyAfterDays` within parameter `rotationDays`."""
    rules, most = rotation.at("rotationRules"), rotation.parameters["rotationDays"]
    days = number(at(rules, "automaticallyAfterDays"), most + 1)
    if not is_set(rules, "scheduleExpression") and days > most:
        yield f"the secret is not rotated every {most:g} days"


def parameter_is_encrypted(given: Resource) -> Iterable[str]:
    """Where `name` is that of a secret, or `type` is `SecureString`: it is one, with a `keyId` of one's own."""
    kind, name = text(given.at("type")), text(given.at("name"))
    if kind != "SecureString" and not is_secret(name.replace("-", "_")):
        raise NotApplicable("it is no secret")
    if kind != "SecureString":
        yield f"what is called {name} is a plain {kind or 'String'}"
    elif not has_own_key(given.inputs, "keyId"):
        yield "it is not encrypted with a key of one's own"


def owner_has_every_object(controls: Resource) -> Iterable[str]:
    """`rule.objectOwnership` is `BucketOwnerEnforced`: ACLs say nothing any more."""
    if (ownership := controls.at("rule", "objectOwnership")) != "BucketOwnerEnforced":
        yield f"objects are {text(ownership) or 'not said to be'} of the bucket's owner: their ACLs count"
