"""COST: every expense has an owner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, SEVERE, Control, Levels, NotApplicable, parameter
from modelport_policies.controls.aws import cost as on_aws
from modelport_policies.controls.azure import cost as on_azure
from modelport_policies.controls.gcp import cost as on_gcp
from modelport_policies.kubernetes import (
    NAMESPACE,
    SCALED_OBJECT,
    WORKLOADS,
    devices,
    is_bound_to,
    mark,
    marks,
    place,
    plain,
)
from modelport_policies.relations import in_use
from modelport_policies.resource import Resource, at, is_set, items, mapping, number, text
from modelport_policies.rewriting import Fill

QUOTA = "kubernetes:core/v1:ResourceQuota"
LIMITS = "kubernetes:core/v1:LimitRange"
FRAMEWORKS = ("NIST SA-4", "NIST CM-8", "ISO27001 A.5.9", "ISO27001 A.8.6", "FinOps")
OF_PODS = ("cpu", "memory")
LABEL = re.compile(r"[a-z0-9_-]{1,63}")
"""A value that a label of Google Cloud can have."""
CAPITAL = re.compile("[A-Z]")
REQUIRED = ("owner", "costCenter", "service", "environment", "dataClass", "riskClass")


def nodes_are_allowed(workload: Resource) -> Iterable[str]:
    """`nodeSelector`, or every term of the required node affinity, leaves the pods no nodes but those with a label of
    parameter `accelerators` if they ask for a device in `resources.limits`, of `instances` if not.
    """
    name = "accelerators" if devices(workload) else "instances"
    allowed = workload.parameters[name]
    if not allowed:
        raise NotApplicable(f"parameter {name} names no nodes: all are allowed")
    if not is_bound_to(workload, allowed):
        yield f"its pods may run on other nodes than those with {' or '.join(allowed)}"


def tests_may_rest(scaled: Resource) -> Iterable[str]:
    """`idleReplicaCount` or `minReplicaCount` is 0 where `environment` is dev or test, unless nothing but running pods
    shows the load (`triggers` of type `cpu` and `memory`).
    """
    if (environment := mark(scaled, "environment")) not in ("dev", "test"):
        raise NotApplicable(f"{environment or 'without an environment, it'} is for production")
    if all(at(trigger, "type") in OF_PODS for trigger in items(scaled.at("spec", "triggers"))):
        raise NotApplicable("only pods that run show their load")
    idle = scaled.at("spec", "idleReplicaCount")
    fewest = number(scaled.at("spec", "minReplicaCount") if idle is None else idle, 0)
    if fewest > 0:
        yield f"{fewest:g} pods run while nobody asks"


def tags_are_complete(resource: Resource) -> Iterable[str]:
    """`tags`, or `labels`, has owner, costCenter, service, environment, dataClass, riskClass and those of parameter
    `further`; so may `tagsAll`, which has those of the provider, too.
    """
    yield from lacking(absent_tags(resource))


def labels_are_complete(workload: Resource) -> Iterable[str]:
    """`metadata.labels` or `annotations` have the same, in any spelling (`example.com/cost-center`)."""
    yield from lacking(absent_labels(workload))


def lacking(absent: Sequence[str]) -> Iterable[str]:
    """One message that names every tag without a value."""
    if absent:
        yield f"no tag {', '.join(absent)}"


def absent_tags(resource: Resource) -> list[str]:
    """The tags without a value."""
    absent = wanted(resource)
    for name in ("tags", "labels", "tagsAll"):
        if absent:
            tags = mapping(resource.at(name))
            present = {plain(key) for key in tags if is_set(tags, key)}
            absent = [each for each in absent if plain(each) not in present]
    return absent


def absent_labels(workload: Resource) -> list[str]:
    """The tags that no label or annotation with a value is."""
    present = {name for name, values, key in marks(workload) if is_set(values, key)}
    return [name for name in wanted(workload) if plain(name) not in present]


def wanted(resource: Resource) -> list[str]:
    """The tags that there have to be."""
    return [*REQUIRED, *resource.parameters["further"]]


def adds_tags(resource: Resource) -> Iterable[Fill]:
    """`tags` get the missing ones that parameter `values` has."""
    return ((("tags", name), value) for name, value in given(resource, absent_tags(resource)))


def adds_labels(resource: Resource) -> Iterable[Fill]:
    """`labels` get the missing ones that parameter `values` has, in the spelling of Google Cloud (`cost_center`), but
    for values that a label cannot have.
    """
    for name, value in given(resource, absent_tags(resource)):
        if LABEL.fullmatch(value):
            yield ("labels", CAPITAL.sub(r"_\g<0>", name).lower()), value


def adds_annotations(workload: Resource) -> Iterable[Fill]:
    """`metadata.annotations` get the missing ones that parameter `values` has."""
    absent = absent_labels(workload)
    return ((("metadata", "annotations", name), value) for name, value in given(workload, absent))


def given(resource: Resource, absent: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Those of the missing tags that the parameter has a value for."""
    values = {plain(name): value for name, value in resource.parameters["values"].items()}
    return ((name, values[plain(name)]) for name in absent if plain(name) in values)


def namespace_is_bounded(home: Resource) -> Iterable[str]:
    """The stack has a `LimitRange` and a `ResourceQuota` of the namespace, whose `hard` has CPU, memory and the devices
    that its pods ask for.
    """
    name, groups = text(home.at("metadata", "name")), home.stack.by(place)
    hard = {key for quota in groups.get((QUOTA, name), ()) for key in mapping(quota.at("spec", "hard"))}
    asked = {key for type_ in WORKLOADS for each in groups.get((type_, name), ()) for key in devices(each)}
    for key in ("cpu", "memory", *sorted(asked)):
        if not hard & {key, f"requests.{key}", f"limits.{key}"}:
            yield f"no quota bounds the {key} of the namespace"
    if not groups.get((LIMITS, name)):
        yield "no LimitRange bounds the containers of the namespace"


