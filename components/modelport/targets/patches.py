"""The escape hatch: `modelport:resources` changes the inputs and options of single resources, last of all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

import pulumi

from modelport.spec import ConfigError, Environment, Patch, Problem, did_you_mean

KEY = "modelport:resources"
OPTIONS = {
    "additionalSecretOutputs": "additional_secret_outputs",
    "customTimeouts": "custom_timeouts",
    "deleteBeforeReplace": "delete_before_replace",
    "ignoreChanges": "ignore_changes",
    "protect": "protect",
    "replaceOnChanges": "replace_on_changes",
    "retainOnDelete": "retain_on_delete",
}


class Kind(Protocol):
    """A resource class."""

    @property
    def inputs(self) -> Collection[str]:
        """Names of its inputs."""


def patches_of(component: str, environment: Environment, kinds: Mapping[str, Kind]) -> dict[str, Patch]:
    """The patches of a component's resources by role.

    Args:
        component: its logical name.
        kinds: class of each of its resources by role.

    Raises:
        ConfigError: every patch of an unknown resource, property or option.
    """
    prefix = f"{component}-"
    own = {name.removeprefix(prefix): patch for name, patch in environment.resources.items() if name.startswith(prefix)}
    if problems := [problem for role, patch in own.items() for problem in _problems(prefix, role, patch, kinds)]:
        raise ConfigError(problems)
    return own


def patched_inputs(inputs: Mapping[str, Any], patch: Patch) -> dict[str, Any]:
    """The inputs with the patch merged over them: maps deeply, null removes."""
    merged = dict(inputs)
    for name, value in patch.properties.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(name), Mapping):
            merged[name] = patched_inputs(merged[name], Patch(properties=dict(value)))
        else:
            merged[name] = value
    return merged


def patched_options(options: pulumi.ResourceOptions, patch: Patch) -> pulumi.ResourceOptions:
    """The options with those of the patch over them."""
    more = pulumi.ResourceOptions(**{OPTIONS[name]: value for name, value in patch.options.items()})
    return pulumi.ResourceOptions.merge(options, more)


def _problems(prefix: str, role: str, patch: Patch, kinds: Mapping[str, Kind]) -> Iterator[Problem]:
    name = prefix + role
    if role not in kinds:
        hint = did_you_mean(name, [prefix + kind for kind in kinds])
        yield Problem("no such resource.", path=f"{KEY}.{name}", hint=hint)
        return
    for what, given, known in (
        ("properties", patch.properties, kinds[role].inputs),
        ("options", patch.options, OPTIONS),
    ):
        for unknown in given.keys() - set(known):
            path = f"{KEY}.{name}.{what}.{unknown}"
            yield Problem("unknown name.", path=path, hint=did_you_mean(unknown, known))
