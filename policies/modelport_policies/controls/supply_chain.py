"""SUP: what runs is exactly what was reviewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies import aws, azure, gcp
from modelport_policies.control import ADVICE, SEVERE, USUAL, Control, Levels, NotApplicable, parameter
from modelport_policies.controls.aws import supply_chain as on_aws
from modelport_policies.controls.azure import supply_chain as on_azure
from modelport_policies.controls.gcp import supply_chain as on_gcp
from modelport_policies.images import DIGEST, PUBLIC, has_digest, is_of, not_from_here
from modelport_policies.kubernetes import CONFIG_MAP, WORKLOADS, containers, pod_spec, volumes
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

FRAMEWORKS = ("NIST SR-4", "NIST SI-7", "NIST CM-14", "ISO27001 A.5.21", "SOC2 CC8.1", "EU AI Act 15(5)", "SLSA")
MODEL, DIGEST_OF_MODEL = "MODELPORT_MODEL", "MODELPORT_DIGEST"
"""Settings of modelport's server: where the model is, and which one is served and no other."""


def images_are_pinned(workload: Resource) -> Iterable[str]:
    """`image` of every container ends in `@sha256:` and 64 hex digits."""
    for name, container in containers(workload):
        image = text(at(container, "image"))
        if not has_digest(image):
            yield f"container {name} runs {image or 'no image'}, which is not pinned by digest"


def model_is_pinned(server: Resource) -> Iterable[str]:
    """`digest` is `sha256:` and 64 hex digits."""
    digest = server.at("digest")
    if not DIGEST.fullmatch(str(digest or "")):
        yield f"digest is {digest!r}, which does not pin the model's content"


def models_of_pods_are_pinned(workload: Resource) -> Iterable[str]:
    """`image.reference` of every volume ends in `@sha256:` and 64 hex digits; where `env` of a container has
    `MODELPORT_MODEL`, `MODELPORT_DIGEST` is `sha256:` and 64 hex digits.
    """
    mounted = [(name, volume) for name, volume in volumes(workload) if is_set(volume, "image")]
    told = [(name, variables(container)) for name, container in containers(workload) if says_all_itself(container)]
    if not (mounted or told):
        raise NotApplicable("it neither mounts a model as an image nor says in a variable where one is")
    for name, volume in mounted:
        if not has_digest(text(at(volume, "image", "reference"))):
            yield f"volume {name} is an image that is not pinned by digest"
    for name, given in told:
        yield from (f"container {name}: {fault}" for fault in not_pinned(at(given.get(DIGEST_OF_MODEL), "value")))


def says_all_itself(container: Any) -> bool:
    """Whether the variables of a container say where its model is, and nothing else can say its digest."""
    given = variables(container)
    elsewhere = is_set(given.get(DIGEST_OF_MODEL), "valueFrom") or is_set(container, "envFrom")
    return MODEL in given and (is_set(given.get(DIGEST_OF_MODEL), "value") or not elsewhere)


def variables(container: Any) -> dict[str, Any]:
    """The entries of a container's `env` by name."""
    return {text(at(each, "name")): each for each in items(at(container, "env"))}


def settings_pin_the_model(settings: Resource) -> Iterable[str]:
    """Where `data` has `MODELPORT_MODEL`, `MODELPORT_DIGEST` is `sha256:` and 64 hex digits."""
    data = mapping(settings.at("data"))
    if not is_set(data, MODEL):
        raise NotApplicable("it does not say where a model is")
    yield from not_pinned(at(data, DIGEST_OF_MODEL))


def not_pinned(digest: Any) -> Iterable[str]:
    """What is wrong with the digests that a server is told, with commas between those of several models."""
    if not all(DIGEST.fullmatch(each) for each in text(digest).split(",")):
        yield f"{DIGEST_OF_MODEL} is {digest or 'missing'}, which does not pin the model's content"


def images_come_from_here(workload: Resource) -> Iterable[str]:
    """`image` of every container and volume begins with one of parameter `registries`; without any, it is of no
    registry that is open to everybody.
    """
    yield from not_from_here(images(workload), workload.parameters["registries"])


def images(workload: Resource) -> Iterator[tuple[str, str]]:
    """What a workload's nodes pull, as (what for, image)."""
    for name, container in containers(workload):
        yield f"container {name}", text(at(container, "image"))
    for name, volume in volumes(workload):
        if is_set(volume, "image"):
            yield f"volume {name}", text(at(volume, "image", "reference"))


def images_are_current(workload: Resource) -> Iterable[str]:
    """`imagePullPolicy` is `Always` where `image` has no digest; `imagePullSecrets` are there where an image is of
    parameter `privateRegistries`.
    """
    for name, container in containers(workload):
        pinned = "@" in text(at(container, "image"))
        if not pinned and at(container, "imagePullPolicy") != "Always":
            yield f"container {name} runs what its node has of an image that may have changed"
    private = workload.parameters["privateRegistries"]
    asking = [who for who, image in images(workload) if is_of(image, private)]
    if asking and not is_set(pod_spec(workload), "imagePullSecrets"):
        yield f"there are no imagePullSecrets for {', '.join(asking)}"


