"""What a policy pack is told: level and properties of each policy, from the pack itself and from the user's file."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.protocol.messages import analyzer_pb2 as pb
from modelport_engine.protocol.values import from_struct

LEVELS = ("advisory", "mandatory", "disabled", "remediate")  # as the protocol numbers them
EVERYONE = "all"

# How Pulumi words what a schema forbids; anything else is told in the words of the validator.
WORDS = {
    "type": "Invalid type. Expected: {wanted}, given: {given}",
    "enum": "{name} must be one of the following: {wanted}",
    "minimum": "Must be greater than or equal to {wanted}",
    "maximum": "Must be less than or equal to {wanted}",
}
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


class InvalidPolicyConfig(EngineError):
    """The configuration of a policy pack is wrong; the message has a line for each problem."""


@dataclass(frozen=True)
class PolicyConfig:
    """Level, empty where none is given, and properties of one policy."""

    level: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)

    def over(self, other: "PolicyConfig") -> "PolicyConfig":
        """This where it says something, else the other."""
        return PolicyConfig(self.level or other.level, {**other.properties, **self.properties})


def read(file: Path) -> dict[str, PolicyConfig]:
    """What the user's JSON file says, by policy. Raises InvalidPolicyConfig for what is no configuration."""
    try:
        given = json.loads(file.read_text().strip() or "{}")
    except (OSError, ValueError) as error:
        raise InvalidPolicyConfig(f"{file}: cannot be read as JSON: {error}") from error
    if not isinstance(given, dict):
        raise InvalidPolicyConfig(f"{file}: must be an object that maps policies to levels or properties")
    if "environments" in given:
        raise InvalidPolicyConfig(f"{file}: specifies ESC environments, which a file backend does not support")
    return {policy: _given(file, policy, value) for policy, value in given.items()}


def configured(info: pb.AnalyzerInfo, given: Mapping[str, PolicyConfig]) -> dict[str, PolicyConfig]:
    """Each policy's own level and defaults, then the pack's initial config, then what the user gave.

    Raises:
        InvalidPolicyConfig: when the result is not what the policies' schemas ask for.
    """
    found = {policy.name: PolicyConfig(LEVELS[policy.enforcementLevel], _defaults(policy)) for policy in info.policies}
    initial = {
        name: PolicyConfig(LEVELS[config.enforcementLevel], from_struct(config.properties))
        for name, config in info.initialConfig.items()
    }
    for layer in (initial, given):
        if level := layer.get(EVERYONE, PolicyConfig()).level:
            found = {name: replace(config, level=level) for name, config in found.items()}
        found |= {name: config.over(found.get(name, PolicyConfig())) for name, config in layer.items()}
    schemas = [policy for policy in info.policies if policy.HasField("configSchema")]
    if problems := [problem for policy in schemas for problem in _problems(policy, found[policy.name])]:
        lines = sorted(f"{info.name} {info.version}  {problem}" for problem in problems)
        raise InvalidPolicyConfig("\n".join(f"validating policy config: {line}" for line in lines))
    for name, config in found.items():
        if not config.level:
            known = ", ".join(sorted(policy.name for policy in info.policies))
            raise InvalidPolicyConfig(f"policy pack {info.name} has no policy {name!r}, only {known}")
    return found


def request(config: Mapping[str, PolicyConfig]) -> pb.ConfigureAnalyzerRequest:
    """The configuration as a pack is told it."""
    message = pb.ConfigureAnalyzerRequest()
    for name, each in config.items():
        entry = message.policyConfig[name]
        entry.enforcementLevel = pb.EnforcementLevel.Value(each.level.upper())
        entry.properties.SetInParent()
        entry.properties.update(each.properties)
    return message


def _given(file: Path, policy: str, value: Any) -> PolicyConfig:
    if not isinstance(value, str | dict):
        raise InvalidPolicyConfig(f"{file}: parsing {policy!r}: {value} is not a level, nor an object with properties")
    properties = {"enforcementLevel": value} if isinstance(value, str) else dict(value)
    level = properties.pop("enforcementLevel", None)
    if level is not None and level not in LEVELS:
        raise InvalidPolicyConfig(
            f"{file}: parsing enforcement level for {policy!r}: {level!r} is none of {', '.join(LEVELS)}"
        )
    return PolicyConfig(level or "", properties)


def _defaults(policy: pb.PolicyInfo) -> dict[str, Any]:
    properties = from_struct(policy.configSchema.properties)
    return {name: schema["default"] for name, schema in properties.items() if "default" in schema}


def _problems(policy: pb.PolicyInfo, config: PolicyConfig) -> Iterable[str]:
    from jsonschema import Draft7Validator  # few packs have a schema

    schema = {"type": "object", "properties": from_struct(policy.configSchema.properties)}
    for name in policy.configSchema.required:
        if name not in config.properties:
            yield f"{policy.name}: {name} is required"
    for error in Draft7Validator(schema).iter_errors(config.properties):
        path = ".".join(map(str, error.absolute_path))
        yield f"{policy.name}: {path}: {_worded(error, path.rpartition('.')[2])}"


def _worded(error: Any, name: str) -> str:
    wanted, given = error.validator_value, TYPES.get(type(error.instance), "null")
    if isinstance(wanted, list):
        wanted = ", ".join(json.dumps(item) for item in wanted)
    words = WORDS.get(error.validator)
    return words.format(name=name, wanted=wanted, given=given) if words else str(error.message)
