from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from modelport.spec import Environment, Loaded, ModelSpec, leaf_values
from modelport.spec.document import Document
from modelport.spec.fields import alias_of
from modelport.spec.problem import shown
from modelport.spec.section import Section
from modelport.spec.validation import validate

from .bounds import fewest, may_rest, most
from .capacity import Machine, Shortage, machine_for
from .fit import Adjustment, adjustments, refusals
from .names import Names
from .placement import NoPlace, Placement, place
from .refusal import REFUSED, Refusal, Refused
from .release import Release, releases
from .tags import tags
from .target import Target

S = TypeVar("S", bound=Section)
DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Plan:
    """One service on one target in one stack, with every decision taken that needs no resource.

    Attributes:
        name: of the service.
        spec: the config with the defaults that the target replaces (`adjustments`) replaced.
        target: name of the target.
        base: folder that relative model sources start from; None for a service that was made in Python.
        releases: live versions, stable first; their weights make 100.
        names: of resources on the platform.
        tags: of every resource.
        machine: what one instance runs on; None where it runs on what is there, or has no instances of its own.
        placement: the pools that its accelerators come from; None where there are no pools, or no accelerators.
        adjustments: defaults that the target cannot honour.
        unbuilt: fields that modelport cannot give on the target yet.
    """

    name: str
    spec: ModelSpec
    environment: Environment
    target: str
    base: Path | None
    releases: tuple[Release, ...]
    names: Names
    tags: Mapping[str, str]
    machine: Machine | None
    placement: Placement | None
    adjustments: tuple[Adjustment, ...]
    unbuilt: tuple[str, ...]

    def governed_inputs(self) -> dict[str, Any]:
        """What reviewers and policies want to know of the service, as plain data for its component's inputs."""
        security, scaling = self.spec.security, self.spec.scaling
        pools = {"pools": [pool.name for pool in self.placement.pools]} if self.placement else {}
        gpu, budget = self.spec.compute.accelerator, self.spec.budget
        return {
            "service": self.name,
            "target": self.target,
            "stack": self.environment.stack,
            "environment": self.environment.environment,
            "tags": dict(self.tags),
            "exposure": security.exposure,
            "auth": security.auth,
            "dataClass": security.data_class,
            "compliance": list(security.compliance),
            "mode": self.spec.mode,
            "scaling": {"min": 0 if may_rest(scaling) else fewest(scaling), "max": most(scaling)},
            "monitoring": self._watched(),
            "rollout": {"steps": list(self.spec.rollout.steps), "mirror": self.spec.rollout.mirror},
            "governance": self.spec.governance.model_dump(mode="json", by_alias=True, exclude_none=True),
            **({"accelerator": {"kind": gpu.kind, "count": gpu.count}} if gpu else {}),
            **({"budget": {"amount": float(budget.amount), "currency": budget.currency}} if budget else {}),
            **pools,
        }

    def as_served(self) -> ModelSpec:
        """The spec of a service whose instances have all that their machine has."""
        if self.machine is None:
            return self.spec
        compute = self.spec.compute.model_copy(update={"cpu": self.machine.cpu, "memory": self.machine.memory})
        return self.spec.model_copy(update={"compute": compute})

    def _watched(self) -> dict[str, Any]:
        """What is asked of captures and drift, as far as modelport can give it on the target."""
        capture, drift = self.spec.monitoring.capture, self.spec.monitoring.drift
        captures = {"percent": float(capture.percent), "retentionDays": capture.retention.seconds / DAY}
        return {
            **({} if "monitoring.capture.percent" in self.unbuilt else {"capture": captures}),
            **({} if "monitoring.drift.enabled" in self.unbuilt else {"drift": {"enabled": drift.enabled}}),
        }


def make_plan(service: Loaded | ModelSpec, environment: Environment, target: Target) -> Plan:
    """Decide everything about a service on a target that needs no resource. Reads and changes nothing.

    Args:
        service: from a file, with the stack's overrides merged; or made in Python, where they are merged now.
        environment: the stack.
        target: where it is to run.

    Raises:
        Refused: the target will not do what the user wrote; holds everything that it refuses.
        ConfigError: the stack's overrides make no valid service of one that was made in Python.
    """
    loaded = service if isinstance(service, Loaded) else _overridden(service, environment)
    found = refusals(loaded, environment, target)
    gpu = loaded.spec.compute.accelerator
    machine = machine_for(target.machines, loaded.spec)
    if isinstance(machine, Shortage):
        found.append(_refusal(machine, machine.alternative, loaded, target))
        machine = None
    placement = place(gpu, environment.gpu_pools.pools) if target.has_pools and gpu else None
    if isinstance(placement, NoPlace):
        found.append(_refusal(placement, placement.alternative, loaded, target))
        placement = None
    if found:
        raise Refused(found)
    spec = as_run(loaded, target)
    return Plan(
        name=spec.metadata.name,
        spec=spec,
        environment=environment,
        target=target.name,
        base=loaded.path.parent if loaded.path else None,
        releases=releases(spec, environment),
        names=Names(spec.metadata.name, environment.stack, target.name_length),
        tags=tags(spec, environment, target.tag_rule),
        machine=machine,
        placement=placement,
        adjustments=adjustments(loaded, target),
        unbuilt=tuple(field for field, row in target.capabilities.items() if row.level == "unbuilt"),
    )


def as_run(service: Loaded, target: Target) -> ModelSpec:
    """The config with the defaults that the target replaces replaced."""
    replaced = {each.field: each.given for each in adjustments(service, target) if each.given is not None}
    return _with_values(service.spec, replaced)


def _overridden(service: ModelSpec, environment: Environment) -> Loaded:
    if not environment.overrides:
        return Loaded(service)
    given = Document.of(service.model_dump(mode="json", by_alias=True, exclude_unset=True), "the program")
    document = given.merged(Document.of(environment.overrides, "modelport:overrides"))
    return Loaded(validate(ModelSpec, document), document=document)


def _refusal(lack: Shortage | NoPlace, alternative: str, service: Loaded, target: Target) -> Refusal:
    value = shown(leaf_values(service.spec)[lack.field])
    return Refusal(REFUSED, lack.field, target.name, lack.reason, alternative, value, service.origins[lack.field])


def _with_values(spec: ModelSpec, values: Mapping[str, Any]) -> ModelSpec:
    for path, value in values.items():
        spec = _with_value(spec, path.split("."), value)
    return spec


def _with_value(section: S, keys: Sequence[str], value: Any) -> S:
    name = next(name for name, info in type(section).model_fields.items() if alias_of(name, info) == keys[0])
    new = value if len(keys) == 1 else _with_value(getattr(section, name), keys[1:], value)
    return section.model_copy(update={name: new})
