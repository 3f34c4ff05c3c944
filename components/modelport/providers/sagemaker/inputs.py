from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from modelport.providers.inputs import AbsolutePath, Digest, Inputs

Fact = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\w\s.:/=+@-]*$")]
"""A value of a package's metadata: botocore, CreateModelPackage, CustomerMetadataValue."""


class EndpointInputs(Inputs):
    """An endpoint, when it is in service."""

    region: str
    """Where the endpoint is."""

    endpoint: str
    """Its name."""

    configuration: str
    """The name of the configuration that it has to run."""

    seconds: Annotated[int, Field(ge=1)] = 3600
    """How long the endpoint may take until it is in service."""


class SmokeTestInputs(EndpointInputs):
    """An endpoint, and what it has to answer."""

    bundles: Annotated[dict[str, AbsolutePath], Field(min_length=1)]
    """The folder of the bundle that each of its variants serves, by the variant's name."""

    digests: dict[str, Digest]
    """What these bundles are."""


class VariantsInputs(Inputs):
    """An endpoint, and what it is about to have."""

    region: str
    """Where the endpoint is."""

    endpoint: str
    """Its name; it may not be there yet."""

    variants: dict[str, str]
    """The instance types of its variants that answer callers, by name."""


class WeightsInputs(EndpointInputs):
    """An endpoint, and the shares of its variants."""

    weights: Annotated[dict[str, Annotated[int, Field(ge=0, le=100)]], Field(min_length=1)]
    """Percent of the requests, by the variant's name."""


class ModelPackageInputs(Inputs):
    """A version of a model in the registry."""

    region: str
    """Where the registry is."""

    group: Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]
    """The name of the model package group, which is made unless it is there."""

    digest: Digest
    """The digest of the bundle."""

    image: str
    """The serving image, by digest."""

    model: str
    """Where the bundle lies in S3: a folder, or with `packed` an archive."""

    packed: bool = False
    """Whether it is an archive."""

    approval: Literal["Approved", "PendingManualApproval", "Rejected"]
    """Who may use it."""

    description: Annotated[str, Field(max_length=1024)]
    """What it is."""

    realtime: tuple[str, ...] = ()
    """Instance types that it is meant for, of endpoints."""

    transform: tuple[str, ...] = ()
    """The same of transform jobs."""

    metadata: Annotated[dict[str, Fact], Field(max_length=49)] = Field(default_factory=dict)
    """What else is known of it."""

    tags: dict[str, str] = Field(default_factory=dict)
    """Those of the group."""
