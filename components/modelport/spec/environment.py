from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from .document import Document
from .existing import Existing
from .fields import alias_of
from .gpu_pools import GpuPools
from .problem import ConfigError
from .releases import Releases
from .scalars import ImageReference, Name, Names, TargetName, Targets, Text
from .section import Section, broken_rule
from .service import ModelSpec
from .validation import problems, validate

NAMESPACE = "modelport:"
REGION_KEYS: Mapping[str, TargetName] = {
    "aws:region": "sagemaker",
    "gcp:region": "vertex",
    "azure-native:location": "azureml",
}


class Patch(Section):
    """Changes to one resource, merged last: the escape hatch."""

    properties: dict[str, Any] = Field(default_factory=dict)
    """Inputs of the resource; null removes one."""

    options: dict[str, Any] = Field(default_factory=dict)
    """Resource options, like protect."""


class StackSettings(Section):
    """What a stack file and an environment made in Python have in common."""

    services: Names = ()
    """Services of the stack: names of service files without `.yaml`."""

    environment: Literal["dev", "test", "prod"] = "prod"
    """What the stack is for; policies are strictest for prod."""

    existing: Existing = Existing()
    """Infrastructure to use and not to make."""

    image: ImageReference | None = None
    """Serving image of services that name none of their own, pinned by digest: `HOST/REPOSITORY@sha256:...`, or an OCI
    layout, `oci-layout:FOLDER@sha256:...`, that is copied to `existing.registry`."""

    gpu_image: ImageReference | None = None
    """Serving image of services with an accelerator, likewise; without it, `image`."""

    gpu_pools: GpuPools = GpuPools()
    """GPUs of a Kubernetes cluster: its nodes that have them, how they are shared, and in which order they are used."""

    releases: dict[Name, Releases] = Field(default_factory=dict)
    """Live versions of a service; without an entry the service file's model is stable and gets every request."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """A partial service file that is merged into each service of the stack, last."""

    resources: dict[str, Patch] = Field(default_factory=dict)
    """Changes to single resources by logical name, merged last."""


class StackConfig(StackSettings):
    """The `modelport:` keys of a stack file."""

    target: TargetName | None = None
    """Where each service runs: short for `targets` with one element."""

    targets: Targets | None = None
    """Where each service runs, once on each target."""

    @model_validator(mode="after")
    def _one_way_to_name_targets(self) -> Self:
        if self.target is not None and self.targets is not None:
            raise broken_rule("target is short for targets with one element; keep one of the two", "targets", "target")
        if self.target is None and self.targets is None:
            raise broken_rule("required, but missing: where the services run", "target", "targets")
        return self

    @model_validator(mode="after")
    def _pools_are_of_a_cluster(self) -> Self:
        if self.gpu_pools.pools and "kubernetes" not in (self.target, *(self.targets or ())):
            raise broken_rule("only the target kubernetes has pools of GPUs", "gpuPools", "target")
        return self


class Environment(StackSettings):
    """Where services run: what a stack file says, as types."""

    stack: Text
    """Name of the stack."""

    project: Text = "modelport"
    """Name of the Pulumi project."""

    targets: Targets
    """Where each service runs, once on each target."""

    regions: dict[TargetName, Text] = Field(default_factory=dict)
    """Region per target; a stack file says `aws:region`, `gcp:region` and `azure-native:location`."""

    @classmethod
    def from_config(
        cls, config: Mapping[str, Any], *, stack: str, project: str = "modelport", secret: Collection[str] = ()
    ) -> Self:
        """The environment that a stack's config describes.

        Args:
            config: full keys (`modelport:target`) to values; lists and maps may be JSON texts, as Pulumi gives them.
            stack: name of the stack.
            project: name of the Pulumi project.
            secret: keys whose values errors must not show.

        Raises:
            ConfigError: all problems of the `modelport:` keys; keys of other namespaces are passed by.
        """
        return cls.from_document(Document.of(dict(config), "stack config"), stack=stack, project=project, secret=secret)

    @classmethod
    def from_document(cls, document: Document, *, stack: str, project: str, secret: Collection[str] = ()) -> Self:
        """The same from config with its places in a file; an encrypted value counts as absent.

        Raises:
            ConfigError: as `from_config`.
        """
        own = _own(document)
        hidden = {key.removeprefix(NAMESPACE) for key in secret}
        found = problems(StackConfig, own, prefix=NAMESPACE, hidden=hidden)
        if own.at("overrides").data is not None:
            prefix = f"{NAMESPACE}overrides."
            inside = {alias_of(*item) for item in ModelSpec.model_fields.items()} if "overrides" in hidden else ()
            found += problems(ModelSpec, own.at("overrides"), prefix=prefix, hidden=inside, partial=True)
        if found:
            raise ConfigError(found)
        config = validate(StackConfig, own)
        targets = config.targets or ((config.target,) if config.target else ())
        regions = {target: document.data.get(key) for key, target in REGION_KEYS.items()}
        given = {name: getattr(config, name) for name in config.model_fields_set - {"target", "targets"}}
        return cls(
            stack=stack,
            project=project,
            targets=targets,
            regions={
                target: region for target, region in regions.items() if isinstance(region, str) and region.strip()
            },
            **given,
        )

    def to_config(self) -> dict[str, Any]:
        """The config that gives this environment again through `from_config`, as plain data."""
        given = self.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"stack", "project", "regions"})
        regions = {key: self.regions[target] for key, target in REGION_KEYS.items() if target in self.regions}
        return {**{NAMESPACE + key: value for key, value in given.items()}, **regions}


def _own(document: Document) -> Document:
    """The `modelport:` keys without their namespace, with JSON texts decoded."""
    readable = document.without_encrypted().data
    data = {
        name: _decoded(readable.get(key), document.origin)
        for key in document.data
        if _is_own(key) and ((name := key.removeprefix(NAMESPACE)) not in StackConfig.model_fields or key in readable)
    }
    marks = {
        (str(keys[0]).removeprefix(NAMESPACE), *keys[1:]): mark
        for keys, mark in document.marks.items()
        if keys and _is_own(keys[0])
    }
    return Document(data, marks, document.origin)


def _is_own(key: str | int) -> bool:
    return isinstance(key, str) and key.startswith(NAMESPACE)


def _decoded(value: Any, origin: str) -> Any:
    """The structure that a JSON text holds; anything else as it is."""
    if not (isinstance(value, str) and value.lstrip().startswith(("{", "["))):
        return value
    try:
        return Document.of(json.loads(value), origin).data
    except (ValueError, RecursionError):
        return value
