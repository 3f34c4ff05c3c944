from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from .scalars import Digest, ImageReference, Name, Percent, Source, TargetName, Text
from .section import Section


def _text_or_output(value: Any) -> Any:
    if (isinstance(value, str) and value.strip()) or hasattr(value, "apply"):
        return value
    raise PydanticCustomError(
        "given", "Input should be {allowed}", {"allowed": "a name or an id, or an output of a resource"}
    )


Given = Annotated[Any, AfterValidator(_text_or_output), WithJsonSchema({"type": "string", "minLength": 1})]
"""A name or an id, or in Python an output of a resource that gives one later."""


class Existing(Section):
    """Infrastructure to use and not to make. What is given is never changed, tagged or deleted."""

    vpc: Given | None = None
    """Network that the service runs in."""

    subnets: tuple[Given, ...] = ()
    """Subnets of that network."""

    role: Given | None = None
    """Identity that the service runs as."""

    permissions_boundary: Given | None = None
    """Boundary for every role that is made."""

    key: Given | None = None
    """Encryption key."""

    bucket: Given | None = None
    """Bucket or container for models and captured data."""

    registry: Given | None = None
    """Image registry."""

    workspace: Given | None = None
    """Machine-learning workspace."""

    namespace: Given | None = None
    """Kubernetes namespace."""

    gateway: Given | None = None
    """Gateway or ingress that routes to the service."""

    topic: Given | None = None
    """Topic or channel that alerts go to."""


class Release(Section):
    """One version of a service."""

    source: Source
    """Its model, as in `model.source`."""

    digest: Digest | None = None
    """Digest that its bundle must have."""

    image: ImageReference | None = None
    """Its serving image; without it, the one of the service file."""


class Releases(Section):
    """The live versions of one service: `stable`, and while a rollout is on, `candidate`."""

    stable: Release
    """The version that answers by default."""

    candidate: Release | None = None
    """The version on trial."""

    weight: Percent = 0
    """Share of requests that the candidate answers, in percent."""

    mirror: Percent = 0
    """Share of requests copied to the candidate, in percent; its answers are dropped."""

    @model_validator(mode="after")
    def _candidate_and_weight_belong_together(self) -> Self:
        if self.candidate is not None and "weight" not in self.model_fields_set:
            raise ValueError("weight: a candidate needs its share of requests, 0 to 100")
        if self.candidate is None and (self.weight or self.mirror):
            raise ValueError(f"{'weight' if self.weight else 'mirror'}: there is no candidate to send requests to")
        return self


class Patch(Section):
    """Changes to one resource, merged last: the escape hatch."""

    properties: dict[str, Any] = Field(default_factory=dict)
    """Inputs of the resource; null removes one."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Resource options, like protect."""


class Environment(Section):
    """Where services run: the `modelport:` part of a stack file as types."""

    stack: Text
    """Name of the stack."""

    project: Text = "modelport"
    """Name of the Pulumi project."""

    targets: Annotated[tuple[TargetName, ...], Field(min_length=1)]
    """Where each service runs; `target` is short for a list of one."""

    services: tuple[Name, ...] = ()
    """Services of the stack: names of service files without `.yaml`."""

    environment: Literal["dev", "test", "prod"] = "prod"
    """What the stack is for; policies are strictest for prod."""

    existing: Existing = Existing()
    """Infrastructure to use and not to make."""

    releases: dict[Name, Releases] = Field(default_factory=dict)
    """Live versions of a service; without an entry the service file's model is stable and gets every request."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """A partial service file that is merged into each service of the stack, last."""

    resources: dict[str, Patch] = Field(default_factory=dict)
    """Changes to single resources by logical name, merged last."""

    regions: dict[TargetName, Text] = Field(default_factory=dict)
    """Region per target; a stack file says `aws:region`, `gcp:region` and `azure-native:location`."""

    @model_validator(mode="after")
    def _targets_are_distinct(self) -> Self:
        if len(set(self.targets)) < len(self.targets):
            raise ValueError("targets: each target at most once")
        return self
