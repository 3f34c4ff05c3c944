"""Where Azure keeps what the controls read, and what the ids of its resources are like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.resource import Resource, at, mapping, number

AUTOSCALE = "azure-native:monitor:AutoscaleSetting"
BLOB_CONTAINER = "azure-native:storage:BlobContainer"
BLOB_SERVICE = "azure-native:storage:BlobServiceProperties"
COMPUTE = "azure-native:machinelearningservices:Compute"
DATASTORE = "azure-native:machinelearningservices:Datastore"
DEFENDER_PLAN = "azure-native:security:Pricing"
DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
DIAGNOSTIC_SETTING = "azure-native:monitor:DiagnosticSetting"
ENCRYPTION_SCOPE = "azure-native:storage:EncryptionScope"
ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
ENVIRONMENT = "azure-native:machinelearningservices:EnvironmentVersion"
ENVIRONMENTS = (ENVIRONMENT, "azure-native:machinelearningservices:RegistryEnvironmentVersion")
FEDERATION = "azure-native:managedidentity:FederatedIdentityCredential"
FLOW_LOG = "azure-native:network:FlowLog"
GATEWAY = "azure-native:network:ApplicationGateway"
INSIGHTS = "azure-native:applicationinsights:Component"
KEY = "azure-native:keyvault:Key"
LOGS = "azure-native:operationalinsights:Workspace"
MANAGEMENT_POLICY = "azure-native:storage:ManagementPolicy"
MODEL_REGISTRY = "azure-native:machinelearningservices:Registry"
MODEL_VERSION = "azure-native:machinelearningservices:ModelVersion"
NETWORK = "azure-native:network:VirtualNetwork"
NETWORK_INTERFACE = "azure-native:network:NetworkInterface"
OUTBOUND_RULES = (
    "azure-native:machinelearningservices:ManagedNetworkSettingsRule",
    "azure-native:machinelearningservices:OutboundRule",
)
PRIVATE_ENDPOINT = "azure-native:network:PrivateEndpoint"
PRIVATE_ZONES = "azure-native:network:PrivateDnsZoneGroup"
NAT_GATEWAY = "azure-native:network:NatGateway"
PUBLIC_ADDRESS = "azure-native:network:PublicIPAddress"
PROVIDER = "pulumi:providers:azure-native"
REGISTRY = "azure-native:containerregistry:Registry"
REPLICATION = "azure-native:containerregistry:Replication"
ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
ROLE_DEFINITION = "azure-native:authorization:RoleDefinition"
SECRET = "azure-native:keyvault:Secret"  # noqa: S105
SECURITY_GROUP = "azure-native:network:NetworkSecurityGroup"
SECURITY_RULE = "azure-native:network:SecurityRule"
STORAGE = "azure-native:storage:StorageAccount"
SUBNET = "azure-native:network:Subnet"
TOKEN = "azure-native:containerregistry:Token"  # noqa: S105
VAULT = "azure-native:keyvault:Vault"
WORKSPACE = "azure-native:machinelearningservices:Workspace"
DASHBOARDS = tuple(
    f"azure-native:{each}" for each in ("portal:Dashboard", "applicationinsights:Workbook", "dashboard:Grafana")
)
METRIC_ALERT = "azure-native:monitor:MetricAlert"
SCHEDULE = "azure-native:machinelearningservices:Schedule"
REGIONAL = tuple(
    f"azure-native:{each}"
    for each in (
        *("applicationinsights:Component", "containerregistry:Registry", "keyvault:Vault", "resources:ResourceGroup"),
        *("machinelearningservices:Compute", "machinelearningservices:OnlineDeployment"),
        *("machinelearningservices:OnlineEndpoint", "machinelearningservices:Registry"),
        *("machinelearningservices:Workspace", "managedidentity:UserAssignedIdentity", "monitor:AutoscaleSetting"),
        *("network:ApplicationGateway", "network:FlowLog", "network:NatGateway", "network:NetworkInterface"),
        *("network:NetworkSecurityGroup", "network:PrivateEndpoint", "network:PublicIPAddress"),
        *("network:VirtualNetwork", "operationalinsights:Workspace", "portal:Dashboard", "storage:StorageAccount"),
    )
)
"""What is in one region."""
TAGGED = (
    *(COMPUTE, DEPLOYMENT, ENDPOINT, GATEWAY, INSIGHTS, KEY, LOGS, MODEL_REGISTRY, NAT_GATEWAY, PRIVATE_ENDPOINT),
    *(PUBLIC_ADDRESS, REGISTRY, REPLICATION, STORAGE, VAULT, WORKSPACE),
)
"""What costs something, or has somebody's data, and takes tags."""
IDS = {
    DEPLOYMENT: "onlineEndpoints/{endpointName}/deployments/{deploymentName}",
    ENDPOINT: "onlineEndpoints/{endpointName}",
    LOGS: "Microsoft.OperationalInsights/workspaces/{workspaceName}",
    NETWORK: "virtualNetworks/{virtualNetworkName}",
    PRIVATE_ENDPOINT: "privateEndpoints/{privateEndpointName}",
    REGISTRY: "Microsoft.ContainerRegistry/registries/{registryName}",
    SECURITY_GROUP: "networkSecurityGroups/{networkSecurityGroupName}",
    STORAGE: "storageAccounts/{accountName}",
    VAULT: "vaults/{vaultName}",
    WORKSPACE: "Microsoft.MachineLearningServices/workspaces/{workspaceName}",
}
"""What is in the id of a resource, by the properties that have its name."""


def collections(deployment: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The collections of inferences that a deployment keeps, by name."""
    given = mapping(deployment.at("properties", "dataCollector", "collections"))
    for name in given:
        if at(given[name], "dataCollectionMode") == "Enabled":
            yield name, mapping(given[name])


def machines(compute: Resource) -> Mapping[str, Any]:
    """What is said of the machines of a compute.

    Raises:
        NotApplicable: it has no machines of its own.
    """
    if (kind := compute.at("properties", "computeType")) not in ("AmlCompute", "ComputeInstance"):
        raise NotApplicable(f"{kind or 'it'} has no machines of its own")
    return mapping(compute.at("properties", "properties"))


def count(profile: Any, key: str) -> float:
    """A number of instances of a profile of an autoscaler, which Azure has as text."""
    value = at(profile, "capacity", key)
    return int(value) if isinstance(value, str) and value.isdecimal() else number(value, 0)
