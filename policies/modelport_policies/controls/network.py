"""NET: who can reach the endpoint, and whom it can reach."""

from __future__ import annotations

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, CRITICAL, SEVERE, USUAL, Control, Levels, parameter
from modelport_policies.controls.aws import network as on_aws
from modelport_policies.controls.azure import network as on_azure
from modelport_policies.controls.gcp import network as on_gcp
from modelport_policies.controls.gcp.access import access_is_not_for_everyone
from modelport_policies.controls.kubernetes import network as on_kubernetes
from modelport_policies.kubernetes import INGRESS, NETWORK_POLICY, SERVICE, WORKLOADS

FRAMEWORKS = (
    *("NIST SC-7", "NIST AC-4", "ISO27001 A.8.20", "SOC2 CC6.6", "PCI 1.3"),
    *("GDPR 32", "CCPA 1798.100(e)", "EU AI Act 15(5)"),
)

CONTROLS = (
    Control(
        id="NET-01",
        title="The inference endpoint is private unless it is declared public",
        severity="critical",
        levels=CRITICAL,
        frameworks=FRAMEWORKS,
        remediation="Keep it on loopback, ClusterIP, an internal load balancer, a private API or Private Service "
        "Connect; if the world is meant to call it, declare `security.exposure: public`, or in a cloud a tag "
        "`exposure`.",
        checks={
            "modelport:local:Server": on_kubernetes.server_is_on_loopback,
            SERVICE: on_kubernetes.service_is_internal,
            INGRESS: on_kubernetes.ingress_says_how_far_it_reaches,
            aws.BALANCER: on_aws.balancer_is_internal,
            aws.REST_API: on_aws.api_is_private,
            aws.API: on_aws.http_api_is_declared,
            gcp.ENDPOINT: on_gcp.endpoint_is_private,
            gcp.MODEL_GARDEN: on_gcp.garden_endpoint_is_private,
            **dict.fromkeys((gcp.FORWARDING_RULE, gcp.GLOBAL_FORWARDING_RULE), on_gcp.rule_is_internal),
            azure.ENDPOINT: on_azure.endpoint_is_private,
            azure.GATEWAY: on_azure.gateway_is_private,
        },
    ),
    Control(
        id="NET-02",
        title="Model containers run in a network of one's own",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Give the model vpcConfig with subnets and security groups.",
            "vertex": "Name the projects whose networks connect to the endpoint.",
            "azureml": "Give the workspace a managed network.",
        },
        checks={
            aws.MODEL: on_aws.model_is_in_vpc,
            gcp.ENDPOINT: on_gcp.endpoint_is_in_network,
            azure.WORKSPACE: on_azure.workspace_is_in_network,
            azure.COMPUTE: on_azure.machines_are_in_network,
        },
        scope="stack",
    ),
    Control(
        id="NET-03",
        title="Model containers have no open way out",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Set enableNetworkIsolation of the model: SageMaker brings the model to the containers "
            "itself.",
            "vertex": "Use Private Service Connect, not a peered network.",
            "azureml": "Have the managed network allow approved destinations only.",
            "kubernetes": "Name the peers of each egress rule; where their addresses change, name the ports.",
        },
        checks={
            aws.MODEL: on_aws.model_is_isolated,
            gcp.ENDPOINT: on_gcp.endpoint_calls_nobody,
            NETWORK_POLICY: on_kubernetes.egress_has_bounds,
            azure.WORKSPACE: on_azure.network_is_isolated,
            **dict.fromkeys(azure.OUTBOUND_RULES, on_azure.rule_names_destination),
        },
        scope="stack",
        parameters={
            "ports": parameter(
                "Ports of every address that pods may reach; without any, all that a rule names.", [], "integer"
            )
        },
    ),
    Control(
        id="NET-04",
        title="Monitoring jobs call nobody",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Set networkConfig.enableNetworkIsolation of the job.",
        checks=dict.fromkeys(aws.JOBS, on_aws.job_is_isolated),
    ),
    Control(
        id="NET-05",
        title="Workspaces and registries of models take no requests from public networks",
        severity="critical",
        levels=CRITICAL,
        frameworks=FRAMEWORKS,
        remediation="Set publicNetworkAccess to Disabled, and give it a private endpoint.",
        checks=dict.fromkeys((azure.WORKSPACE, azure.MODEL_REGISTRY), on_azure.workspace_is_private),
    ),
    Control(
        id="NET-06",
        title="Private ways lead to the endpoint and to what it needs",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Add a VPC endpoint for each service that is named, with its private name.",
            "vertex": "Turn Private Google Access of the subnet on, and lead a forwarding rule of the network to the "
            "endpoint.",
            "azureml": "Add a private endpoint for each thing, and its name in a private zone of the network.",
        },
        checks={
            aws.NETWORK: on_aws.services_are_reached_privately,
            aws.VPC_ENDPOINT: on_aws.endpoint_is_used,
            gcp.SUBNET: on_gcp.subnet_reaches_google,
            gcp.ENDPOINT: on_gcp.endpoint_is_connected,
            **dict.fromkeys(on_azure.LINKED, on_azure.has_private_endpoint),
        },
        scope="stack",
        parameters={
            "services": parameter(
                "What a VPC that models run in has endpoints of.",
                ["sagemaker.runtime", "s3", "ecr.api", "ecr.dkr", "kms", "logs"],
            )
        },
    ),
    Control(
        id="NET-07",
        title="Buckets block every form of public access",
        severity="critical",
        levels=CRITICAL,
        frameworks=(*FRAMEWORKS, "CIS AWS 2.1.4", "CIS GCP 5.1"),
        remediation={
            "sagemaker": "Give each bucket a public access block with all four flags, and grant nothing to everyone.",
            "vertex": "Set publicAccessPrevention of each bucket to enforced, and grant nothing to everyone.",
            "azureml": "Close storage accounts to public networks, and their containers to everyone.",
        },
        checks={
            aws.BUCKET: on_aws.bucket_is_blocked,
            aws.BUCKET_ACCESS_BLOCK: on_aws.block_is_whole,
            aws.BUCKET_ACL: on_aws.acl_is_private,
            aws.BUCKET_OBJECT: on_aws.object_is_private,
            gcp.BUCKET: on_gcp.bucket_is_closed,
            gcp.DATASET: on_gcp.dataset_is_closed,
            gcp.DATASET_ACCESS: on_gcp.entry_is_closed,
            **dict.fromkeys((*gcp.BUCKET_ACCESS, *gcp.DATA_ACCESS), access_is_not_for_everyone),
            azure.STORAGE: on_azure.account_is_private,
            azure.BLOB_CONTAINER: on_azure.container_is_private,
        },
        scope="stack",
        rewrites={
            aws.BUCKET_ACCESS_BLOCK: on_aws.blocks_all,
            gcp.BUCKET: on_gcp.closes,
            azure.STORAGE: on_azure.closes_containers,
        },
    ),
    Control(
        id="NET-08",
        title="The image registry is not public",
        severity="critical",
        levels=CRITICAL,
        frameworks=FRAMEWORKS,
        remediation="Keep images in a private repository, whose policy names who pulls. Close registries to public "
        "networks, and turn exports off.",
        checks={
            **dict.fromkeys((aws.REPOSITORY_POLICY, aws.REGISTRY_POLICY), on_aws.policy_is_private),
            aws.PUBLIC_REPOSITORY: on_aws.repository_is_public,
            **dict.fromkeys(gcp.REPOSITORY_ACCESS, access_is_not_for_everyone),
            azure.REGISTRY: on_azure.registry_is_private,
        },
    ),
    Control(
        id="NET-09",
        title="Firewalls of storage and vaults let nothing through but trusted services",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Set the default action to Deny, the bypass to AzureServices, and remove rules for the world.",
        checks={azure.STORAGE: on_azure.account_has_firewall, azure.VAULT: on_azure.vault_has_firewall},
    ),
    Control(
        id="NET-10",
        title="No rule opens a way in to the world",
        severity="critical",
        levels=CRITICAL,
        frameworks=(*FRAMEWORKS, "CIS AWS 5.2", "CIS AWS 5.3", "CIS GCP 3.6", "CIS GCP 3.7"),
        remediation="Name the security group or the addresses that call, in place of the world.",
        checks={
            **dict.fromkeys(on_aws.INGRESS, on_aws.ingress_is_narrow),
            **dict.fromkeys((aws.NETWORK_ACL, aws.NETWORK_ACL_RULE), on_aws.acl_is_narrow),
            gcp.FIREWALL: on_gcp.firewall_is_narrow,
            **dict.fromkeys((*gcp.FIREWALL_POLICIES, *gcp.FIREWALL_RULES), on_gcp.policy_is_narrow),
            **dict.fromkeys((azure.SECURITY_GROUP, azure.SECURITY_RULE), on_azure.ingress_is_narrow),
        },
    ),
    Control(
        id="NET-11",
        title="Rules of egress name destinations",
        severity="medium",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Name the security group, prefix list or addresses that are called, in place of the world.",
            "vertex": "Name the addresses that are called, in place of the world, and deny the rest in the network.",
            "azureml": "Deny the internet.",
        },
        checks={
            **dict.fromkeys(on_aws.EGRESS, on_aws.egress_is_narrow),
            gcp.FIREWALL: on_gcp.egress_is_narrow,
            **dict.fromkeys((*gcp.FIREWALL_POLICIES, *gcp.FIREWALL_RULES), on_gcp.policy_egress_is_narrow),
            gcp.NETWORK: on_gcp.network_denies_egress,
            azure.SECURITY_GROUP: on_azure.group_denies_egress,
            azure.SECURITY_RULE: on_azure.egress_is_narrow,
        },
        scope="stack",
    ),
    Control(
        id="NET-12",
        title="Nothing uses default networks or gets a public address",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Use a network of the stack's own, without public addresses, and close its default security group.",
        checks={
            aws.SUBNET: on_aws.subnet_is_private,
            aws.INSTANCE: on_aws.instance_is_private,
            aws.DEFAULT_SECURITY_GROUP: on_aws.default_group_is_closed,
            **dict.fromkeys(aws.DEFAULT_NETWORKS, on_aws.default_network_is_used),
            gcp.NETWORK: on_gcp.network_is_own,
            gcp.PROJECT: on_gcp.project_has_no_network,
            **dict.fromkeys((gcp.SUBNET, gcp.FIREWALL), on_gcp.network_is_not_default),
            gcp.INSTANCE: on_gcp.instance_is_private,
            **dict.fromkeys((gcp.ADDRESS, gcp.GLOBAL_ADDRESS), on_gcp.address_is_internal),
            azure.NETWORK_INTERFACE: on_azure.interface_is_private,
            azure.COMPUTE: on_azure.machines_are_private,
        },
    ),
    Control(
        id="NET-13",
        title="Subnets have access lists, and security groups a use and a description",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Give subnets a network ACL, groups and rules a description, and remove groups that nothing "
            "has.",
            "azureml": "Give subnets a security group.",
        },
        checks={
            aws.SUBNET: on_aws.subnet_has_acl,
            aws.SECURITY_GROUP: on_aws.group_is_in_order,
            **dict.fromkeys(on_aws.RULES, on_aws.rule_is_described),
            azure.NETWORK: on_azure.subnets_have_groups,
            azure.SUBNET: on_azure.subnet_has_group,
            azure.SECURITY_GROUP: on_azure.group_is_in_order,
            azure.SECURITY_RULE: on_azure.rules_are_described,
        },
        scope="stack",
    ),
    Control(
        id="NET-14",
        title="Every serving pod is isolated by a network policy",
        severity="high",
        levels=Levels("disabled", "mandatory", "mandatory"),
        frameworks=(*FRAMEWORKS, "CIS K8s 5.3.2"),
        remediation="Add a NetworkPolicy with policyTypes [Ingress, Egress] that selects the pods, and allow only the "
        "peers they need, by labels that pods have.",
        checks={
            **dict.fromkeys(WORKLOADS, on_kubernetes.pods_are_isolated),
            NETWORK_POLICY: on_kubernetes.policy_is_about_something,
        },
        scope="stack",
    ),
    Control(
        id="NET-15",
        title="An ingress is for the hosts that it names",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Name each host in rules and tls, in one namespace, and remove wildcards, default backends and "
        "snippets.",
        checks={INGRESS: on_kubernetes.ingress_is_explicit},
        scope="stack",
    ),
    Control(
        id="NET-16",
        title="A public front leads to HTTPS, is guarded and asks who calls",
        severity="high",
        levels=SEVERE,
        frameworks=(*FRAMEWORKS, "PCI 6.4.2"),
        remediation="Put a firewall for web requests before what is public, have it ask callers who they are, and "
        "lead plain HTTP to HTTPS. On AWS ENC-07 judges HTTPS, IDN-01 the methods of APIs.",
        checks={
            aws.BALANCER: on_aws.balancer_is_guarded,
            aws.REST_API: on_aws.api_is_guarded,
            **dict.fromkeys(gcp.BACKENDS, on_gcp.front_is_guarded),
            **dict.fromkeys(gcp.PLAIN_PROXIES, on_gcp.plain_requests_are_led_on),
            azure.GATEWAY: on_azure.front_is_guarded,
        },
        scope="stack",
    ),
    Control(
        id="NET-17",
        title="A service leads to its own pods, at allowed addresses and ports",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Give the service a selector of its own that pods match, ports that they have, and no external "
        "addresses that are not allowed.",
        checks={SERVICE: on_kubernetes.service_is_exact},
        scope="stack",
        parameters={
            "externalIPs": parameter("External addresses that services may have.", []),
            "ports": parameter("Ports that services may have; without any, all.", [], "integer"),
        },
    ),
)
