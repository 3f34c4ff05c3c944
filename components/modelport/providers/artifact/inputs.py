from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from modelport.providers.inputs import AbsolutePath, Digest, Inputs

from .reference import LAYOUT, Reference, is_layout

STORES = (
    "s3://BUCKET/PREFIX",
    "gs://BUCKET/PREFIX",
    "azblob://ACCOUNT/CONTAINER/PREFIX",
    "oci://HOST/REPOSITORY",
    "/FOLDER",
)


def _image(source: str) -> str:
    if is_layout(source):
        if not Path(source.removeprefix(LAYOUT)).is_absolute():
            raise ValueError("the path of an OCI layout must be absolute")
    elif not ((found := Reference.parse(source)).tag or found.digest):
        raise ValueError("must end with @sha256:DIGEST or :TAG")
    return source


def _repository(address: str) -> str:
    if str(Reference.parse(address).repository_only) != address:
        raise ValueError("must be HOST/REPOSITORY, without a tag or a digest")
    return address


def _target(address: str) -> str:
    scheme, found, rest = address.partition("://")
    host, _, name = rest.partition("/")
    complete = {"s3": host, "gs": host, "azblob": host and name, "oci": host and name}
    if not (complete.get(scheme) if found else Path(address).is_absolute()):
        raise ValueError(f"must be one of {', '.join(STORES)}")
    if found and ("?" in address or "@" in address):
        raise ValueError("must hold no query, credentials or digest")
    if scheme == "oci":
        _repository(rest)
    return address.rstrip("/")


class ArtifactInputs(Inputs):
    """What both kinds of artefact have."""

    digest: Digest
    """What the artefact must be."""

    prune: bool = False
    """Whether it is deleted with the resource. It may be shared: without this it stays."""

    tags: dict[str, str] = Field(default_factory=dict)
    """Who the artefact belongs to; the store does not know them."""


class ImageInputs(ArtifactInputs):
    """An image, and the repository that it is to be in."""

    source: Annotated[str, AfterValidator(_image)]
    """Where it is: `HOST/REPOSITORY@sha256:DIGEST`, `HOST/REPOSITORY:TAG`, or the path of an OCI layout."""

    repository: Annotated[str, AfterValidator(_repository)]
    """Where it is to be: `HOST/REPOSITORY`."""

    tag: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")] | None = None
    """Tag that it gets there; without it, the digest's hex: what bears no tag is cleaned up by many registries."""

    platform: Annotated[str, Field(pattern=r"^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$")] | None = None
    """What it has to run on, such as `linux/amd64`; an image without that is not brought anywhere."""

    @field_validator("source")
    @classmethod
    def _names_the_digest(cls, source: str, given: ValidationInfo) -> str:
        named = "" if is_layout(source) else Reference.parse(source).digest
        if named and named != given.data.get("digest", named):
            raise ValueError(f"names {named}, digest says {given.data['digest']}")
        return source

    @property
    def reference(self) -> str:
        """As deployments name it."""
        return f"{self.repository}@{self.digest}"


class BundleInputs(ArtifactInputs):
    """A bundle, and the store that it is to be in."""

    bundle: AbsolutePath
    """Folder of the model bundle."""

    target: Annotated[str, AfterValidator(_target)]
    """Where it is to be, in a folder named by its digest: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`,
    `azblob://ACCOUNT/CONTAINER/PREFIX`, an absolute path, or as an artefact `oci://HOST/REPOSITORY`."""

    packed: bool | None = None
    """Whether the folder there holds `model.tar.gz` in place of the files, for platforms that unpack it; not in OCI."""

    revision: str | None = None
    """Hash of what lies outside the digest (sample, answer, baseline, signature): another one is uploaded again."""

    region: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")] | None = None
    """Where a bucket of S3 is; without it, where AWS's tools look. Other partitions know no buckets of this one."""

    @field_validator("packed")
    @classmethod
    def _in_a_folder(cls, packed: bool | None, given: ValidationInfo) -> bool | None:
        if packed and given.data.get("target", "").startswith("oci://"):
            raise ValueError("an OCI artefact has its files as layers, and no archive")
        return packed
