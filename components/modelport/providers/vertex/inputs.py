from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from modelport.providers.inputs import Inputs

from .google import GoogleError

T = TypeVar("T", bound=Inputs)

PART = r"[^/@\s]+"
PLACE = rf"projects/{PART}/locations/{PART}"
NAME = r"[a-z_][a-z0-9_-]{0,62}"
"""Of a model. Source: UploadModelRequest.model_id."""

Project = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.:-]*$")]
"""An id or a number."""
Location = Annotated[str, Field(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]
EndpointName = Annotated[str, Field(pattern=rf"^{PLACE}/endpoints/{PART}$")]
VersionName = Annotated[str, Field(pattern=rf"^{PLACE}/models/{PART}@{PART}$")]
DisplayName = Annotated[str, Field(min_length=1, max_length=128)]
Alias = Annotated[str, Field(pattern=r"^[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]$")]
"""Source: Model.version_aliases."""
LabelPart = Annotated[str, Field(max_length=63, pattern=r"^[\w-]*$")]
Route = Annotated[str, Field(pattern=r"^/")]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[int, Field(ge=1, le=4 * 3600)]
DeployedId = Annotated[str, Field(pattern=r"^[0-9]{1,10}$")]
"""Source: DeployedModel.id."""


class ModelInputs(Inputs):
    """A version of a model, and the container that serves it."""

    project: Project
    """Whose registry it is in."""

    location: Location
    """The region of the registry."""

    name: Annotated[str, Field(pattern=rf"^{NAME}$")]
    """The model that it is a version of; made unless it is there."""

    display_name: DisplayName
    """What people call the model."""

    description: Annotated[str, Field(max_length=1024)] = ""
    """What the version is."""

    image: Annotated[str, Field(pattern=r"@sha256:[0-9a-f]{64}$")]
    """The serving image in Artifact Registry of the region, by digest."""

    artifacts: Annotated[str, Field(pattern=r"^gs://")]
    """The folder of the bundle in Cloud Storage. What lies there later on is of no account."""

    port: Port = 8080
    """Where the container listens."""

    grpc_port: Port | None = None
    """Where it listens for gRPC."""

    predict_route: Route
    """Its path of `predict`."""

    health_route: Route
    """Its path that answers 200 once it is ready."""

    environment: dict[str, str] = Field(default_factory=dict)
    """Environment variables; those that begin with `AIP_` are Vertex AI's own."""

    args: tuple[str, ...] = ()
    """Arguments of the image's entry point."""

    startup_seconds: Annotated[int, Field(ge=1, le=7200)] = 600
    """How long the container may take until it is ready."""

    kms_key: str | None = None
    """The key that encrypts it, `projects/.../cryptoKeys/...`, of the same region."""

    labels: dict[LabelPart, LabelPart] = Field(default_factory=dict)
    """What it is found by."""

    aliases: tuple[Alias, ...] = ()
    """Other names of the version; one that another version has is taken from it."""

    seconds: Seconds = 3600
    """How long the upload may take."""

    @model_validator(mode="after")
    def _own_variables(self) -> Self:
        if taken := [name for name in self.environment if name.startswith("AIP_")]:
            raise ValueError(f"environment sets {', '.join(taken)}, which Vertex AI sets itself")
        return self


class DeployedModelInputs(Inputs):
    """A version of a model on machines of its own, behind an endpoint."""

    endpoint: EndpointName
    """Where it is to answer."""

    model: VersionName
    """What is to answer."""

    name: DisplayName
    """What it is called; two deployments of one endpoint have different names."""

    machine: str
    """Machine type."""

    accelerator: str | None = None
    """Type of its accelerators, in the words of the API, like `NVIDIA_L4`."""

    accelerators: Annotated[int, Field(ge=0)] = 0
    """How many of them a machine has."""

    minimum: Annotated[int, Field(ge=1)] = 1
    """Fewest machines."""

    maximum: Annotated[int, Field(ge=1)] = 1
    """Most machines. Quota is counted by it."""

    targets: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    """What each metric is to be on average, by the metric's full name, where there may be more machines than the
    fewest."""

    spot: bool = False
    """Whether the machines may be taken away."""

    service_account: str | None = None
    """Who the container is."""

    container_logs: bool = True
    """Whether what the container says is kept in Cloud Logging."""

    access_logs: bool = False
    """Whether each request is noted there."""

    seconds: Seconds = 3600
    """How long the deployment may take."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.maximum < self.minimum:
            raise ValueError(f"maximum is {self.maximum}, less than minimum, which is {self.minimum}")
        if bool(self.accelerator) != bool(self.accelerators):
            raise ValueError("accelerator and accelerators are given both or not at all")
        return self


class TrafficSplitInputs(Inputs):
    """Which deployments of an endpoint get its requests."""

    endpoint: EndpointName
    """Whose requests."""

    percentages: Annotated[dict[DeployedId, Annotated[int, Field(ge=0, le=100)]], Field(min_length=1)]
    """Percent of the requests, by the id of the deployed model; 100 in all."""

    @model_validator(mode="after")
    def _all(self) -> Self:
        if (total := sum(self.percentages.values())) != 100:
            raise ValueError(f"percentages come to {total}, and have to come to 100")
        return self


def validated(kind: type[T], id: str, values: Mapping[str, Any]) -> T:
    """The inputs that would make what is there.

    Raises:
        GoogleError: no inputs would.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise GoogleError(id, f"is not as modelport makes it:\n    {'; '.join(problems)}") from None
