"""Where AWS keeps what the controls read: keys, policy documents, what belongs to a bucket, monitoring jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from modelport_policies.control import NotApplicable
from modelport_policies.kubernetes import plain
from modelport_policies.resource import Resource, UnknownValueError, at, items, mapping, text, type_of

API = "aws:apigatewayv2/api:Api"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_ACL = "aws:s3/bucketAcl:BucketAcl"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_LOGGING = "aws:s3/bucketLogging:BucketLogging"
BUCKET_OBJECT = "aws:s3/bucketObject:BucketObject"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource"
DEFAULT_NETWORKS = ("aws:ec2/defaultVpc:DefaultVpc", "aws:ec2/defaultSubnet:DefaultSubnet")
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
INSTANCE = "aws:ec2/instance:Instance"
KEY = "aws:kms/key:Key"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
LISTENER = "aws:lb/listener:Listener"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
MODEL = "aws:sagemaker/model:Model"
NETWORK_ACL = "aws:ec2/networkAcl:NetworkAcl"
NETWORK_ACL_ASSOCIATION = "aws:ec2/networkAclAssociation:NetworkAclAssociation"
NETWORK_ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
PUBLIC_REPOSITORY = "aws:ecrpublic/repository:Repository"
QUEUE = "aws:sqs/queue:Queue"
REGISTRY_POLICY = "aws:ecr/registryPolicy:RegistryPolicy"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
REST_API = "aws:apigateway/restApi:RestApi"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
SUBNET = "aws:ec2/subnet:Subnet"
TOPIC = "aws:sns/topic:Topic"
JOBS = (
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule",
    CLOUD_CONTROL,
)
"""What describes a monitoring job: two types of the provider, and the others by Cloud Control."""
EXPERIMENT = "AWS::SageMaker::InferenceExperiment"
JOB_TYPES = tuple(
    f"AWS::SageMaker::{kind}"
    for kind in (
        "DataQualityJobDefinition",
        "ModelBiasJobDefinition",
        "ModelExplainabilityJobDefinition",
        "ModelQualityJobDefinition",
        "MonitoringSchedule",
    )
)
NAMES = ("id", "arn", "name", "bucket", "keyId")
"""Properties by which others name a resource."""
NARROWING = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "kms:calleraccount",
}
"""Condition keys that leave few of all principals."""
EQUAL = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}


class Job(NamedTuple):
    """What the controls read of a monitoring job."""

    output: Mapping[str, Any]
    cluster: Mapping[str, Any]
    network: Mapping[str, Any]


def has_own_key(values: Any, *keys: str) -> bool:
    """Whether a key of one's own is set, be it one that is not known yet. Those of `alias/aws` are Amazon's."""
    try:
        key = text(at(values, *keys))
    except UnknownValueError:
        return True
    return bool(key) and "alias/aws/" not in key


def belonging(owner: Resource, type_: str, key: str) -> Iterator[Resource]:
    """The stack's resources of a type whose property is the owner. Ends with an error where one's may be, but is not
    known yet.
    """
    others = owner.stack.by(type_of).get(type_, ())
    yield from (each for each in others if is_of(each, key, owner))
    for each in others:
        if not each.dependencies.get(key):
            names(each, key)


def owners(resource: Resource, key: str, type_: str) -> Iterator[Resource]:
    """The stack's resources of a type that a property is."""
    return (each for each in resource.stack.by(type_of).get(type_, ()) if is_of(resource, key, each))


def is_of(resource: Resource, key: str, owner: Resource) -> bool:
    """Whether a property comes from the owner, or names it; before a run, only the former is known."""
    if owner.urn in resource.dependencies.get(key, ()):
        return True
    own = {name for each in NAMES for name in known(owner, each)} - {""}
    return not own.isdisjoint(known(resource, key))


def known(resource: Resource, key: str) -> list[str]:
    """The names that a property has, none where they are not known yet."""
    try:
        return names(resource, key)
    except UnknownValueError:
        return []


def names(resource: Resource, key: str) -> list[str]:
    """The names that a property has, be it one or a list of them."""
    return [text(each) for each in several(resource.at(key))]


def document(value: Any) -> Any:
    """What JSON text says, or an object in its place; None for text that is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def statements(policy: Any) -> Iterator[Mapping[str, Any]]:
    """The statements of a policy document."""
    for each in several(at(document(policy), "Statement")):
        yield mapping(each)


def several(value: Any) -> list[Any]:
    """The values of an element that may be one or a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str | Mapping) else list(items(value))


def is_declared_public(resource: Resource) -> bool:
    """Whether a tag `exposure` is `public`."""
    tags = mapping(resource.at("tags"))
    return any(plain(key) == "exposure" and tags[key] == "public" for key in tags)


def is_public(statement: Mapping[str, Any]) -> bool:
    """Whether a statement allows something to everyone, and no condition narrows who that is."""
    if at(statement, "Effect") != "Allow":
        return False
    everyone = "*" in principals(statement) or at(statement, "NotPrincipal") is not None
    return everyone and not is_narrowed(at(statement, "Condition"))


def principals(statement: Mapping[str, Any]) -> list[Any]:
    """Whom a statement is about, of whatever kind."""
    principal = at(statement, "Principal")
    if isinstance(principal, Mapping):
        return [each for kind in principal for each in several(principal[kind])]
    return several(principal)


def is_narrowed(condition: Any) -> bool:
    """Whether a condition asks for certain accounts, organisations, networks or resources."""
    operators = mapping(condition)
    return any(each.lower().removeprefix("foranyvalue:") in EQUAL and narrows(operators[each]) for each in operators)


def narrows(tests: Any) -> bool:
    """Whether one of the keys of a condition says who, and not with a wildcard in place of the account."""
    for key in mapping(tests):
        values = [text(each) for each in several(tests[key])]
        if key.lower() in NARROWING and values and not any(each.strip("*") == "" or "::*" in each for each in values):
            return True
    return False


def job(resource: Resource) -> Job:
    """The monitoring job that a resource describes.

    Raises:
        NotApplicable: it describes none.
    """
    definition = resource.inputs if resource.type != CLOUD_CONTROL else cloud_control(resource, JOB_TYPES)
    schedule = at(definition, "monitoringScheduleConfig")
    if schedule is not None:
        definition = at(schedule, "monitoringJobDefinition")
        if definition is None:
            raise NotApplicable("its job is a definition of its own")
    definition = mapping(definition)
    output = next((definition[key] for key in definition if key.endswith("OutputConfig")), None)
    cluster = [at(definition, key, "clusterConfig") for key in ("jobResources", "monitoringResources")]
    return Job(mapping(output), mapping(cluster[0] or cluster[1]), mapping(at(definition, "networkConfig")))


def cloud_control(resource: Resource, types: tuple[str, ...]) -> Mapping[str, Any]:
    """The desired state of a Cloud Control resource of one of these types, its keys as the provider would spell them.

    Raises:
        NotApplicable: it is of another type.
    """
    if (type_ := text(resource.at("typeName"))) not in types:
        raise NotApplicable(f"{type_} is not what this is about")
    return mapping(lowered(document(resource.at("desiredState"))))


def lowered(value: Any) -> Any:
    """A value whose keys, and those of what is in it, begin with a small letter."""
    if isinstance(value, Mapping):
        return {text(key)[:1].lower() + text(key)[1:]: lowered(each) for key, each in value.items()}
    return [lowered(each) for each in value] if isinstance(value, list) else value
