from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from .account import Account
from .capture import keeping
from .documents import Statement, allow, document
from .modes.exchange import Exchange
from .names import LOGS_OF_JOBS
from .network import Network
from .resources import POLICY, ROLE, ROLE_POLICY, ROLE_PREFIX, Resources
from .storage import Store, names_of

METRICS = "/aws/sagemaker/Endpoints"
WRITE_LOGS = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
CREATE_INTERFACE = ["ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission"]
DELETE_INTERFACE = ["ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"]
LOOK_AT_NETWORK = [
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


@dataclass(frozen=True)
class Needs:
    """What a service's role is asked for, by name.

    Attributes:
        key: that encrypts what it reads and writes.
        repository: that its image is pulled from; None where the image is not brought anywhere.
        log_group: that its containers' words go to; SageMaker makes the one of jobs where nobody has.
        network: that its instances are in; None where it has none.
        exchange: where it finds requests and leaves answers; None where they come and go at once.
        kept: below which requests are kept; None where none are.
    """

    store: Store
    key: pulumi.Input[str]
    repository: pulumi.Input[str] | None
    log_group: str
    network: Network | None
    exchange: Exchange | None
    kept: pulumi.Input[str] | None


def identity(own: Resources, account: Account, needs: Needs) -> pulumi.Input[str]:
    """The ARN of the role that the service runs as, made unless it is given.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html (CreateModel API)
    """
    existing = own.plan.environment.existing
    if existing.role is not None:
        return existing.role
    inputs = {
        "namePrefix": own.prefix("role", ROLE_PREFIX),
        "description": f"The model service {own.plan.names.of()}.",
        "assumeRolePolicy": document(_trust(account)),
        **({"permissionsBoundary": existing.permissions_boundary} if existing.permissions_boundary else {}),
    }
    role = own.make(ROLE, "role", inputs)
    own.make(ROLE_POLICY, "role-policy", {"role": role.name, "policy": document(*_rights(account, needs))})
    return role.arn


def invoker(own: Resources, *rights: Statement) -> None:
    """The policy to attach to those who may call the service, and only it; not made where roles are given."""
    if own.plan.environment.existing.role is not None:
        return
    inputs = {
        "namePrefix": own.prefix("invoker", ROLE_PREFIX),
        "description": f"To call the model service {own.plan.names.of()}.",
        "policy": document(*rights),
    }
    own.make(POLICY, "invoker", inputs)


def _trust(account: Account) -> Statement:
    """SageMaker alone, and for this account alone."""
    service = pulumi.Output.concat("sagemaker.", "amazonaws.com")
    mine = {"StringEquals": {"aws:SourceAccount": account.id}}
    return allow("SageMaker", "sts:AssumeRole", Principal={"Service": service}, Condition=mine)


def _rights(account: Account, needs: Needs) -> Iterator[Statement]:
    bucket, objects, keys = names_of(account, needs.store.address)
    yield allow("Models", "s3:GetObject", objects)
    yield allow("ListModels", "s3:ListBucket", bucket, Condition={"StringLike": {"s3:prefix": keys}})
    yield allow("Decrypt", ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], needs.key)
    yield from keeping(account, needs.kept)
    for_aws = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    yield allow("EncryptVolumes", "kms:CreateGrant", needs.key, Condition=for_aws)
    if needs.repository is not None:
        yield allow("Image", PULL, _repository_arn(account, needs.repository))
        yield allow("Registry", "ecr:GetAuthorizationToken", "*")
    group = account.arn("logs", "log-group:", needs.log_group)
    yield allow(
        "Logs",
        [*WRITE_LOGS, *(["logs:CreateLogGroup"] if needs.log_group == LOGS_OF_JOBS else [])],
        [group, pulumi.Output.concat(group, ":*")],
    )
    yield allow(
        "Metrics", "cloudwatch:PutMetricData", "*", Condition={"StringEquals": {"cloudwatch:namespace": METRICS}}
    )
    if needs.network is not None:
        yield from _network_rights(account, needs.network)
    if needs.exchange is not None:
        yield from needs.exchange.of_service(account)


def _network_rights(account: Account, network: Network) -> Iterator[Statement]:
    interfaces = account.arn("ec2", "network-interface/*")
    places = [account.arn("ec2", "subnet/", each) for each in network.subnets]
    groups = [account.arn("ec2", "security-group/", each) for each in network.groups]
    yield allow("Interfaces", [*CREATE_INTERFACE, *DELETE_INTERFACE], [interfaces, *places, *groups])
    yield allow("Network", LOOK_AT_NETWORK, "*")


def _repository_arn(account: Account, repository: pulumi.Input[str]) -> pulumi.Output[str]:
    """`ACCOUNT.dkr.ecr.REGION.DOMAIN/NAME` as IAM calls it."""
    name = pulumi.Output.from_input(repository).apply(lambda each: each.partition("/")[2])
    return account.arn("ecr", "repository/", name)
