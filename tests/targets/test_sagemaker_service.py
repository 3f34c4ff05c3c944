"""What a service becomes on SageMaker."""

import json
import re

import botocore.session
import pulumi
import pulumi_aws
import pytest
from moto import mock_aws
from support.aws.account import Account
from support.aws.given import GIVEN, GROUPS, TOPIC
from support.aws.judge import judge
from support.aws.kinds import ACCOUNT, REGION
from support.aws.program import AwsProgram
from support.aws.requests import requests_of
from support.golden import golden
from support.models import identity, save

from modelport import SageMakerService
from modelport.spec import Accelerator, Compute, Memory, Money, Monitoring, Request, Scaling
from modelport.targets.sagemaker.capacity import MACHINES, has_own_disks

GOLDEN = """\
modelport:sagemaker:Service fraud
aws:kms/key:Key fraud-key
aws:kms/alias:Alias fraud-key-alias
aws:s3/bucket:Bucket fraud-bucket
aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock fraud-bucket-publicaccess
aws:s3/bucketOwnershipControls:BucketOwnershipControls fraud-bucket-ownership
aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration fraud-bucket-encryption
aws:s3/bucketVersioning:BucketVersioning fraud-bucket-versioning
aws:s3/bucketPolicy:BucketPolicy fraud-bucket-policy
aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration fraud-bucket-lifecycle
aws:s3/bucketLogging:BucketLogging fraud-bucket-logging
aws:s3/bucket:Bucket fraud-accesslogs
aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock fraud-accesslogs-publicaccess
aws:s3/bucketOwnershipControls:BucketOwnershipControls fraud-accesslogs-ownership
aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration fraud-accesslogs-encryption
aws:s3/bucketVersioning:BucketVersioning fraud-accesslogs-versioning
aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration fraud-accesslogs-lifecycle
aws:s3/bucketPolicy:BucketPolicy fraud-accesslogs-policy
aws:ecr/repository:Repository fraud-registry
aws:ecr/lifecyclePolicy:LifecyclePolicy fraud-registry-lifecycle
aws:ec2/vpc:Vpc fraud-vpc
aws:ec2/defaultSecurityGroup:DefaultSecurityGroup fraud-vpc-default
aws:ec2/routeTable:RouteTable fraud-routes
aws:ec2/subnet:Subnet fraud-subnet-1
aws:ec2/subnet:Subnet fraud-subnet-2
aws:ec2/routeTableAssociation:RouteTableAssociation fraud-routes-1
aws:ec2/routeTableAssociation:RouteTableAssociation fraud-routes-2
aws:ec2/networkAcl:NetworkAcl fraud-access
aws:ec2/networkAclRule:NetworkAclRule fraud-access-asking
aws:ec2/networkAclRule:NetworkAclRule fraud-access-answering
aws:ec2/networkAclRule:NetworkAclRule fraud-access-asked
aws:ec2/networkAclRule:NetworkAclRule fraud-access-answered
aws:cloudwatch/logGroup:LogGroup fraud-flows-logs
aws:iam/role:Role fraud-flows-role
aws:iam/rolePolicy:RolePolicy fraud-flows-role-policy
aws:ec2/flowLog:FlowLog fraud-flows
aws:ec2/securityGroup:SecurityGroup fraud-servers
aws:ec2/securityGroup:SecurityGroup fraud-private
aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule fraud-to-private
aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule fraud-from-servers-to-private
aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule fraud-to-storage
aws:ec2/vpcEndpoint:VpcEndpoint fraud-private-s3
aws:ec2/vpcEndpoint:VpcEndpoint fraud-private-sagemakerruntime
aws:ec2/vpcEndpoint:VpcEndpoint fraud-private-ecrapi
aws:ec2/vpcEndpoint:VpcEndpoint fraud-private-ecrdkr
aws:ec2/vpcEndpoint:VpcEndpoint fraud-private-kms
aws:ec2/vpcEndpoint:VpcEndpoint fraud-private-logs
aws:cloudwatch/logGroup:LogGroup fraud-logs
aws:iam/role:Role fraud-role
aws:iam/rolePolicy:RolePolicy fraud-role-policy
aws:iam/policy:Policy fraud-invoker
modelport:artifact:Image fraud-image-blue
modelport:artifact:Bundle fraud-bundle-blue
aws:sagemaker/model:Model fraud-model-blue
modelport:sagemaker:ModelPackage fraud-package-blue
aws:sns/topic:Topic fraud-topic
aws:sns/topicPolicy:TopicPolicy fraud-topic-policy
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-1h-over-1h
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-1h-over-5m
aws:cloudwatch/compositeAlarm:CompositeAlarm fraud-alarm-availability-burn-1h
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-6h-over-6h
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-6h-over-30m
aws:cloudwatch/compositeAlarm:CompositeAlarm fraud-alarm-availability-burn-6h
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-1d-over-1d
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-1d-over-2h
aws:cloudwatch/compositeAlarm:CompositeAlarm fraud-alarm-availability-burn-1d
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-3d-over-3d
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-availability-burn-3d-over-6h
aws:cloudwatch/compositeAlarm:CompositeAlarm fraud-alarm-availability-burn-3d
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-cpu-high
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-memory-high
aws:cloudwatch/metricAlarm:MetricAlarm fraud-alarm-service-absent
aws:cloudwatch/dashboard:Dashboard fraud-dashboard
aws:sagemaker/endpointConfiguration:EndpointConfiguration fraud-configuration
modelport:sagemaker:Variants fraud-variants
aws:sagemaker/endpoint:Endpoint fraud-endpoint
modelport:sagemaker:SmokeTest fraud-smoke-test
aws:appautoscaling/target:Target fraud-capacity
aws:appautoscaling/policy:Policy fraud-scaling"""
"""Types and logical names are public: another one needs an alias and a line in the changelog."""
IMAGE = f"registry.example/server@sha256:{'a' * 64}"
ALL_EXISTING = {**GIVEN, **GROUPS}
ANYTHING = {
    "Account": "the account's own policies say who may do what with the key",
    "Logs": "a key's policy is about that key",
    "Alarms": "a key's policy is about that key",
    "Registry": "a token is for no repository",
    "Metrics": "metrics are no resources; a condition names their namespace",
    "Network": "describing is not for single resources",
    "Read": "a condition names the account whose buckets can be reached",
}
"""Statements about all resources, and why."""
PATTERNS = {
    "Models": "the files of the service's models",
    "Captures": "files that SageMaker names",
    "ReadRequests": "files that callers name",
    "WriteRequests": "files that callers name",
    "ReadAnswers": "files that SageMaker names",
    "WriteAnswers": "files that SageMaker names",
    "Delivery": "files that S3 names",
    "Logs": "streams of the service's log group",
    "Interfaces": "SageMaker makes them up; the subnets and groups are named",
    "Start": "jobs whose names begin with the service's",
    "FlowLogs": "flow logs of this account",
}
"""Statements about names that end with anything, and why."""
DEMANDED = {
    *("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability"),
    *("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
    *("s3:GetObject", "s3:ListBucket", "s3:PutObject"),
    *("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"),
    *("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents", "cloudwatch:PutMetricData"),
    *("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission"),
    *("ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
    *("ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"),
    *("ec2:DescribeSubnets", "ec2:DescribeVpcs"),
}
"""What https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html asks of the role of a model, with a key, a
network and capture; there is a log group already.
"""
WAYS = [
    {},
    {"sections": {"mode": "serverless"}},
    {"sections": {"mode": "async", "scaling": Scaling(scale_to_zero=True)}},
    {"sections": {"mode": "batch"}},
    {"sections": {"monitoring": Monitoring(capture={"percent": 20}, alerts={"notify": ["risk@example.com"]})}},
    {"sections": {"mode": "async"}, "environment": {"existing": TOPIC}},
    {"environment": {"existing": {"bucket": GIVEN["bucket"], "subnets": GIVEN["subnets"], **GROUPS}}},
]
BROAD_ACTIONS = {
    "kms:*": "the account administers its key",
    "kms:ReEncrypt*": "as CloudWatch asks for it",
    "kms:GenerateDataKey*": "as CloudWatch asks for it",
}


def types(program):
    return {request.type for request in program.requests}


def variant(program):
    (only,) = program.inputs["fraud-configuration"]["productionVariants"]
    return only


def statements(program):
    """Every statement of every policy, with the name of its resource."""
    for name, inputs in program.inputs.items():
        for field in ("policy", "assumeRolePolicy"):
            if field in inputs and "lifecycle" not in name:
                yield from ((name, each) for each in json.loads(inputs[field])["Statement"])


def listed(value):
    return value if isinstance(value, list) else [value]


def test_types_and_logical_names_are_the_published_ones(sagemaker):
    assert sorted(sagemaker().names) == sorted(GOLDEN.splitlines())


@pytest.mark.parametrize("mode", ["realtime", "serverless", "async", "batch"])
def test_the_planned_resources_are_the_reviewed_ones(sagemaker, project, mode):
    program = sagemaker(mode=mode)
    planned = {name: program.inputs[name] for name in sorted(program.inputs)}
    digest, revision = (program.inputs["fraud-bundle-blue"][name] for name in ("digest", "revision"))
    hidden = {str(project): "PROJECT", digest.removeprefix("sha256:"): "DIGEST", revision: "REVISION"}
    reviewed, found = golden("sagemaker.json" if mode == "realtime" else f"sagemaker-{mode}.json", planned, hidden)
    assert found == reviewed


def test_its_resources_are_its_children_of_the_sdks_own_types(args, sagemaker):
    program = sagemaker()
    assert all(
        program.request(name).parent.endswith("modelport:sagemaker:Service::fraud")
        for name in program.inputs
        if name != "fraud"
    )
    service, made = args({"image": IMAGE}), []
    AwsProgram.run(lambda: made.append(SageMakerService("fraud", service)), {"aws:region": REGION})
    assert isinstance(made[0].resources["endpoint"], pulumi_aws.sagemaker.Endpoint)


@pytest.mark.parametrize("mode", ["realtime", "async", "batch"])
@pytest.mark.parametrize("existing", [{}, ALL_EXISTING], ids=["nothing", "everything"])
def test_every_request_is_one_that_aws_takes(sagemaker, existing, mode):
    program = sagemaker({"existing": existing}, budget=Money(amount=100), mode=mode)
    assert judge(requests_of(program)).problems == []


@mock_aws
def test_one_up_on_an_empty_account_makes_everything_in_order(sagemaker):
    account = Account(REGION)
    account.apply(requests_of(sagemaker(budget=Money(amount=100))))
    assert {operation for _, operation in account.gaps} == {"s3.PutBucketPolicy", "cloudwatch.PutCompositeAlarm"}
    (endpoint,) = account.client("sagemaker").list_endpoints()["Endpoints"]
    assert endpoint["EndpointName"] == "fraud-dev"
    buckets = [each["Name"] for each in account.client("s3").list_buckets()["Buckets"]]
    for bucket in buckets:
        blocked = account.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}


def test_what_is_given_is_used_and_nothing_of_its_kind_is_made(sagemaker):
    program = sagemaker({"existing": ALL_EXISTING})
    services = {each.split(":")[1].split("/")[0] for each in types(program) if each.startswith("aws:")}
    assert services == {"appautoscaling", "cloudwatch", "sagemaker", "sns"}
    model = program.inputs["fraud-model-blue"]
    assert model["executionRoleArn"] == ALL_EXISTING["role"]
    assert model["vpcConfig"] == {"subnets": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}
    assert program.inputs["fraud-configuration"]["kmsKeyArn"] == ALL_EXISTING["key"]
    assert program.inputs["fraud-bundle-blue"]["target"] == "s3://models-of-all/team/fraud"
    assert program.inputs["fraud-image-blue"]["repository"] == f"{ALL_EXISTING['registry']}/modelport-server"


def test_an_image_that_is_in_the_registry_is_not_copied(sagemaker):
    image = f"{ALL_EXISTING['registry']}/server@sha256:{'b' * 64}"
    program = sagemaker({"existing": {"registry": ALL_EXISTING["registry"]}, "image": image})
    assert "fraud-image-blue" not in program.inputs
    assert program.inputs["fraud-model-blue"]["primaryContainer"]["image"] == image


def test_a_boundary_holds_the_role_that_is_made(sagemaker):
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
    program = sagemaker({"existing": {"permissions_boundary": boundary}})
    assert program.inputs["fraud-role"]["permissionsBoundary"] == boundary


@pytest.fixture(params=WAYS, ids=str)
def allowed(request, sagemaker):
    """Every statement that allows something, with the name of its resource, of each kind of service."""
    found = statements(sagemaker(request.param.get("environment"), **request.param.get("sections", {})))
    return [(name, each) for name, each in found if each["Effect"] == "Allow"]


def test_no_statement_is_about_everything_but_for_a_reason(sagemaker, allowed):
    assert {each["Sid"] for _, each in allowed if "*" in listed(each.get("Resource", []))} <= set(ANYTHING)
    usual = {each["Sid"] for _, each in statements(sagemaker()) if "*" in listed(each.get("Resource", []))}
    assert usual == set(ANYTHING)


def test_no_resource_is_a_pattern_but_for_a_reason(allowed):
    named = [(each["Sid"], name) for _, each in allowed for name in listed(each.get("Resource", [])) if name != "*"]
    assert {sid for sid, name in named if "*" in name} <= set(PATTERNS)
    assert not [name for _, name in named if "*" in name[:-1] or name.endswith(":::*")]


def test_no_action_is_a_pattern_but_for_a_reason(allowed):
    actions = {action for _, each in allowed for action in listed(each["Action"]) if "*" in action}
    assert actions == set(BROAD_ACTIONS)


def test_nobody_but_services_and_the_account_itself_is_let_in(allowed):
    anybody = {(name, each["Sid"]) for name, each in allowed if each.get("Principal") == "*"}
    assert {name for name, _ in anybody} <= {"fraud-private-s3"}


def test_the_role_may_do_all_that_sagemaker_does_in_its_name(sagemaker):
    granted = {
        action
        for name, each in statements(sagemaker(monitoring=Monitoring(capture={"percent": 5})))
        if name == "fraud-role-policy"
        for action in listed(each["Action"])
    }
    assert granted == DEMANDED


def test_the_role_is_sagemakers_for_this_account_alone(sagemaker):
    (trust,) = json.loads(sagemaker().inputs["fraud-role"]["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "sagemaker.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_the_role_may_read_the_model_and_nothing_else_of_the_bucket(sagemaker):
    rights = {each["Sid"]: each for name, each in statements(sagemaker()) if name == "fraud-role-policy"}
    bucket = "arn:aws:s3:::@{fraud-bucket.bucket}"
    assert rights["Models"]["Action"] == "s3:GetObject"
    assert rights["Models"]["Resource"] == f"{bucket}/models/*"
    assert rights["ListModels"]["Resource"] == bucket
    assert rights["ListModels"]["Condition"] == {"StringLike": {"s3:prefix": "models/*"}}


def test_callers_may_call_this_endpoint_alone(sagemaker):
    (call,) = json.loads(sagemaker().inputs["fraud-invoker"]["policy"])["Statement"]
    assert call["Action"] == "sagemaker:InvokeEndpoint"
    assert call["Resource"] == f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/fraud-dev"


def test_the_container_reaches_nothing_and_its_instances_no_internet(sagemaker):
    program = sagemaker()
    assert program.inputs["fraud-model-blue"]["enableNetworkIsolation"] is True
    assert not [each for each in types(program) if "Gateway" in each.rpartition(":")[2] and "Endpoint" not in each]
    assert not [inputs for inputs in program.inputs.values() if inputs.get("cidrIpv4") == "0.0.0.0/0"]


@pytest.mark.parametrize("mode", ["realtime", "serverless", "async", "batch"])
def test_of_the_longest_name_every_request_is_one_that_aws_takes(args, mode):
    service, name = args({"image": IMAGE}, mode=mode), "a" * 41
    program = AwsProgram.run(lambda: SageMakerService(name, service).outputs, {"aws:region": REGION})
    assert judge(requests_of(program)).problems == []


@pytest.mark.parametrize(("name", "words"), [("a" * 42, "is 1 shorter"), ("Fraud", "such characters")])
def test_a_name_that_aws_does_not_take_is_refused(args, name, words):
    service = args({"image": IMAGE})

    def run():
        with pytest.raises(pulumi.RunError, match=f"MP401 [^$]*{words}"):
            SageMakerService(name, service)

    assert AwsProgram.run(run, {"aws:region": REGION}).requests == []


def test_the_endpoint_and_its_log_group_have_names_that_are_known_before(sagemaker):
    program = sagemaker()
    assert program.inputs["fraud-endpoint"]["name"] == "fraud-dev"
    assert program.inputs["fraud-logs"]["name"] == "/aws/sagemaker/Endpoints/fraud-dev"
    logs, endpoint = (program.request(f"fraud-{role}") for role in ("logs", "endpoint"))
    assert any(urn.endswith(logs.name) for urn in endpoint.dependencies)


def test_a_configuration_is_made_anew_beside_the_one_of_before(sagemaker):
    assert not {"name", "namePrefix"} & sagemaker().inputs["fraud-configuration"].keys()


def test_the_smallest_instance_that_fits_is_taken(sagemaker):
    assert variant(sagemaker(compute=Compute(cpu=3, memory=Memory.parse("6Gi"))))["instanceType"] == "ml.c5.xlarge"
    gpu = Compute(cpu=4, memory=Memory.parse("8Gi"), accelerator=Accelerator(kind="nvidia-l4"))
    assert variant(sagemaker(compute=gpu))["instanceType"] == "ml.g6.xlarge"


def test_the_instance_type_that_the_stack_names_is_taken(sagemaker):
    program = sagemaker(compute=Compute(machine="ml.m7i.2xlarge"), scaling=Scaling(target={"value": 50}))
    assert variant(program)["instanceType"] == "ml.m7i.2xlarge"
    followed = program.inputs["fraud-scaling"]["targetTrackingScalingPolicyConfiguration"]
    assert followed["targetValue"] == 50 * 8


def test_own_disks_of_instances_get_no_key(sagemaker):
    gpu = Compute(cpu=4, memory=Memory.parse("8Gi"), accelerator=Accelerator(kind="nvidia-a10g"))
    assert "kmsKeyArn" not in sagemaker(compute=gpu).inputs["fraud-configuration"]
    assert "kmsKeyArn" in sagemaker().inputs["fraud-configuration"]


def test_every_instance_type_is_one_that_sagemaker_has():
    model = botocore.session.get_session().get_service_model("sagemaker")
    known = set(model.shape_for("ProductionVariantInstanceType").enum)
    assert {each.name for each in MACHINES} <= known
    assert len({each.name for each in MACHINES}) == len(MACHINES)
    of_jobs = set(model.shape_for("TransformInstanceType").enum)
    assert {each.name for each in MACHINES if not each.not_for} == {each.name for each in MACHINES} & of_jobs
    assert {has_own_disks(each.name) for each in MACHINES if each.accelerator is None} == {False}
    without = {each.accelerator for each in MACHINES if not has_own_disks(each.name)}
    assert without == {None, "nvidia-v100"}


@pytest.mark.parametrize(("startup", "seconds"), [(1, 60), (60, 60), (3600, 3600)])
def test_containers_have_as_long_to_start_as_sagemaker_can_wait(sagemaker, startup, seconds):
    program = sagemaker(startup_seconds=startup)
    (variant,) = program.inputs["fraud-configuration"]["productionVariants"]
    assert variant["containerStartupHealthCheckTimeoutInSeconds"] == seconds
    assert variant["modelDataDownloadTimeoutInSeconds"] == seconds
    assert judge(requests_of(program)).problems == []


@pytest.mark.parametrize(
    ("target", "metric", "value"),
    [
        ({"metric": "cpu", "value": 60}, "CPUUtilization", 120),
        ({"metric": "requestsPerSecond", "value": 5}, "SageMakerVariantInvocationsPerInstance", 300),
        ({"metric": "concurrency", "value": 5}, "SageMakerVariantConcurrentRequestsPerModelHighResolution", 5),
    ],
)
def test_the_number_of_instances_follows_the_load(sagemaker, target, metric, value):
    program = sagemaker(scaling=Scaling(min=2, max=5, target=target))
    bounds, policy = program.inputs["fraud-capacity"], program.inputs["fraud-scaling"]
    followed = policy["targetTrackingScalingPolicyConfiguration"]
    assert (bounds["minCapacity"], bounds["maxCapacity"]) == (2, 5)
    assert bounds["resourceId"] == policy["resourceId"] == "endpoint/fraud-dev/variant/stable"
    assert metric in json.dumps(followed)
    assert followed["targetValue"] == value  # of two cores, or of a minute
    assert judge(requests_of(program)).problems == []


def test_the_load_of_gpus_is_that_of_all(sagemaker):
    gpus = Compute(cpu=4, accelerator=Accelerator(kind="nvidia-l4", count=4))
    program = sagemaker(compute=gpus, scaling=Scaling(target={"metric": "accelerator", "value": 50}))
    followed = program.inputs["fraud-scaling"]["targetTrackingScalingPolicyConfiguration"]
    assert followed["customizedMetricSpecification"]["metricName"] == "GPUUtilization"
    assert followed["targetValue"] == 200


def test_a_fixed_number_of_instances_follows_nothing(sagemaker):
    program = sagemaker(scaling=Scaling(min=3, max=3))
    assert not {"fraud-capacity", "fraud-scaling"} & program.inputs.keys()
    assert variant(program)["initialInstanceCount"] == 3


def test_a_service_without_a_budget_has_none(sagemaker):
    assert "fraud-budget" not in sagemaker().inputs
    budget = sagemaker(budget=Money(amount=100)).inputs["fraud-budget"]
    assert (budget["limitAmount"], budget["limitUnit"]) == ("100", "USD")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:service$fraud"]}]


def test_its_outputs_are_what_tools_rely_on(sagemaker):
    program = sagemaker()
    sample = f"{program.inputs['fraud-bundle-blue']['bundle']}/sample.json"
    call = f"aws sagemaker-runtime invoke-endpoint --endpoint-name fraud-dev --region {REGION}"
    assert program.result == {
        "endpoint": {
            "url": f"https://runtime.sagemaker.{REGION}.amazonaws.com/endpoints/fraud-dev/invocations",
            "auth": {"kind": "sigv4", "audience": REGION, "principal": None},
            "health_url": None,
            "protocols": ["rest"],
        },
        "image": {"digest": f"sha256:{'a' * 64}"},
        "live": [{"version": "1", "digest": program.inputs["fraud-bundle-blue"]["digest"], "weight": 100}],
        "dashboards": [f"fraud-dev-{REGION}"],
        "alerts": [
            *(f"fraud-dev-availability-burn-{window}" for window in ("1h", "6h", "1d", "3d")),
            *(f"fraud-dev-{name}" for name in ("cpu-high", "memory-high", "service-absent")),
        ],
        "capture_location": None,
        "logs": f"aws logs tail /aws/sagemaker/Endpoints/fraud-dev --since 1h --region {REGION}",
        "invoke": f"{call} --content-type application/json --body fileb://{sample} /dev/stdout",
    }


@pytest.mark.parametrize(
    ("environment", "sections", "words"),
    [
        ({"image": None}, {}, "names none"),
        ({"image": "registry.example/server:latest"}, {}, "without a digest"),
        ({"existing": {"bucket": "gs://models"}}, {}, "Write s3://BUCKET/PREFIX."),
        ({"existing": {"key": "alias/ours"}}, {}, "Write arn:aws:kms"),
        ({"existing": {"role": "serving"}}, {}, "AWS wants its ARN"),
        ({"existing": {"subnets": ["subnet-1"]}}, {}, "existing.securityGroups"),
        ({"existing": {"security_groups": ["sg-1"]}}, {}, "existing.subnets"),
        ({}, {"request": Request(payload=Memory.parse("7Mi"))}, "Write at most 6Mi."),
        ({}, {"request": Request(timeout="2m")}, "Write at most 60s."),
        ({}, {"compute": Compute(memory=Memory.parse("3Ti"))}, "MP401"),
        ({}, {"compute": Compute(machine="ml.m7i.lagre")}, "Use ml.m7i.large."),
        ({}, {"compute": Compute(cpu=4, machine="ml.m7i.large")}, "Use ml.c5.xlarge, the smallest that fits."),
        ({"existing": {"topic": "alerts"}}, {}, "Write arn:aws:sns:REGION:ACCOUNT:TOPIC."),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(refusal, environment, sections, words):
    assert words in refusal(environment, **sections)


@pytest.mark.parametrize("mode", ["realtime", "serverless"])
def test_a_sample_that_is_more_than_a_request_may_have_is_refused(refusal, sagemaker, project, mode):
    save(identity(1, ("n", 100_000)), project / "double.onnx")
    told = refusal(mode=mode, request=Request(payload=Memory.parse("64Ki")))
    assert "fraud: request.payload" in told and "has 64Ki" in told and "--sample" in told
    (asked,) = re.findall(r"payload: (\d+Ki)", told)
    assert sagemaker(mode=mode, request=Request(payload=Memory.parse(asked))).requests
    assert sagemaker(mode="async", request=Request(payload=Memory.parse("64Ki"))).requests


def test_who_the_stack_is_to_aws_is_said_to_all_of_it(refusal, args, monkeypatch):
    config = {"aws:region": REGION, "aws:profile": "production"}
    assert "aws:profile" in refusal(config=config)
    assert "AWS_PROFILE" in refusal(config={"aws:region": REGION, "aws:assumeRoles": "[]"})
    monkeypatch.setenv("AWS_PROFILE", "production")
    service = args({"image": IMAGE})
    assert AwsProgram.run(lambda: SageMakerService("fraud", service).outputs, config).requests


def test_a_stack_says_in_which_region_it_is(refusal):
    assert "aws:region" in refusal(config={})
