"""What an image's reference says: its registry, and whether it is the same for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

PUBLIC = (
    *("docker.io", "index.docker.io", "registry-1.docker.io", "quay.io", "ghcr.io", "gcr.io", "registry.k8s.io"),
    *("k8s.gcr.io", "public.ecr.aws", "mcr.microsoft.com", "nvcr.io", "registry.gitlab.com"),
)
"""Registries where everybody puts images."""
SHA256 = re.compile(r"[0-9a-f]{64}")
DIGEST = re.compile(f"sha256:{SHA256.pattern}")


def has_digest(image: str) -> bool:
    """Whether an image is the same for ever."""
    return bool(DIGEST.fullmatch(image.rpartition("@")[2] if "@" in image else ""))


def not_from_here(images: Iterable[tuple[str, str]], registries: Sequence[str]) -> Iterable[str]:
    """What is wrong with images, given as (what for, image), that come from other registries than these; without any,
    from one that is open to everybody.
    """
    for who, image in images:
        registry = registry_of(image)
        if registries and not is_of(image, registries):
            yield f"{who} comes from {registry}, not from {' or '.join(registries)}"
        elif not registries and registry in PUBLIC:
            yield f"{who} comes from {registry}, where everybody puts images"


def registry_of(image: str) -> str:
    """The host of an image; Docker's own where it names none."""
    host, _, rest = image.partition("/")
    return host if rest and ("." in host or ":" in host or host == "localhost") else "docker.io"


def is_of(image: str, registries: Sequence[str]) -> bool:
    """Whether an image is of one of these registries, or repositories of them."""
    full = image if registry_of(image) != "docker.io" or image.startswith("docker.io/") else f"docker.io/{image}"
    return any(re.match(re.escape(each.rstrip("/")) + "[/:@]", full) for each in registries)
