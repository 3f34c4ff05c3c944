"""The types of resources that can be judged and applied."""

from support.aws.kinds import ACCOUNT, Kind, Then, attributes, ec2, moment, notified, queries, rule, s3

KINDS = {
    "s3.Bucket": s3(
        "CreateBucket",
        named="Bucket",
        takes={"bucket": "Bucket", "objectLockEnabled": "ObjectLockEnabledForBucket", "tags": "Tagging.TagSet"},
        then=(Then("s3.PutBucketTagging", "Bucket", ("tags",)),),
    ),
    "s3.BucketVersioning": s3("PutBucketVersioning"),
    "s3.BucketServerSideEncryptionConfiguration": s3("PutBucketEncryption", within="ServerSideEncryptionConfiguration"),
    "s3.BucketPublicAccessBlock": s3("PutPublicAccessBlock", within="PublicAccessBlockConfiguration"),
    "s3.BucketOwnershipControls": s3("PutBucketOwnershipControls", within="OwnershipControls"),
    "s3.BucketPolicy": s3("PutBucketPolicy"),
    "s3.BucketLifecycleConfiguration": s3("PutBucketLifecycleConfiguration", within="LifecycleConfiguration"),
    "s3.BucketLogging": s3("PutBucketLogging", within="BucketLoggingStatus.LoggingEnabled"),
    "kms.Key": Kind(
        "kms.CreateKey",
        then=(Then("kms.EnableKeyRotation", "KeyId", ("rotationPeriodInDays",), switch="enableKeyRotation"),),
        outputs={"id": "{KeyId}"},
    ),
    "kms.Alias": Kind(
        "kms.CreateAlias",
        named="AliasName",
        name="alias/{}-1234567",
        outputs={"arn": f"arn:aws:kms:{{region}}:{ACCOUNT}:{{AliasName}}"},
    ),
    "ecr.Repository": Kind(
        "ecr.CreateRepository", named="repositoryName", outputs={"repositoryUrl": "{repositoryUri}"}
    ),
    "ecr.LifecyclePolicy": Kind(
        "ecr.PutLifecyclePolicy",
        takes={"repository": "repositoryName", "policy": "lifecyclePolicyText"},
        outputs={"id": "{repositoryName}"},
    ),
    "iam.Role": Kind("iam.CreateRole", named="RoleName", takes={"assumeRolePolicy": "AssumeRolePolicyDocument"}),
    "iam.RolePolicy": Kind(
        "iam.PutRolePolicy",
        named="PolicyName",
        takes={"role": "RoleName", "policy": "PolicyDocument"},
        outputs={"id": "{RoleName}:{PolicyName}"},
    ),
    "iam.Policy": Kind(
        "iam.CreatePolicy", named="PolicyName", takes={"policy": "PolicyDocument"}, outputs={"id": "{Arn}"}
    ),
    "ec2.Vpc": ec2(
        "CreateVpc",
        "vpc",
        "VpcId",
        then=tuple(
            Then("ec2.ModifyVpcAttribute", "VpcId", (each,)) for each in ("enableDnsSupport", "enableDnsHostnames")
        ),
    ),
    "ec2.Subnet": ec2(
        "CreateSubnet",
        "subnet",
        "SubnetId",
        then=(Then("ec2.ModifySubnetAttribute", "SubnetId", ("mapPublicIpOnLaunch",)),),
    ),
    "ec2.RouteTable": ec2("CreateRouteTable", "route-table", "RouteTableId"),
    "ec2.RouteTableAssociation": Kind("ec2.AssociateRouteTable", outputs={"id": "{AssociationId}"}),
    "ec2.NetworkAcl": ec2(
        "CreateNetworkAcl",
        "network-acl",
        "NetworkAclId",
        takes={"subnetIds": lambda *_: {}},  # whose associations the provider looks up, and moves
    ),
    "ec2.NetworkAclRule": Kind(
        "ec2.CreateNetworkAclEntry",
        takes={
            "protocol": lambda name, _: {"Protocol": {"tcp": "6", "udp": "17"}[name]},
            "fromPort": "PortRange.From",
            "toPort": "PortRange.To",
        },
        outputs={"id": "{NetworkAclId}"},
    ),
    "ec2.FlowLog": ec2(
        "CreateFlowLogs",
        "vpc-flow-log",
        "FlowLogIds",
        takes={
            "vpcId": lambda name, _: {"ResourceIds": [name], "ResourceType": "VPC"},
            "iamRoleArn": "DeliverLogsPermissionArn",
        },
    ),
    "ec2.SecurityGroup": ec2("CreateSecurityGroup", "security-group", "GroupId", named="GroupName"),
    "ec2.VpcEndpoint": ec2(
        "CreateVpcEndpoint",
        "vpc-endpoint",
        "VpcEndpointId",
        takes={"policy": "PolicyDocument"},
        outputs={"prefixListId": "pl-of-{VpcEndpointId}"},
    ),
    "vpc.SecurityGroupIngressRule": rule("AuthorizeSecurityGroupIngress"),
    "vpc.SecurityGroupEgressRule": rule("AuthorizeSecurityGroupEgress"),
    "sagemaker.Model": Kind("sagemaker.CreateModel", named="ModelName"),
    "sagemaker.EndpointConfiguration": Kind(
        "sagemaker.CreateEndpointConfig", named="EndpointConfigName", takes={"kmsKeyArn": "KmsKeyId"}
    ),
    "sagemaker.Endpoint": Kind("sagemaker.CreateEndpoint", named="EndpointName"),
    "cloudwatch.LogGroup": Kind(
        "logs.CreateLogGroup",
        named="logGroupName",
        then=(Then("logs.PutRetentionPolicy", "logGroupName", ("retentionInDays",)),),
        outputs={"arn": f"arn:aws:logs:{{region}}:{ACCOUNT}:log-group:{{logGroupName}}"},
    ),
    "cloudwatch.MetricAlarm": Kind(
        "cloudwatch.PutMetricAlarm",
        named="AlarmName",
        takes={"metricQueries": queries},
        outputs={"arn": f"arn:aws:cloudwatch:{{region}}:{ACCOUNT}:alarm:{{AlarmName}}"},
    ),
    "cloudwatch.CompositeAlarm": Kind(
        "cloudwatch.PutCompositeAlarm",
        outputs={"id": "{AlarmName}", "arn": f"arn:aws:cloudwatch:{{region}}:{ACCOUNT}:alarm:{{AlarmName}}"},
    ),
    "cloudwatch.Dashboard": Kind("cloudwatch.PutDashboard", outputs={"id": "{DashboardName}"}),
    "sns.Topic": Kind(
        "sns.CreateTopic",
        named="Name",
        takes=attributes("displayName", "kmsMasterKeyId", "policy", "deliveryPolicy", "signatureVersion", "fifoTopic"),
        outputs={"id": "{TopicArn}"},
    ),
    "sns.TopicPolicy": Kind(
        "sns.SetTopicAttributes",
        takes={"arn": "TopicArn", "policy": "AttributeValue"},
        also={"AttributeName": "Policy"},
        outputs={"id": "{TopicArn}"},
    ),
    "sns.TopicSubscription": Kind(
        "sns.Subscribe",
        takes={"topic": "TopicArn", **attributes("filterPolicy", "filterPolicyScope", "rawMessageDelivery")},
        outputs={"id": "{SubscriptionArn}"},
    ),
    "appautoscaling.Target": Kind("application-autoscaling.RegisterScalableTarget", outputs={"id": "{ResourceId}"}),
    "appautoscaling.Policy": Kind("application-autoscaling.PutScalingPolicy", named="PolicyName"),
    "appautoscaling.ScheduledAction": Kind(
        "application-autoscaling.PutScheduledAction",
        named="ScheduledActionName",
        outputs={"arn": f"arn:aws:autoscaling:{{region}}:{ACCOUNT}:scheduledAction:{{ScheduledActionName}}"},
    ),
    "budgets.Budget": Kind(
        "budgets.CreateBudget",
        named="Budget.BudgetName",
        within="Budget",
        takes={
            "limitAmount": "Budget.BudgetLimit.Amount",
            "limitUnit": "Budget.BudgetLimit.Unit",
            "timePeriodStart": moment("Budget.TimePeriod.Start"),
            "timePeriodEnd": moment("Budget.TimePeriod.End"),
            "notifications": notified,
            "tags": "ResourceTags",
        },
        also={"AccountId": ACCOUNT},
        outputs={"id": f"{ACCOUNT}:{{BudgetName}}", "arn": f"arn:aws:budgets::{ACCOUNT}:budget/{{BudgetName}}"},
    ),
}


def kind_of(token: str) -> Kind:
    """How resources of a type are made, such as `aws:s3/bucketVersioning:BucketVersioning`."""
    _, module, name = token.split(":")
    service = module.partition("/")[0]
    assert f"{service}.{name}" in KINDS, f"nobody has said how to make {token}"
    return KINDS[f"{service}.{name}"]
