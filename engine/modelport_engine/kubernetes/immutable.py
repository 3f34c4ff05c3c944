"""Fields that no object can change: another value needs another object. From the API reference of Kubernetes 1.36."""

from modelport_engine.kubernetes.objects import Object, is_secret

IDENTITY = ("metadata.name", "metadata.namespace")

JOB = ("spec.completionMode", "spec.completions", "spec.podFailurePolicy", "spec.selector", "spec.template")
STATEFUL_SET = (
    "spec.podManagementPolicy",
    "spec.revisionHistoryLimit",
    "spec.selector",
    "spec.serviceName",
    "spec.volumeClaimTemplates",
)
CLAIM = (
    "spec.accessModes",
    "spec.dataSource",
    "spec.dataSourceRef",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeMode",
    "spec.volumeName",
)
STORAGE_CLASS = ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")

# By API group and kind.
FIELDS = {
    ("", "PersistentVolume"): ("spec.csi", "spec.hostPath", "spec.iscsi", "spec.local", "spec.nfs", "spec.volumeMode"),
    ("", "PersistentVolumeClaim"): CLAIM,
    ("", "Pod"): ("spec",),
    ("", "ResourceQuota"): ("spec.scopes", "spec.scopeSelector"),
    ("", "Secret"): ("type",),
    ("", "Service"): ("spec.clusterIP",),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): ("spec.group", "spec.names.plural", "spec.scope"),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): STATEFUL_SET,
    ("batch", "Job"): JOB,
    ("networking.k8s.io", "IngressClass"): ("spec.controller",),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("scheduling.k8s.io", "PriorityClass"): ("preemptionPolicy", "value"),
    ("storage.k8s.io", "StorageClass"): STORAGE_CLASS,
}


def immutable_fields(object: Object, *, mutable_config_maps: bool, mutable_secrets: bool) -> tuple[str, ...]:
    """The paths whose change replaces an object.

    The data of ConfigMaps and Secrets belongs to them, so that pods see a change as a new name, unless the provider's
    `enableConfigMapMutable` or `enableSecretMutable` says otherwise, and always where the object itself is `immutable`.
    """
    group = str(object.get("apiVersion", "")).rpartition("/")[0]
    kind = str(object.get("kind"))
    fields = IDENTITY + FIELDS.get((group, kind), ())
    fixed = object.get("immutable") is True
    if is_secret(object) and (fixed or not mutable_secrets):
        fields += ("data", "stringData")
    if (group, kind) == ("", "ConfigMap") and (fixed or not mutable_config_maps):
        fields += ("binaryData", "data")
    return fields
