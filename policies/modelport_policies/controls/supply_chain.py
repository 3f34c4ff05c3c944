"""SUP: what runs is exactly what was reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from modelport_policies.control import ADVICE, SEVERE, Control, Levels, NotApplicable, parameter
from modelport_policies.kubernetes import CONFIG_MAP, WORKLOADS, containers, pod_spec, volumes
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

FRAMEWORKS = ("NIST SR-4", "NIST SI-7", "NIST CM-14", "ISO27001 A.5.21", "SOC2 CC8.1", "EU AI Act 15(5)", "SLSA")
PUBLIC = (
    *("docker.io", "index.docker.io", "registry-1.docker.io", "quay.io", "ghcr.io", "gcr.io", "registry.k8s.io"),
    *("k8s.gcr.io", "public.ecr.aws", "mcr.microsoft.com", "nvcr.io", "registry.gitlab.com"),
)
"""Registries where everybody puts images."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MODEL, DIGEST_OF_MODEL = "MODELPORT_MODEL", "MODELPORT_DIGEST"
"""Settings of modelport's server: where the model is, and which one is served and no other."""


def images_are_pinned(workload: Resource) -> Iterable[str]:
    """`image` of every container ends in `@sha256:` and 64 hex digits."""
    for name, container in containers(workload):
        image = text(at(container, "image"))
        if not has_digest(image):
            yield f"container {name} runs {image or 'no image'}, which is not pinned by digest"


def has_digest(image: str) -> bool:
    """Whether an image is the same for ever."""
    return bool(DIGEST.fullmatch(image.rpartition("@")[2] if "@" in image else ""))


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
    registries = workload.parameters["registries"]
    for who, image in images(workload):
        registry = registry_of(image)
        if registries and not is_of(image, registries):
            yield f"{who} comes from {registry}, not from {' or '.join(registries)}"
        elif not registries and registry in PUBLIC:
            yield f"{who} comes from {registry}, where everybody puts images"


def images(workload: Resource) -> Iterator[tuple[str, str]]:
    """What a workload's nodes pull, as (what for, image)."""
    for name, container in containers(workload):
        yield f"container {name}", text(at(container, "image"))
    for name, volume in volumes(workload):
        if is_set(volume, "image"):
            yield f"volume {name}", text(at(volume, "image", "reference"))


def registry_of(image: str) -> str:
    """The host of an image; Docker's own where it names none."""
    host, _, rest = image.partition("/")
    return host if rest and ("." in host or ":" in host or host == "localhost") else "docker.io"


def is_of(image: str, registries: Sequence[str]) -> bool:
    """Whether an image is of one of these registries, or repositories of them."""
    full = image if registry_of(image) != "docker.io" or image.startswith("docker.io/") else f"docker.io/{image}"
    return any(re.match(re.escape(each.rstrip("/")) + "[/:@]", full) for each in registries)


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
        checks=dict.fromkeys(WORKLOADS, images_are_pinned),
    ),
    Control(
        id="SUP-07",
        title="The model is an immutable artifact with a sha256",
        severity="high",
        levels=Levels("mandatory", "mandatory", "mandatory"),
        frameworks=FRAMEWORKS,
        remediation="Give the digest of the bundle (`modelport bundle build` prints it), or of the image that has it.",
        checks={
            "modelport:local:Server": model_is_pinned,
            CONFIG_MAP: settings_pin_the_model,
            **dict.fromkeys(WORKLOADS, models_of_pods_are_pinned),
        },
    ),
    Control(
        id="SUP-02",
        title="Images come from a registry of one's own",
        severity="high",
        levels=SEVERE,
        frameworks=FRAMEWORKS,
        remediation="Copy the image to a registry of your own, and name yours in the parameter registries.",
        checks=dict.fromkeys(WORKLOADS, images_come_from_here),
        parameters={
            "registries": parameter(
                "Registries, or repositories (HOST/PATH), that images may come from. Without any, all but "
                f"{', '.join(PUBLIC)}.",
                [],
            )
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
