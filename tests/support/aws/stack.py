"""A stack with a resource of every type that can be judged, as a program would write it."""

import pulumi
import pulumi_aws as aws

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/server@sha256:" + "0" * 64
TAGS = {"owner": "risk", "stack": "dev"}


def stack() -> None:
    key = aws.kms.Key(
        "key", enable_key_rotation=True, rotation_period_in_days=90, deletion_window_in_days=30, tags=TAGS
    )
    aws.kms.Alias("alias", target_key_id=key.id)
    models = bucket(key)
    repository(key)
    role = identity(models, key)
    subnets, group = network(role)
    vpc = aws.sagemaker.ModelVpcConfigArgs(subnets=subnets, security_group_ids=[group.id])
    topic = topics(key)
    endpoint = serving(role, models, key, vpc)
    scaling(endpoint)
    alarms(endpoint, topic, key)


def bucket(key: aws.kms.Key) -> aws.s3.Bucket:
    made = aws.s3.Bucket("models", force_destroy=True, tags=TAGS)
    aws.s3.BucketVersioning("versioning", bucket=made.id, versioning_configuration={"status": "Enabled"})
    default = {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn}
    aws.s3.BucketServerSideEncryptionConfiguration(
        "encryption",
        bucket=made.id,
        rules=[{"apply_server_side_encryption_by_default": default, "bucket_key_enabled": True}],
    )
    aws.s3.BucketPublicAccessBlock("access", bucket=made.id, block_public_acls=True, restrict_public_buckets=True)
    aws.s3.BucketOwnershipControls("owner", bucket=made.id, rule={"object_ownership": "BucketOwnerEnforced"})
    expiry = {"id": "old", "status": "Enabled", "filter": {"prefix": "captured/"}, "expiration": {"days": 30}}
    aws.s3.BucketLifecycleConfiguration("expiry", bucket=made.id, rules=[expiry])
    every = pulumi.Output.concat(made.arn, "/*")
    logs = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}
    plain = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    statements = [{**logs, "Resource": every}, {**plain, "Resource": every}]
    policy = aws.s3.BucketPolicy("policy", bucket=made.id, policy=document(*statements))
    after = pulumi.ResourceOptions(depends_on=[policy])
    aws.s3.BucketLogging("logging", bucket=made.id, target_bucket=made.id, target_prefix="log/", opts=after)
    return made


def repository(key: aws.kms.Key) -> None:
    made = aws.ecr.Repository(
        "server",
        image_tag_mutability="IMMUTABLE",
        image_scanning_configuration={"scan_on_push": True},
        encryption_configurations=[{"encryption_type": "KMS", "kms_key": key.arn}],
    )
    old = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14}
    rules = [{"rulePriority": 1, "selection": old, "action": {"type": "expire"}}]
    aws.ecr.LifecyclePolicy("images", repository=made.name, policy=pulumi.Output.json_dumps({"rules": rules}))