CONTROLS = (
    Control(
        id="SUP-01",
        title="The serving image is pinned by digest",
        severity="high",
        levels=Levels("advisory", "mandatory", "mandatory"),
        frameworks=FRAMEWORKS,
        remediation="Write the image as repository@sha256:..., not as a tag, which may name another image tomorrow.",
        checks={
            **dict.fromkeys(WORKLOADS, images_are_pinned),
            aws.MODEL: on_aws.images_are_pinned,
            **dict.fromkeys((gcp.MODEL, gcp.MODEL_GARDEN), on_gcp.image_is_pinned),
            **dict.fromkeys(azure.ENVIRONMENTS, on_azure.image_is_pinned),
        },
    ),
    Control(
        id="SUP-07",
        title="The model is an immutable artifact with a sha256",
        severity="high",
        levels=Levels("mandatory", "mandatory", "mandatory"),
        frameworks=FRAMEWORKS,
        remediation="Give the digest of the bundle (`modelport bundle build` prints it), or of the image that has it; "
        "version the bucket that it is in.",
        checks={
            "modelport:local:Server": model_is_pinned,
            CONFIG_MAP: settings_pin_the_model,
            **dict.fromkeys(WORKLOADS, models_of_pods_are_pinned),
            aws.BUCKET: on_aws.bucket_keeps_versions,
            aws.BUCKET_VERSIONING: on_aws.versioning_is_on,
            aws.MODEL: on_aws.model_data_is_pinned,
            gcp.BUCKET: on_gcp.bucket_keeps_versions,
            gcp.MODEL: on_gcp.model_is_pinned,
            azure.STORAGE: on_azure.account_keeps_versions,
            azure.BLOB_SERVICE: on_azure.versioning_is_on,
            azure.DEPLOYMENT: on_azure.model_is_pinned,
        },
        scope="stack",
    ),
    Control(
        id="SUP-02",
        title="Images come from a registry of one's own",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Copy the image to a registry of your own, and name yours in the parameter registries.",
        checks={
            **dict.fromkeys(WORKLOADS, images_come_from_here),
            aws.MODEL: on_aws.images_come_from_here,
            **dict.fromkeys((gcp.MODEL, gcp.MODEL_GARDEN), on_gcp.image_comes_from_here),
            **dict.fromkeys(azure.ENVIRONMENTS, on_azure.image_comes_from_here),
        },
        parameters={
            "registries": parameter(
                "Registries, or repositories (HOST/PATH), that images may come from. Without any, all but "
                f"{', '.join(PUBLIC)}.",
                [],
            )
        },
    ),
    Control(
        id="SUP-03",
        title="The registry scans images",
        severity="high",
        levels=SEVERE,
        frameworks=(*FRAMEWORKS, "NIST RA-5", "ISO27001 A.8.8", "PCI 6.3"),
        remediation={
            "sagemaker": "Set imageScanningConfiguration.scanOnPush, or have the whole registry scanned.",
            "vertex": "Leave vulnerabilityScanningConfig on.",
            "azureml": "Turn Defender's plan on.",
        },
        checks={
            aws.REPOSITORY: on_aws.repository_is_scanned,
            gcp.REPOSITORY: on_gcp.repository_is_scanned,
            azure.DEFENDER_PLAN: on_azure.plan_scans_images,
        },
        scope="stack",
    ),
    Control(
        id="SUP-04",
        title="A tag names the same image for ever",
        severity="medium",
        levels=USUAL,
        frameworks=FRAMEWORKS,
        remediation="Set imageTagMutability to IMMUTABLE, or dockerConfig.immutableTags.",
        checks={aws.REPOSITORY: on_aws.tags_are_immutable, gcp.REPOSITORY: on_gcp.tags_are_immutable},
    ),
    Control(
        id="SUP-06",
        title="The registry removes images that no tag names",
        severity="low",
        levels=ADVICE,
        frameworks=("NIST SA-4", "NIST CM-8", "ISO27001 A.5.9", "ISO27001 A.8.6", "FinOps"),
        remediation={
            "sagemaker": "Give the repository a lifecycle policy that expires untagged images.",
            "vertex": "Give the repository a cleanup policy that deletes untagged images.",
            "azureml": "Give the registry a retention policy.",
        },
        checks={
            aws.REPOSITORY: on_aws.repository_is_tidied,
            aws.IMAGE_LIFECYCLE: on_aws.lifecycle_expires_untagged,
            gcp.REPOSITORY: on_gcp.repository_is_tidied,
            azure.REGISTRY: on_azure.registry_is_tidied,
        },
        scope="stack",
    ),
    Control(
        id="SUP-08",
        title="The model is an approved one of a registry",
        severity="high",
        levels=ADVICE,
        frameworks=(*FRAMEWORKS, "ISO42001 A.6.2"),
        remediation="Register the model and have it approved, or name where approved models are in the parameter.",
        checks={
            aws.MODEL: on_aws.model_is_approved,
            aws.CLOUD_CONTROL: on_aws.package_is_approved,
            gcp.MODEL: on_gcp.model_is_approved,
            gcp.MODEL_GARDEN: on_gcp.garden_model_is_approved,
            azure.DEPLOYMENT: on_azure.model_is_approved,
            azure.MODEL_VERSION: on_azure.version_is_approved,
        },
        scope="stack",
        parameters={
            "models": parameter("How the URIs of approved models begin, like s3://approved-models/digits/.", [])
        },
    ),
    Control(
        id="SUP-09",
        title="Nodes run the image that the registry has, and may pull it",
        severity="low",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Pin the image by digest, or set imagePullPolicy: Always; add the pull secret to the pod.",
        checks=dict.fromkeys(WORKLOADS, images_are_current),
        parameters={
            "privateRegistries": parameter("Registries, or repositories, that ask pods for a pull secret.", [])
        },
    ),
)
