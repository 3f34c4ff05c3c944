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


class VertexVariable(Inputs):
    """An environment variable."""

    name: str
    """How the container knows it; names that begin with `AIP_` are Vertex AI's own."""

    value: str
    """What it says; `$(NAME)` stands for another variable."""


class VertexPort(Inputs):
    """A port that the container listens at."""

    container_port: Port
    """Its number."""


class VertexHttpGet(Inputs):
    """A request that a container answers when all is well."""

    path: Route
    """Where."""

    port: Port
    """At which port."""


class VertexProbe(Inputs):
    """How a container is asked how it is."""

    http_get: VertexHttpGet
    """By which request."""

    period_seconds: Annotated[int, Field(ge=1)]
    """How often. Google's text asks for less than the timeout."""

    timeout_seconds: Annotated[int, Field(ge=1)]
    """How long an answer may take."""

    failure_threshold: Annotated[int, Field(ge=1)]
    """How many bad answers are the end."""


class VertexContainer(Inputs):
    """The container that serves a model."""

    image_uri: Annotated[str, Field(pattern=r"@sha256:[0-9a-f]{64}$")]
    """The serving image in Artifact Registry of the region, by digest."""

    predict_route: Route
    """Its path of `predict`."""

    health_route: Route
    """Its path that answers 200 once it is ready."""

    args: tuple[str, ...] | None = None
    """Arguments of the image's entry point."""

    env: tuple[VertexVariable, ...] | None = None
    """Environment variables."""

    ports: Annotated[tuple[VertexPort, ...], Field(min_length=1, max_length=1)] | None = None
    """Where it listens; 8080 without it."""

    grpc_ports: Annotated[tuple[VertexPort, ...], Field(min_length=1, max_length=1)] | None = None
    """Where it listens for gRPC."""

    startup_probe: VertexProbe | None = None
    """How it is asked whether it has begun."""

    deployment_timeout: Annotated[str, Field(pattern=r"^[0-9]+s$")] | None = None
    """How long a deployment may take; two hours at most."""

    @model_validator(mode="after")
    def _own_variables(self) -> Self:
        if taken := [each.name for each in self.env or () if each.name.startswith("AIP_")]:
            raise ValueError(f"env sets {', '.join(taken)}, which Vertex AI sets itself")
        return self


class VertexEncryption(Inputs):
    """What something is encrypted with."""

    kms_key_name: Annotated[str, Field(pattern=rf"^{PLACE}/keyRings/{PART}/cryptoKeys/{PART}$")]
    """A key of the same region."""


class ModelInputs(Inputs):
    """A version of a model, and the container that serves it, in the words of Google's API.

    Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.models#Model
    """

    project: Project
    """Whose registry it is in."""

    location: Location
    """The region of the registry."""

    model_id: Annotated[str, Field(pattern=rf"^{NAME}$")]
    """The model that it is a version of; made unless it is there."""

    display_name: DisplayName
    """What people call the model."""

    container_spec: VertexContainer
    """What serves it."""

    artifact_uri: Annotated[str, Field(pattern=r"^gs://")]
    """The folder of the bundle in Cloud Storage. What lies there later on is of no account."""

    encryption_spec: VertexEncryption | None = None
    """The key that encrypts it."""

    version_description: Annotated[str, Field(max_length=1024)] = ""
    """What the version is."""

    labels: dict[LabelPart, LabelPart] = Field(default_factory=dict)
    """What it is found by."""

    version_aliases: tuple[Alias, ...] = ()
    """Other names of the version; one that another version has is taken from it."""

    seconds: Seconds = 3600
    """How long the upload may take."""


class VertexMachine(Inputs):
    """What a deployment runs on."""

    machine_type: str
    """Type of the machine, like `n2-standard-4`."""

    accelerator_type: str | None = None
    """Type of its accelerators, like `NVIDIA_L4`."""

    accelerator_count: Annotated[int, Field(ge=1)] | None = None
    """How many of them it has."""

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.accelerator_type is None) != (self.accelerator_count is None):
            raise ValueError("acceleratorType and acceleratorCount are given both or not at all")
        return self


class VertexMetric(Inputs):
    """What the number of machines follows."""

    metric_name: str
    """Full name of the metric."""

    target: Annotated[int, Field(ge=1)]
    """What it is to be on average."""


class VertexMachines(Inputs):
    """Machines that a deployment has for itself."""

    machine_spec: VertexMachine
    """What each of them is."""

    min_replica_count: Annotated[int, Field(ge=1)]
    """Fewest machines."""

    max_replica_count: Annotated[int, Field(ge=1)]
    """Most machines. Quota is counted by it."""

    autoscaling_metric_specs: Annotated[tuple[VertexMetric, ...], Field(min_length=1)] | None = None
    """What their number follows, where there may be more than the fewest; without it, 60 % of CPU and accelerators."""

    spot: bool | None = None
    """Whether they may be taken away."""

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if (most := self.max_replica_count) < (least := self.min_replica_count):
            raise ValueError(f"maxReplicaCount is {most}, less than minReplicaCount, which is {least}")
        return self


class DeployedModelInputs(Inputs):
    """A version of a model on machines of its own, behind an endpoint, in the words of Google's API.

    Source: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints#DeployedModel
    """

    endpoint: EndpointName
    """Where it is to answer."""

    model: VersionName
    """What is to answer."""

    display_name: DisplayName
    """What it is called; two deployments of one endpoint have different names."""

    dedicated_resources: VertexMachines
    """What it runs on."""

    service_account: str | None = None
    """Who the container is."""

    disable_container_logging: bool = False
    """Whether what the container says is not kept in Cloud Logging."""

    enable_access_logging: bool = False
    """Whether each request is noted there."""

    seconds: Seconds = 3600
    """How long the deployment may take."""


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
