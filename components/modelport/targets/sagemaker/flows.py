from __future__ import annotations

from typing import Any

import pulumi

from modelport.plan import Plan

from .account import Account
from .documents import Statement, allow, document
from .resources import FLOW_LOG, LOG_GROUP, ROLE, ROLE_POLICY, ROLE_PREFIX, Resources

DAYS = 365
WRITE = ["logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"]


def flows_name(plan: Plan) -> str:
    """The log group of who speaks to whom in the service's network."""
    return f"/modelport/{plan.names.of()}/flows"


def flows(own: Resources, account: Account, vpc: Any, key: pulumi.Input[str]) -> None:
    """Who speaks to whom in a network, let through or not.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    group = own.make(LOG_GROUP, "flows-logs", {"name": flows_name(own.plan), "retentionInDays": DAYS, "kmsKeyId": key})
    boundary = own.plan.environment.existing.permissions_boundary
    inputs = {
        "namePrefix": own.prefix("flows", ROLE_PREFIX),
        "description": f"Flow logs of the model service {own.plan.names.of()}.",
        "assumeRolePolicy": document(_trust(account)),
        **({"permissionsBoundary": boundary} if boundary else {}),
    }
    role = own.make(ROLE, "flows-role", inputs)
    rights = allow("Logs", WRITE, [group.arn, pulumi.Output.concat(group.arn, ":*")])
    policy = own.make(ROLE_POLICY, "flows-role-policy", {"role": role.name, "policy": document(rights)})
    inputs = {"vpcId": vpc.id, "trafficType": "ALL", "iamRoleArn": role.arn, "logDestination": group.arn}
    own.make(FLOW_LOG, "flows", inputs, pulumi.ResourceOptions(depends_on=[policy]))


def _trust(account: Account) -> Statement:
    """The service that writes flow logs alone, and for this account alone."""
    mine = {
        "StringEquals": {"aws:SourceAccount": account.id},
        "ArnLike": {"aws:SourceArn": account.arn("ec2", "vpc-flow-log/*")},
    }
    principal = {"Service": "vpc-flow-logs.amazonaws.com"}
    return allow("FlowLogs", "sts:AssumeRole", Principal=principal, Condition=mine)
