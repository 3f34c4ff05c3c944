"""Inputs that make no sense, under keys that controls read."""

from hypothesis import strategies as st

KEYS = [
    *("spec", "template", "jobTemplate", "containers", "name", "image", "metadata", "labels", "annotations"),
    *("resources", "limits", "requests", "securityContext", "podSelector", "tags", "host", "digest", "type"),
    *("matchLabels", "matchExpressions", "ingress", "egress", "externalIPs", "policyTypes", "os"),
    *("policy", "Statement", "Principal", "Condition", "productionVariants", "rules", "networkConfig", "typeName"),
    *("Action", "Resource", "assumeRolePolicy", "inlinePolicies", "primaryContainer", "environment", "rotationRules"),
    *("properties", "logs", "policies", "scopes", "profiles", "capacity", "securityRules", "encryption", "identity"),
    *("dataCollector", "collections", "networkRuleSet", "privateLinkServiceConnections", "criteria", "action"),
    *("modelDataSource", "s3DataSources", "image", "imageConfig", "desiredState", "versioning"),
    *("dataCaptureConfig", "captureOptions", "bucket", "targetBucket", "name", "vpcId", "s3BucketName"),
    *("deploymentConfig", "resourceId", "minCapacity", "serviceNamespace", "subnets", "replicationConfiguration"),
    *("monitoringScheduleConfig", "dimensions", "metricQueries", "alarmActions", "selection", "replicas", "prefix"),
    *("ingress", "cidrBlocks", "acl", "vpcConfig", "tags", "endpointConfiguration", "types", "description"),
    *("policyData", "bindings", "members", "allows", "denies", "conditions", "dedicatedResources", "containerSpec"),
]
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)
