from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pulumi

from modelport.plan import make_plan
from modelport.spec import ConfigError, Environment, Problem, did_you_mean, load_service
from modelport.targets import load

from .args import ModelServiceArgs
from .patches import KEY, patches_of
from .running import check_providers, run_errors, running_environment

POOLS = "gpuPools-"
"""How the resources of `GpuPools` begin, which looks after its own patches."""


class ModelService(pulumi.ComponentResource):
    """One service on every target of its environment.

    Attributes:
        targets: the component of each target by its name.
        resources: every resource by its logical name, as in `modelport:resources`.
        outputs: `model` and `targets`, in plain data and Outputs: an entry of the stack output `services`.

    Raises:
        RunError: before anything is registered, when one of the targets refuses, or the config is wrong.
    """

    kind = "modelport:index:ModelService"
    OUTPUTS = ("model", "targets")

    targets: dict[str, Any]
    resources: dict[str, pulumi.Resource]
    outputs: dict[str, Any]

    def __init__(self, name: str, args: ModelServiceArgs, opts: pulumi.ResourceOptions | None = None):
        with run_errors():
            plans = [make_plan(args.spec, args.environment, load(target)) for target in args.environment.targets]
            for plan in plans:
                check_providers(_component(plan.target).CONFIG, opts)
            _check_patches(name, args.environment)
        super().__init__(self.kind, name, {"service": plans[0].name}, opts)
        own = pulumi.ResourceOptions(parent=self)
        self.targets = {plan.target: _component(plan.target)(f"{name}-{plan.target}", args, own) for plan in plans}
        self.resources = {
            f"{name}-{target}-{role}": resource
            for target, component in self.targets.items()
            for role, resource in component.resources.items()
        }
        of_targets = {target: component.outputs for target, component in self.targets.items()}
        stable = next(iter(of_targets.values()))["live"][0]
        self.outputs = {"model": {"digest": stable["digest"]}, "targets": of_targets}
        self.register_outputs(self.outputs)

    @classmethod
    def from_file(cls, path: Path | str, opts: pulumi.ResourceOptions | None = None) -> ModelService:
        """The service that a YAML file describes, in the running stack, under its own name.

        Raises:
            RunError: with everything that is wrong with the file or with the stack's config.
        """
        with run_errors():
            environment = running_environment()
            service = load_service(path, overrides=environment.overrides)
        return cls(service.spec.metadata.name, ModelServiceArgs(service, environment), opts)


def logical_names(name: str, environment: Environment) -> list[str]:
    """The logical name of every resource of a service that its targets may make. They are public."""
    return [f"{name}-{target}-{role}" for target in environment.targets for role in _component(target).RESOURCES]


def _component(target: str) -> Any:
    return import_module(f"{__package__}.{target}.target").COMPONENT


def _check_patches(name: str, environment: Environment) -> None:
    """Refuse patches of what the service does not make, and those of no service of the stack."""
    for target in environment.targets:
        patches_of(f"{name}-{target}", environment, _component(target).RESOURCES)
    prefixes = tuple(f"{service}-{target}-" for service in environment.services for target in environment.targets)
    pools = (POOLS,) if environment.gpu_pools.pools else ()
    if strays := [stray for stray in environment.resources if prefixes and not stray.startswith(prefixes + pools)]:
        names = logical_names(name, environment)
        raise ConfigError(
            Problem("no such resource.", path=f"{KEY}.{stray}", hint=did_you_mean(stray, names)) for stray in strays
        )