def thing_is_used(thing: Resource) -> Iterable[str]:
    """A resource of the stack is made from it, where the stack says what is made from what."""
    used = in_use(thing)
    if used and thing.urn not in used:
        yield "nothing of the stack has it, and it is paid for"


CONTROLS = (
    Control(
        id="COST-01",
        title="What serves runs on machines and GPUs that are allowed",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Choose an allowed kind of machine, or nodes of one, or have another allowed by the parameter.",
        checks={
            **dict.fromkeys(WORKLOADS, nodes_are_allowed),
            aws.ENDPOINT_CONFIGURATION: on_aws.instances_are_allowed,
            **dict.fromkeys(gcp.MACHINES, on_gcp.machines_are_allowed),
            gcp.INSTANCE: on_gcp.instance_is_allowed,
            **dict.fromkeys((azure.DEPLOYMENT, azure.COMPUTE), on_azure.machine_is_allowed),
        },
        parameters={
            "accelerators": parameter(
                "Labels of nodes, KEY=VALUE, for pods that ask for a device, like nvidia.com/gpu.product=NVIDIA-L4; "
                "without any, all are allowed.",
                [],
            ),
            "instances": parameter("The same for other pods, like node.kubernetes.io/instance-type=m7g.large.", []),
            "machineTypes": parameter(
                "Machine types that endpoints in a cloud may have, like ml.g5.xlarge; without any, all are allowed.",
                [],
            ),
            "acceleratorTypes": parameter("The same of accelerators of Google Cloud, like NVIDIA_L4.", []),
        },
    ),
    Control(
        id="COST-03",
        title="What is not for production rests while nobody asks",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation={
            "sagemaker": "Make variants serverless, or the endpoint asynchronous.",
            "vertex": "Set minReplicaCount to 0.",
            "azureml": "Let clusters go down to none.",
            "kubernetes": "Set scaling.scaleToZero of the service, or idleReplicaCount of the ScaledObject to 0.",
        },
        checks={
            SCALED_OBJECT: tests_may_rest,
            aws.ENDPOINT_CONFIGURATION: on_aws.tests_may_rest,
            gcp.DEPLOYED_MODEL: on_gcp.tests_may_rest,
            azure.COMPUTE: on_azure.machines_may_rest,
        },
        scope="stack",
    ),
    Control(
        id="COST-04",
        title="Resources carry the tags of ownership, cost and risk",
        severity="medium",
        levels=Levels("disabled", "advisory", "mandatory"),
        frameworks=("NIST CM-8", "ISO27001 A.5.9", "FinOps"),
        remediation="Fill metadata.owner, metadata.costCenter, security.dataClass and governance.riskClass of the "
        "service: the tags come from them.",
        checks={
            "modelport:local:Server": tags_are_complete,
            **dict.fromkeys(WORKLOADS, labels_are_complete),
            **dict.fromkeys(gcp.LABELLED, tags_are_complete),
            **dict.fromkeys((*aws.TAGGED, *azure.TAGGED), tags_are_complete),
        },
        rewrites={
            **dict.fromkeys(WORKLOADS, adds_annotations),
            **dict.fromkeys(gcp.LABELLED, adds_labels),
            **dict.fromkeys(("modelport:local:Server", *aws.TAGGED, *azure.TAGGED), adds_tags),
        },
        parameters={
            "values": parameter(
                "What COST-04-rewrite gives resources that lack a tag, by the tag's name, like owner.", {}
            ),
            "further": parameter("Tags that there have to be besides, like email.", []),
        },
    ),
    Control(
        id="COST-05",
        title="What is kept in buckets and datasets does not stay for ever",
        severity="low",
        levels=ADVICE,
        frameworks=(*FRAMEWORKS, "GDPR 5(1)(e)", "CCPA 1798.100(a)(3)"),
        remediation="Give the bucket a lifecycle: captures expire, and parts of uploads that failed are taken away.",
        checks={
            aws.BUCKET: on_aws.bucket_has_lifecycle,
            aws.BUCKET_LIFECYCLE: on_aws.lifecycle_clears,
            gcp.BUCKET: on_gcp.bucket_is_cleared,
            gcp.DATASET: on_gcp.dataset_is_cleared,
            azure.STORAGE: on_azure.captures_end,
            azure.MANAGEMENT_POLICY: on_azure.something_ends,
        },
        scope="stack",
    ),
    Control(
        id="COST-06",
        title="A namespace has a quota and limits",
        severity="medium",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Add a ResourceQuota with requests.cpu, requests.memory and the GPUs, and a LimitRange.",
        checks={NAMESPACE: namespace_is_bounded},
        scope="stack",
    ),
    Control(
        id="COST-07",
        title="Nothing that costs something is left over",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Use it, or delete it.",
        checks={
            aws.ADDRESS: on_aws.address_is_used,
            aws.BALANCER: on_aws.balancer_listens,
            aws.VOLUME: on_aws.volume_is_attached,
            **dict.fromkeys(
                (gcp.ADDRESS, gcp.GLOBAL_ADDRESS, gcp.POOL, azure.PUBLIC_ADDRESS, azure.NAT_GATEWAY), thing_is_used
            ),
        },
        scope="stack",
    ),
)
