from __future__ import annotations

import re
from dataclasses import dataclass

from modelport.spec import Environment, ModelSpec


@dataclass(frozen=True)
class TagRule:
    """What a platform takes as a tag.

    Attributes:
        key_length, value_length: in characters.
        forbidden: regular expression of a character that may not stand in keys and values.
        lower: whether there are no capital letters.
    """

    key_length: int
    value_length: int
    forbidden: str
    lower: bool = False

    def key(self, text: str) -> str:
        """The nearest key that the platform takes; camelCase becomes snake_case where it has no capital letters."""
        spelled = re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", text) if self.lower else text
        return self._fitted(spelled, self.key_length)

    def value(self, text: str) -> str:
        """The nearest value that the platform takes."""
        return self._fitted(text, self.value_length)

    def _fitted(self, text: str, length: int) -> str:
        cased = text.lower() if self.lower else text
        return re.sub(rf"({self.forbidden})+", "-", cased)[:length].strip("-_. ")


def tags(spec: ModelSpec, environment: Environment, rule: TagRule) -> dict[str, str]:
    """The tags of every resource of a service: `metadata.labels`, and what modelport says itself, which wins."""
    given = {**spec.metadata.labels, **_own(spec, environment)}
    fitted = {rule.key(key): rule.value(value) for key, value in given.items() if value}
    return {key: value for key, value in fitted.items() if value}


def clashing_labels(spec: ModelSpec, environment: Environment, rule: TagRule) -> list[str]:
    """Labels that would end up under the key of another tag."""
    taken = {rule.key(key) for key in _own(spec, environment)}
    clashing = []
    for label in spec.metadata.labels:
        if (key := rule.key(label)) in taken:
            clashing.append(label)
        taken.add(key)
    return clashing


def _own(spec: ModelSpec, environment: Environment) -> dict[str, str | None]:
    return {
        "owner": spec.metadata.owner,
        "costCenter": spec.metadata.cost_center,
        "service": spec.metadata.name,
        "stack": environment.stack,
        "environment": environment.environment,
        "dataClass": spec.security.data_class,
        "riskClass": spec.governance.risk_class,
        "managedBy": "modelport",
    }