def identity(models: aws.s3.Bucket, key: aws.kms.Key) -> aws.iam.Role:
    serves = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.iam.Role("serving", assume_role_policy=document(serves), max_session_duration=3600, tags=TAGS)
    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": pulumi.Output.concat(models.arn, "/*")}
    aws.iam.RolePolicy("reads", role=role.id, policy=document(reads))
    uses = {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [key.arn]}
    aws.iam.Policy("uses", policy={"Version": "2012-10-17", "Statement": [uses]})
    return role


def document(*statements: object) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def network(role: aws.iam.Role) -> tuple[list[pulumi.Output[str]], aws.ec2.SecurityGroup]:
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, enable_dns_support=True, tags=TAGS)
    flows = aws.cloudwatch.LogGroup("flows-log", name="/modelport/flows")
    aws.ec2.FlowLog(
        "flows", vpc_id=vpc.id, traffic_type="ALL", iam_role_arn=role.arn, log_destination=flows.arn, tags=TAGS
    )
    places = {f"us-east-1{zone}": f"10.0.{number}.0/24" for number, zone in enumerate("ab")}
    subnets = [
        aws.ec2.Subnet(zone, vpc_id=vpc.id, availability_zone=zone, cidr_block=block) for zone, block in places.items()
    ]
    access = aws.ec2.NetworkAcl("list", vpc_id=vpc.id, subnet_ids=[each.id for each in subnets])
    passes = {"egress": True, "rule_action": "allow", "protocol": "tcp", "cidr_block": "0.0.0.0/0"}
    aws.ec2.NetworkAclRule("asking", network_acl_id=access.id, rule_number=100, from_port=443, to_port=443, **passes)
    table = aws.ec2.RouteTable("table", vpc_id=vpc.id)
    for number, subnet in enumerate(subnets):
        aws.ec2.RouteTableAssociation(f"table-{number}", route_table_id=table.id, subnet_id=subnet.id)
    group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id)
    port = {"ip_protocol": "tcp", "from_port": 443, "to_port": 443, "description": "endpoints"}
    aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, referenced_security_group_id=group.id, **port)
    aws.vpc.SecurityGroupIngressRule("in", security_group_id=group.id, cidr_ipv4="10.0.0.0/16", **port)
    aws.ec2.VpcEndpoint(
        "logs-door",
        vpc_id=vpc.id,
        service_name="com.amazonaws.us-east-1.logs",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=[each.id for each in subnets],
        security_group_ids=[group.id],
        tags=TAGS,
    )
    return [each.id for each in subnets], group


def serving(role: aws.iam.Role, models: aws.s3.Bucket, key: aws.kms.Key, vpc: object) -> aws.sagemaker.Endpoint:
    place = {"s3_uri": pulumi.Output.concat("s3://", models.bucket, "/fraud/"), "s3_data_type": "S3Prefix"}
    source = {"s3_data_sources": [{**place, "compression_type": "None"}]}
    model = aws.sagemaker.Model(
        "model",
        execution_role_arn=role.arn,
        enable_network_isolation=True,
        primary_container={"image": IMAGE, "environment": {"MODELPORT_MODEL": "/m"}, "model_data_source": source},
        vpc_config=vpc,
    )
    variant = aws.sagemaker.EndpointConfigurationProductionVariantArgs(
        variant_name="stable",
        model_name=model.name,
        instance_type="ml.g5.xlarge",
        initial_instance_count=2,
        initial_variant_weight=1,
        routing_configs=[{"routing_strategy": "LEAST_OUTSTANDING_REQUESTS"}],
    )
    captured = {"capture_options": [{"capture_mode": "Input"}], "initial_sampling_percentage": 10}
    configuration = aws.sagemaker.EndpointConfiguration(
        "configuration",
        kms_key_arn=key.arn,
        production_variants=[variant],
        data_capture_config={**captured, "destination_s3_uri": "s3://captured/", "enable_capture": True},
    )
    size = {"type": "CAPACITY_PERCENT", "value": 10}
    routing = {"type": "CANARY", "wait_interval_in_seconds": 300, "canary_size": size}
    return aws.sagemaker.Endpoint(
        "endpoint",
        name="fraud",
        endpoint_config_name=configuration.name,
        deployment_config={"blue_green_update_policy": {"traffic_routing_configuration": routing}},
    )


def scaling(endpoint: aws.sagemaker.Endpoint) -> None:
    target = aws.appautoscaling.Target(
        "target",
        min_capacity=2,
        max_capacity=8,
        resource_id=pulumi.Output.concat("endpoint/", endpoint.name, "/variant/stable"),
        scalable_dimension="sagemaker:variant:DesiredInstanceCount",
        service_namespace="sagemaker",
    )
    of_target = {name: getattr(target, name) for name in ("resource_id", "scalable_dimension", "service_namespace")}
    metric = {"predefined_metric_type": "SageMakerVariantInvocationsPerInstance"}
    tracking = {"target_value": 70, "predefined_metric_specification": metric, "scale_in_cooldown": 300}
    aws.appautoscaling.Policy(
        "tracking",
        policy_type="TargetTrackingScaling",
        target_tracking_scaling_policy_configuration=tracking,
        **of_target,
    )
    aws.appautoscaling.ScheduledAction(
        "morning",
        schedule="cron(0 8 * * ? *)",
        scalable_target_action={"min_capacity": 4, "max_capacity": 8},
        **of_target,
    )


def topics(key: aws.kms.Key) -> aws.sns.Topic:
    topic = aws.sns.Topic("alerts", kms_master_key_id=key.id)
    publishes = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish"}
    aws.sns.TopicPolicy("publishers", arn=topic.arn, policy=document({**publishes, "Resource": topic.arn}))
    aws.sns.TopicSubscription("mail", topic=topic.arn, protocol="email", endpoint=pulumi.Output.secret("a@example.com"))
    return topic


def alarms(endpoint: aws.sagemaker.Endpoint, topic: aws.sns.Topic, key: aws.kms.Key) -> None:
    where = {"EndpointName": endpoint.name, "VariantName": "stable"}
    over = {"comparison_operator": "GreaterThanThreshold", "evaluation_periods": 3, "alarm_actions": [topic.arn]}
    metric = {"namespace": "AWS/SageMaker", "metric_name": "ModelLatency", "period": 60}
    slow = aws.cloudwatch.MetricAlarm(
        "slow", threshold=100000, extended_statistic="p99", dimensions=where, **metric, **over
    )
    errors = {"metric_name": "Invocation5XXErrors", "namespace": "AWS/SageMaker", "period": 60, "stat": "Sum"}
    counted = {"id": "errors", "metric": {**errors, "dimensions": where}}
    share = {"id": "share", "expression": "errors / 100", "return_data": True}
    aws.cloudwatch.MetricAlarm("failing", threshold=0.01, metric_queries=[counted, share], **over)
    rule = pulumi.Output.concat("ALARM(", slow.name, ")")
    aws.cloudwatch.CompositeAlarm("any", alarm_name="any", alarm_rule=rule)
    aws.cloudwatch.LogGroup("log", name="/aws/sagemaker/Endpoints/fraud", retention_in_days=90, kms_key_id=key.arn)
    aws.cloudwatch.Dashboard("board", dashboard_name="fraud", dashboard_body='{"widgets": []}')
    forecast = {"comparison_operator": "GREATER_THAN", "notification_type": "FORECASTED", "threshold": 80}
    told = {"threshold_type": "PERCENTAGE", "subscriber_sns_topic_arns": [topic.arn]}
    aws.budgets.Budget(
        "budget",
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount="500",
        limit_unit="USD",
        time_period_start="2026-01-01_00:00",
        cost_filters=[{"name": "TagKeyValue", "values": ["user:stack$dev"]}],
        notifications=[{**forecast, **told}],
    )
