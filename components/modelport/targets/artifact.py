"""Images and bundles where a target takes them from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pulumi

from modelport.bundle import Bundle
from modelport.bundle.transfer import BESIDE
from modelport.providers.artifact import ArtifactBundle as BundleCrud
from modelport.providers.artifact import ArtifactImage as ImageCrud

from .children import Children
from .images import LAYOUT
from .provider import OwnResource
from .running import project_root


class ArtifactImage(OwnResource):
    """An image, copied to a registry by digest; `props` are the inputs of `modelport:artifact:Image`."""

    crud = ImageCrud

    reference: pulumi.Output[str]
    digest: pulumi.Output[str]
    platforms: pulumi.Output[list[str]]
    size: pulumi.Output[int]


class ArtifactBundle(OwnResource):
    """A model bundle, uploaded to a store; `props` are the inputs of `modelport:artifact:Bundle`."""

    crud = BundleCrud

    uri: pulumi.Output[str]
    digest: pulumi.Output[str]
    size: pulumi.Output[int]
    contents: pulumi.Output[dict[str, str]]


def bundle_inputs(bundle: Bundle) -> dict[str, str]:
    """What the inputs of `ArtifactBundle` say of a bundle that is here."""
    revision = hashlib.sha256()
    for name in BESIDE:
        file = Path(bundle.path, name)
        content = file.read_bytes() if file.is_file() else b""
        revision.update(hashlib.sha256(content).digest())
    return {"bundle": str(bundle.path.absolute()), "digest": bundle.digest, "revision": revision.hexdigest()}


def copied_image(
    own: Children, role: str, image: str, repository: pulumi.Input[str], platform: str | None = None
) -> pulumi.Output[str]:
    """An image that runs on a platform, copied to a repository: its reference there, by digest."""
    source, _, digest = image.rpartition("@")
    inputs = {
        "source": _layout(source) if source.startswith(LAYOUT) else image,
        "digest": digest,
        "repository": repository,
        **({"platform": platform} if platform else {}),
    }
    return own.make(ArtifactImage, role, inputs).reference


def _layout(source: str) -> str:
    """An OCI layout by its absolute path; a relative one starts at the project's folder."""
    return LAYOUT + str(project_root() / Path(source.removeprefix(LAYOUT)))
