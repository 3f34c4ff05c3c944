"""IDN: who a service is, and where its secrets are."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies import aws, azure, gcp
from modelport_policies.control import (
    ADVICE,
    CRITICAL,
    SEVERE,
    USUAL,
    USUAL_REWRITTEN,
    Control,
    NotApplicable,
    parameter,
)
from modelport_policies.controls.aws import identity as on_aws
from modelport_policies.controls.aws import rights
from modelport_policies.controls.azure import identity as on_azure
from modelport_policies.controls.gcp import identity as on_gcp
from modelport_policies.controls.gcp.access import access_is_not_for_everyone
from modelport_policies.controls.kubernetes import edges
from modelport_policies.controls.kubernetes import identity as on_kubernetes
from modelport_policies.kubernetes import (
    BINDINGS,
    CONFIG_MAP,
    INGRESS,
    SERVICE,
    SERVICE_ACCOUNT,
    WORKLOADS,
    containers,
    mark,
    pod,
    pod_path,
    pod_spec,
)
from modelport_policies.resource import Resource, UnknownValueError, at, is_set, items, mapping, text
from modelport_policies.rewriting import Fill
from modelport_policies.secrecy import PRIVATE_KEY, is_secret

FRAMEWORKS = (
    *("NIST AC-2", "NIST AC-3", "NIST AC-6", "NIST IA-5", "ISO27001 A.5.15", "ISO27001 A.8.2", "SOC2 CC6.1"),
    *("PCI 7.2", "PCI 8.6", "HIPAA 164.312(a)(1)"),
)
DECLARATION = "service-account-token"


def identity_is_its_own(workload: Resource) -> Iterable[str]:
    """`serviceAccountName` of the pod is set, and not `default`."""
    spec = pod_spec(workload)
    if not is_set(spec, "serviceAccountName"):
        deprecated = ", only the deprecated serviceAccount" if is_set(spec, "serviceAccount") else ""
        yield f"the pod has no serviceAccountName{deprecated}"
    elif is_default(spec):
        yield "the pod runs as the service account default, which it shares with others"


def is_default(spec: object) -> bool:
    """Whether pods share the service account of their namespace; one that is not known yet is made for them."""
    try:
        return bool(at(spec, "serviceAccountName") == "default")
    except UnknownValueError:
        return False


def binds_no_default_account(binding: Resource) -> Iterable[str]:
    """No subject is the service account `default`."""
    for subject in items(binding.at("subjects")):
        if at(subject, "kind") == "ServiceAccount" and at(subject, "name") == "default":
            yield f"it gives rights to the service account default of {at(subject, 'namespace') or 'its namespace'}"


def secrets_are_files(workload: Resource) -> Iterable[str]:
    """`env` and `envFrom` of no container have a secret, neither by reference nor as a value."""
    for name, container in containers(workload):
        for variable in items(at(container, "env")):
            called = text(at(variable, "name"))
            if is_set(at(variable, "valueFrom"), "secretKeyRef"):
                yield f"container {name}: the variable {called} has a secret"
            elif is_secret(called) and is_set(variable, "value"):
                yield f"container {name}: the variable {called} has what is called a secret as a value"
        if any(is_set(source, "secretRef") for source in items(at(container, "envFrom"))):
            yield f"container {name} has a whole secret as variables"


def settings_have_no_secrets(settings: Resource) -> Iterable[str]:
    """`data` has neither a key that is called like a secret nor a private key."""
    data = mapping(settings.at("data"))
    for key in data:
        if is_secret(key) and is_set(data, key):
            yield f"data.{key} has what is called a secret"
        elif PRIVATE_KEY.search(text(data[key])):
            yield f"data.{key} has a private key"


def has_no_token(workload: Resource) -> Iterable[str]:
    """`automountServiceAccountToken` of the pod is false; or a label or annotation `service-account-token` of the
    workload is `required`.
    """
    if mark(workload, DECLARATION.replace("-", "")) == "required":
        raise NotApplicable("it is declared that its pods talk to the API server")
    if at(pod(workload), "spec", "automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken of the pod is not false"


def refuses_token(workload: Resource) -> Iterable[Fill]:
    """`automountServiceAccountToken` of the pod becomes false."""
    if pod_spec(workload):
        yield pod_path(workload, "spec", "automountServiceAccountToken"), False


def hands_out_no_token(account: Resource) -> Iterable[str]:
    """`automountServiceAccountToken` is false."""
    if account.at("automountServiceAccountToken") is not False:
        yield "automountServiceAccountToken is not false"


def keeps_tokens(_account: Resource) -> Iterable[Fill]:
    """`automountServiceAccountToken` becomes false."""
    yield ("automountServiceAccountToken",), False


CONTROLS = (
    Control(
        id="IDN-01",
        title="Whoever asks for an inference says who they are",
        severity="critical",
        levels=CRITICAL,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Have callers authenticated by identity: AWS_IAM, a JWT or an authorizer. SageMaker itself "
            "always asks for a signature.",
            "vertex": "Grant roles to those who call, not to everyone.",
            "azureml": "Set authMode to AADToken.",
            "kubernetes": "Write security.auth: bearer for the service, attach what asks to the route or its gateway, "
            "or name the gateway, service or class of ingress in the parameter, if it asks already.",
        },
        checks={
            aws.METHOD: on_aws.method_asks_who_calls,
            aws.ROUTE: on_aws.route_asks_who_calls,
            aws.FUNCTION_URL: on_aws.function_asks_who_calls,
            **dict.fromkeys(gcp.ENDPOINT_ACCESS, access_is_not_for_everyone),
            azure.ENDPOINT: on_azure.endpoint_asks_who_calls,
            SERVICE: on_kubernetes.service_asks_who_calls,
            INGRESS: on_kubernetes.ingress_asks_who_calls,
            **dict.fromkeys((*on_kubernetes.ROUTES, *on_kubernetes.STREAMS), on_kubernetes.route_asks_who_calls),
            **dict.fromkeys(edges.VIRTUAL_SERVICES, edges.virtual_service_asks_who_calls),
            edges.INGRESS_ROUTE: edges.ingress_route_asks_who_calls,
        },
        scope="stack",
        parameters={
            "gateways": parameter(
                "Gateways and services (NAMESPACE/NAME) and classes of ingress that ask callers who they are.", []
            )
        },
    ),
    Control(
        id="IDN-02",
        title="Each service has an identity of its own",
        severity="high",
        levels=SEVERE,
        frameworks=(*FRAMEWORKS, "CIS K8s 5.1.5"),
        remediation={
            "sagemaker": "Make an identity for the service, and name it in executionRoleArn.",
            "vertex": "Make an identity for the service, and name it in serviceAccount.",
            "azureml": "Make an identity for the service, and name it in userAssignedIdentities.",
            "kubernetes": "Make an identity for the service, and name it in serviceAccountName.",
        },
        checks={
            **dict.fromkeys(WORKLOADS, identity_is_its_own),
            **dict.fromkeys(BINDINGS, binds_no_default_account),
            aws.MODEL: on_aws.model_has_its_own_role,
            gcp.DEPLOYED_MODEL: on_gcp.model_has_its_own_account,
            gcp.INSTANCE: on_gcp.instance_has_its_own_account,
            **dict.fromkeys(gcp.PROJECT_ACCESS, on_gcp.default_accounts_have_no_roles),
            **dict.fromkeys((azure.ENDPOINT, azure.WORKSPACE), on_azure.identity_is_its_own),
        },
    ),
    Control(
        id="IDN-03",
        title="Roles have the rights that serving needs, and no others",
        severity="critical",
        levels=CRITICAL,
        frameworks=(*FRAMEWORKS, "CIS AWS 1.16", "CIS GCP 1.5"),
        remediation={
            "sagemaker": "Name each action, and the resources that it is for, in a policy of your own.",
            "vertex": "Grant a narrow role on the one thing that it is for.",
            "azureml": "Name each action, and the resources that it is for, in a role of your own.",
        },
        checks={
            **dict.fromkeys(aws.RIGHTS, rights.rights_are_few),
            **dict.fromkeys(aws.ATTACHMENTS, rights.attached_policy_is_narrow),
            aws.ROLE: rights.role_has_few_rights,
            **dict.fromkeys(gcp.PROJECT_ACCESS, on_gcp.project_roles_are_narrow),
            **dict.fromkeys(gcp.THING_ACCESS, on_gcp.roles_are_narrow),
            **dict.fromkeys(gcp.CUSTOM_ROLES, on_gcp.role_leads_to_no_others),
            azure.ROLE_ASSIGNMENT: on_azure.assignment_is_narrow,
            azure.ROLE_DEFINITION: on_azure.definition_is_narrow,
        },
    ),
    Control(
        id="IDN-04",
        title="Roles trust exact principals, and services only on behalf of one's own account",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Name roles or one service, with a condition on aws:SourceAccount or aws:SourceArn for a "
            "service.",
            "vertex": "Name who may be the service account.",
            "azureml": "In federated credentials name one subject, and the audience that is Azure's.",
        },
        checks={
            aws.ROLE: on_aws.trust_is_narrow,
            **dict.fromkeys(gcp.ACCOUNT_ACCESS, on_gcp.account_is_for_exact_principals),
            azure.FEDERATION: on_azure.trust_is_narrow,
        },
    ),
    Control(
        id="IDN-05",
        title="Runs of CI get a role for one repository and ref",
        severity="high",
        levels=SEVERE,
        frameworks=(*FRAMEWORKS, "NIST IA-9"),
        remediation={
            "sagemaker": "Ask for the audience, and for a subject like repo:OWNER/NAME:ref:refs/heads/main.",
            "vertex": "Ask in attributeCondition for a subject like repo:OWNER/NAME:ref:refs/heads/main.",
            "azureml": "Name a subject like repo:OWNER/NAME:ref:refs/heads/main.",
        },
        checks={
            aws.ROLE: on_aws.federation_is_scoped,
            gcp.IDENTITY_PROVIDER: on_gcp.federation_is_scoped,
            azure.FEDERATION: on_azure.federation_is_scoped,
        },
    ),
    Control(
        id="IDN-06",
        title="No credentials live long",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Have whoever needs access take a role, whose credentials end by themselves. Turn off keys, "
        "tokens and passwords of storage accounts and registries.",
        checks={
            **dict.fromkeys((aws.ACCESS_KEY, aws.SERVICE_CREDENTIAL), on_aws.credential_is_off),
            **dict.fromkeys(gcp.LIVING_LONG, on_gcp.credential_lives_long),
            azure.STORAGE: on_azure.account_has_no_keys,
            azure.REGISTRY: on_azure.registry_has_no_passwords,
            azure.TOKEN: on_azure.token_is_off,
            azure.WORKSPACE: on_azure.datastores_ask_who_calls,
            azure.DATASTORE: on_azure.datastore_has_no_key,
        },
    ),
    Control(
        id="IDN-07",
        title="Machines of workspaces have neither users of their own nor SSH",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Set disableLocalAuth, and public access by SSH to Disabled.",
        checks={azure.COMPUTE: on_azure.machines_take_no_keys},
    ),
    Control(
        id="IDN-08",
        title="Policies of buckets, topics and registries are for known accounts, and lock nobody out",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Name the principals, of accounts that the parameter names; deny on conditions only.",
        checks={
            **dict.fromkeys((aws.REGISTRY_POLICY, aws.REPOSITORY_POLICY), on_aws.grants_are_listed),
            **dict.fromkeys((aws.BUCKET, aws.BUCKET_POLICY), on_aws.grants_are_for_few),
            **dict.fromkeys((aws.QUEUE, aws.QUEUE_POLICY, aws.TOPIC, aws.TOPIC_POLICY), on_aws.grants_are_for_few),
            **dict.fromkeys((*gcp.BUCKET_ACCESS, *gcp.REPOSITORY_ACCESS), on_gcp.grants_are_listed),
            **dict.fromkeys((*gcp.TOPIC_ACCESS, *gcp.SECRET_ACCESS), on_gcp.messages_are_for_few),
        },
        parameters={
            "accounts": parameter("Accounts that policies may name; without any, they may name every account.", []),
            "projects": parameter("The same, of projects of Google Cloud whose service accounts have roles.", []),
        },
    ),
    Control(
        id="IDN-09",
        title="Secrets are in a store that rotates them, and in no environment and no settings",
        severity="critical",
        levels=CRITICAL,
        frameworks=(*FRAMEWORKS, "NIST IA-5(7)", "PCI 8.6.2", "CIS K8s 5.4.1"),
        remediation="Mount the secret as a file, or use the identity of the service; have the store encrypt it with a "
        "key of your own and rotate it.",
        checks={
            **dict.fromkeys(WORKLOADS, secrets_are_files),
            CONFIG_MAP: settings_have_no_secrets,
            aws.MODEL: on_aws.model_is_told_no_secrets,
            aws.SECRET: on_aws.secret_is_kept_well,
            aws.SECRET_ROTATION: on_aws.rotation_is_frequent,
            aws.PARAMETER: on_aws.parameter_is_encrypted,
            **dict.fromkeys((gcp.MODEL, gcp.MODEL_GARDEN), on_gcp.model_is_told_no_secrets),
            gcp.SECRET: on_gcp.secret_is_kept_well,
            azure.SECRET: on_azure.secret_ends,
            azure.DEPLOYMENT: on_azure.deployment_is_told_no_secrets,
        },
        scope="stack",
        parameters={"rotationDays": parameter("The longest time between rotations of a secret, in days.", 90)},
    ),
    Control(
        id="IDN-11",
        title="Pods get no token of the cluster unless they need one",
        severity="medium",
        levels=USUAL_REWRITTEN,
        frameworks=("CIS K8s 5.1.6", "NIST AC-6"),
        remediation="Set automountServiceAccountToken: false; what talks to the API server has the annotation "
        f"{DECLARATION}: required.",
        checks={**dict.fromkeys(WORKLOADS, has_no_token), SERVICE_ACCOUNT: hands_out_no_token},
        rewrites={**dict.fromkeys(WORKLOADS, refuses_token), SERVICE_ACCOUNT: keeps_tokens},
    ),
    Control(
        id="IDN-12",
        title="Access is given to buckets, not to single objects",
        severity="medium",
        levels=USUAL,
        frameworks=(*FRAMEWORKS, "CIS GCP 5.2"),
        remediation="Set objectOwnership to BucketOwnerEnforced, or uniformBucketLevelAccess: policies alone say who "
        "may do what.",
        checks={aws.BUCKET_OWNERSHIP: on_aws.owner_has_every_object, gcp.BUCKET: on_gcp.access_is_uniform},
    ),
    Control(
        id="IDN-13",
        title="Roles say who may do what with a vault",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Set enableRbacAuthorization of the vault, and assign roles in place of its access policies.",
        checks={azure.VAULT: on_azure.vault_asks_who_calls},
    ),
    Control(
        id="IDN-14",
        title="Storage is for the identities of one tenant",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Set isLocalUserEnabled and allowCrossTenantReplication to false.",
        checks={azure.STORAGE: on_azure.account_is_for_one_tenant},
    ),
)
