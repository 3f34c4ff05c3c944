"""Where AWS keeps what the controls read: keys, policy documents, what belongs to a bucket, monitoring jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from modelport_policies.control import NotApplicable
from modelport_policies.resource import Resource, UnknownValueError, at, document, mapping, several, text

ACCELERATOR = "aws:globalaccelerator/accelerator:Accelerator"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"
ADDRESS = "aws:ec2/eip:Eip"
ADDRESS_ASSOCIATION = "aws:ec2/eipAssociation:EipAssociation"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
API = "aws:apigatewayv2/api:Api"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_ACL = "aws:s3/bucketAcl:BucketAcl"
BUCKET_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BUCKET_LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_LOCK = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
BUCKET_LOGGING = "aws:s3/bucketLogging:BucketLogging"
BUCKET_OBJECT = "aws:s3/bucketObject:BucketObject"
BUCKET_OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
BUCKET_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
CLOUD_CONTROL = "aws:cloudcontrol/resource:Resource"
COMPOSITE_ALARM = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
DATA_QUALITY_JOB = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"
DEFAULT_NETWORKS = ("aws:ec2/defaultVpc:DefaultVpc", "aws:ec2/defaultSubnet:DefaultSubnet")
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"
ENDPOINT_CONFIGURATION = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
EVENT_STORE = "aws:cloudtrail/eventDataStore:EventDataStore"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
FUNCTION_URL = "aws:lambda/functionUrl:FunctionUrl"
IMAGE_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
INSTANCE = "aws:ec2/instance:Instance"
KEY = "aws:kms/key:Key"
KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LOG_SUBSCRIPTION = "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter"
METHOD = "aws:apigateway/method:Method"
MODEL = "aws:sagemaker/model:Model"
MONITORING_SCHEDULE = "aws:sagemaker/monitoringSchedule:MonitoringSchedule"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
NETWORK = "aws:ec2/vpc:Vpc"
NETWORK_ACL = "aws:ec2/networkAcl:NetworkAcl"
NETWORK_ACL_ASSOCIATION = "aws:ec2/networkAclAssociation:NetworkAclAssociation"
NETWORK_ACL_RULE = "aws:ec2/networkAclRule:NetworkAclRule"
PARAMETER = "aws:ssm/parameter:Parameter"
PUBLIC_REPOSITORY = "aws:ecrpublic/repository:Repository"
QUEUE = "aws:sqs/queue:Queue"
QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
REGISTRY_POLICY = "aws:ecr/registryPolicy:RegistryPolicy"
REGISTRY_REPLICATION = "aws:ecr/replicationConfiguration:ReplicationConfiguration"
REGISTRY_SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration"
REPLICA_KEY = "aws:kms/replicaKey:ReplicaKey"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
REST_API = "aws:apigateway/restApi:RestApi"
ROLE = "aws:iam/role:Role"
ROUTE = "aws:apigatewayv2/route:Route"
SCALING_POLICY = "aws:appautoscaling/policy:Policy"
SCALING_SCHEDULE = "aws:appautoscaling/scheduledAction:ScheduledAction"
SCALING_TARGET = "aws:appautoscaling/target:Target"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105
SECRET_ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"  # noqa: S105
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
SERVICE_CREDENTIAL = "aws:iam/serviceSpecificCredential:ServiceSpecificCredential"
STAGE = "aws:apigateway/stage:Stage"
SUBNET = "aws:ec2/subnet:Subnet"
TOPIC = "aws:sns/topic:Topic"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
TRAIL = "aws:cloudtrail/trail:Trail"
VOLUME = "aws:ebs/volume:Volume"
VOLUME_ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
VPC_ENDPOINT_ROUTE = "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
WEB_ACL_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
ATTACHMENTS = (
    "aws:iam/groupPolicyAttachment:GroupPolicyAttachment",
    "aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive",
    "aws:iam/policyAttachment:PolicyAttachment",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive",
)
"""What gives managed policies to somebody: one in `policyArn`, or all that there are in `policyArns`."""
RIGHTS = (
    "aws:iam/groupPolicy:GroupPolicy",
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
)
"""What says in `policy` what somebody may do."""
JOBS = (DATA_QUALITY_JOB, MONITORING_SCHEDULE, CLOUD_CONTROL)
"""What describes a monitoring job: two types of the provider, and the others by Cloud Control."""
TAGGED = (
    *(BALANCER, BUCKET, ENDPOINT, ENDPOINT_CONFIGURATION, INSTANCE, KEY),
    *(LOG_GROUP, MODEL, QUEUE, REPOSITORY, SECRET, TOPIC),
)
"""What costs something, or has somebody's data, and takes tags."""
PROVIDER = "pulumi:providers:aws"
REGIONAL = (
    *TAGGED,
    *JOBS,
    *(API, NETWORK, PARAMETER, REPLICA_KEY, REST_API, SUBNET, TRAIL),
)
"""What is somewhere by itself, rather than where something is that it belongs to."""
EXPERIMENT = "AWS::SageMaker::InferenceExperiment"
MODEL_PACKAGE = "AWS::SageMaker::ModelPackage"
SIGNING = "AWS::ECR::SigningConfiguration"
OBJECTIVE = "AWS::ApplicationSignals::ServiceLevelObjective"
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
NARROWING = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
}
"""Condition keys that leave few of all principals."""
OF_ONE_ACCOUNT = re.compile(r"arn(?::[^:]+){2}:[^:]*:[^:*?]*:.+")
EQUAL = {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"}


class Job(NamedTuple):
    """What the controls read of a monitoring job."""

    output: Mapping[str, Any]
    cluster: Mapping[str, Any]
    network: Mapping[str, Any]
    baseline: Mapping[str, Any]


def has_own_key(values: Any, *keys: str) -> bool:
    """Whether a key of one's own is set, be it one that is not known yet. Those of `alias/aws` are Amazon's."""
    try:
        key = text(at(values, *keys))
    except UnknownValueError:
        return True
    return bool(key) and "alias/aws/" not in key


def statements(policy: Any) -> Iterator[Mapping[str, Any]]:
    """The statements of a policy document."""
    for each in several(at(document(policy), "Statement")):
        yield mapping(each)


def is_public(statement: Mapping[str, Any]) -> bool:
    """Whether a statement allows something to everyone, and no condition narrows who that is."""
    if at(statement, "Effect") != "Allow":
        return False
    everyone = "*" in principals(statement) or at(statement, "NotPrincipal") is not None
    return everyone and not is_narrowed(at(statement, "Condition"))


def open_to_all(policy: Any) -> Iterator[str]:
    """What is wrong with a policy document that allows something to everyone."""
    for statement in statements(policy):
        if is_public(statement):
            yield f"the statement {called(statement)} allows it to everyone"


def called(statement: Mapping[str, Any]) -> str:
    """A statement in a message."""
    return text(at(statement, "Sid")) or "without a Sid"


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
        if key.lower() in NARROWING and values and not any(is_anybody(each) for each in values):
            return True
    return False


def is_anybody(value: str) -> bool:
    """Whether text has a wildcard in place of the account. An ARN of S3 has no account: its bucket is one anyway."""
    return not value.strip("*") or "::*" in value or (value.startswith("arn:") and not OF_ONE_ACCOUNT.fullmatch(value))


def job(resource: Resource) -> Job:
    """The monitoring job that a resource describes.

    Raises:
        NotApplicable: it describes none.
    """
    definition = described(resource)
    schedule = at(definition, "monitoringScheduleConfig")
    if schedule is not None:
        own = at(schedule, "monitoringJobDefinition")
        if own is None:
            raise NotApplicable("its job is a definition of its own")
        definition = mapping(own)
    output = next((definition[key] for key in definition if key.endswith("OutputConfig")), None)
    baseline = next(
        (definition[key] for key in definition if key == "baseline" or key.endswith("BaselineConfig")), None
    )
    cluster = [at(definition, key, "clusterConfig") for key in ("jobResources", "monitoringResources")]
    network = at(definition, "networkConfig")
    return Job(mapping(output), mapping(cluster[0] or cluster[1]), mapping(network), mapping(baseline))


def described(resource: Resource) -> Mapping[str, Any]:
    """What a resource says of a monitoring job or its schedule, in the spelling of the provider.

    Raises:
        NotApplicable: nothing of such.
    """
    return resource.inputs if resource.type != CLOUD_CONTROL else cloud_control(resource, JOB_TYPES)


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
