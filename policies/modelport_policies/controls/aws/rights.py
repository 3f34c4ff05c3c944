"""IDN-03 on AWS: what roles may do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from modelport_policies.aws import called, statements
from modelport_policies.resource import Resource, at, items, mapping, several, text

MANAGED = re.compile(
    r"arn:[\w-]+:iam::aws:policy/(?:[\w-]+/)*(?:\w*FullAccess|AdministratorAccess[\w-]*|PowerUserAccess|"
    r"SystemAdministrator|DatabaseAdministrator|NetworkAdministrator)"
)
"""Policies of Amazon's that give more than anything serves with."""
READS = re.compile(r"[\w-]+:(?:Get|List|Describe|BatchGet)\w*\*")
SELF_SERVICE = re.compile(r"iam:(?!Get|List|PassRole$|SimulatePrincipalPolicy$)\w+")
"""By which a role gives itself, or others, more rights."""
WHOLE = re.compile(
    r"ecr:GetAuthorizationToken|sts:GetCallerIdentity|cloudwatch:(?:PutMetricData|GetMetric\w*|ListMetrics)|"
    r"logs:(?:DescribeLogGroups|PutResourcePolicy|CreateLogDelivery)|xray:Put\w*|ec2:Describe\w*|"
    r"ec2:(?:Create|Delete)NetworkInterface(?:Permission)?|application-autoscaling:Describe\w*|s3:ListAllMyBuckets"
)
"""Actions that know no resources, or those that SageMaker needs on what it makes itself in a VPC."""
EVERYTHING = re.compile(
    r"\*+|arn:[\w*-]+:[\w*-]+:[\w*-]*:(?:[\w*]*:[*/]*|\*:(?:[\w-]+[:/][*:/]+)+)|arn:\*|arn:[\w-]+:iam::\*:.*"
)
"""Text for all there is, of a service or, in any account, of one kind of what a service has."""
NARROWER = ("aws:resourcetag/", "aws:requesttag/", "aws:resourceaccount", "aws:resourceorgid", "kms:viaservice")
"""Keys of conditions that leave few of all resources."""


def rights_are_few(policy: Resource) -> Iterable[str]:
    """`policy` allows no action of a service with `*` but reading ones, nothing on all resources that can be narrower,
    and none of `iam` that gives rights.
    """
    yield from too_much(policy.at("policy"))


def role_has_few_rights(role: Resource) -> Iterable[str]:
    """`managedPolicyArns` has none of Amazon's that give all of a service; `inlinePolicies` as in a policy."""
    yield from (fault for each in several(role.at("managedPolicyArns")) for fault in broad(each))
    yield from (fault for each in items(role.at("inlinePolicies")) for fault in too_much(at(each, "policy")))


def attached_policy_is_narrow(attachment: Resource) -> Iterable[str]:
    """`policyArn`, and each of `policyArns`, is none of Amazon's that give all of a service, as AdministratorAccess,
    AmazonSageMakerFullAccess.
    """
    for policy in (*several(attachment.at("policyArn")), *several(attachment.at("policyArns"))):
        yield from broad(policy)


def broad(policy: Any) -> Iterable[str]:
    """What is wrong with a managed policy."""
    if MANAGED.fullmatch(arn := text(policy)):
        yield f"{arn.rpartition('/')[2]} allows more than serving needs"


def too_much(policy: Any) -> Iterable[str]:
    """What a policy document allows besides what serving needs."""
    for statement in statements(policy):
        if at(statement, "Effect") != "Allow":
            continue
        name = called(statement)
        actions = [text(each) for each in several(at(statement, "Action"))]
        if at(statement, "NotAction") is not None or at(statement, "NotResource") is not None:
            yield f"the statement {name} allows everything but some"
        for action in actions:
            if "*" in action and not READS.fullmatch(action):
                yield f"the statement {name} allows {action}"
            elif SELF_SERVICE.fullmatch(action):
                yield f"the statement {name} allows {action}, by which rights are given"
        wide = [action for action in actions if not WHOLE.fullmatch(action.rstrip("*"))]
        if wide and is_for_everything(statement):
            yield f"the statement {name} allows {', '.join(wide)} on everything"


def is_for_everything(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about all resources there are, and no condition leaves few of them."""
    condition = at(statement, "Condition")
    wanted = {key.lower() for operator in mapping(condition) for key in mapping(condition[operator])}
    if any(key.startswith(NARROWER) for key in wanted):
        return False
    return any(EVERYTHING.fullmatch(text(each)) for each in several(at(statement, "Resource")))
