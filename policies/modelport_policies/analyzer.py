"""The controls as a Pulumi policy pack: what the analyzer process of `pulumi up --policy-pack` runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.deserialize import deserialize_properties, serialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from modelport_policies.control import Control, Profile, known_parameters, known_profile, with_defaults
from modelport_policies.controls import catalogue
from modelport_policies.register import Register, read_register
from modelport_policies.resource import Resource, Stack, canonical

NAME = "modelport-policies"


def serve(pack: Path) -> None:
    """Serve the Analyzer protocol until the engine ends this process.

    The profile is `MODELPORT_POLICY_PROFILE`, else the stack's config `modelport-policies:profile`, else `standard`.
    Parameters are the stack's config `modelport-policies:parameters`, over which a pack config goes.
    The exemptions are the file `MODELPORT_POLICY_EXEMPTIONS`, else `exemptions.yaml` in the pack's folder.

    Raises:
        PolicyError: an unknown profile, control or parameter.
    """
    config = pulumi.Config(NAME)
    profile = known_profile(os.environ.get("MODELPORT_POLICY_PROFILE") or config.get("profile"))
    parameters = known_parameters(config.get_object("parameters") or {}, catalogue())
    file = Path(os.environ.get("MODELPORT_POLICY_EXEMPTIONS") or pack / "exemptions.yaml")
    register = read_register(file, [control.id for control in catalogue()], date.today())
    controls = [with_defaults(control, parameters.get(control.id, {})) for control in catalogue(register.problems)]
    PolicyPack(NAME, [each for control in controls for each in policies(control, profile, register)])


def policies(control: Control, profile: Profile, register: Register) -> Iterator[Policy]:
    """One control as one Pulumi policy, and others that rewrite or survey the stack where the first cannot. Those that
    are disabled are there too, so that a pack config can enable them.
    """
    rewrite = resource_rewriting(control, register) if control.rewrites else None
    own = presented(control, control.id, profile)
    if control.scope == "stack":
        yield StackValidationPolicy(validate=stack_validation(control, register), **own)
    else:
        inline = None if control.rewriter else rewrite
        alone = resource_validation(control.judging(only_in_stack=False), register)
        yield ResourceValidationPolicy(validate=alone, remediate=inline, **own)
    if control.rewriter:
        yield ResourceValidationPolicy(remediate=rewrite, **presented(control, control.rewriter, profile))
    if control.surveyor:
        rest = stack_validation(control.judging(only_in_stack=True), register)
        yield StackValidationPolicy(validate=rest, **presented(control, control.surveyor, profile))


def presented(control: Control, name: str, profile: Profile) -> dict[str, Any]:
    """What one of a control's policies says of itself."""
    return {
        "name": name,
        "config_schema": PolicyConfigSchema(dict(control.parameters)) if control.parameters else None,
        "display_name": control.title,
        "description": f"{name} {control.title}",
        "enforcement_level": EnforcementLevel(getattr(control.policies[name], profile)),
        "severity": Severity(control.severity),
        "tags": list(control.frameworks),
        "remediation_steps": control.remedy(),
    }


def resource_rewriting(
    control: Control, register: Register
) -> Callable[[ResourceValidationArgs], Mapping[str, Any] | None]:
    """The control completing what a resource asks for, before it is judged; what is exempt stays as it is."""

    def rewrite(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
        if exemption := register.covering(control.id, args.urn):
            args.not_applicable(str(exemption))
        inputs = serialize_properties(args.props)
        read = unknown_checking_proxy(deserialize_properties(inputs))
        resource = Resource(canonical(args.resource_type), args.name, args.urn, read)
        rewritten = control.rewritten(resource, inputs, args.get_config())
        return rewritten if rewritten != inputs else None

    return rewrite


def resource_validation(
    control: Control, register: Register
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    """The control on one resource, before the engine creates or changes it."""

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        resource = Resource(canonical(args.resource_type), args.name, args.urn, args.props)
        judge(control, register, [resource], args, report)

    return validate


def stack_validation(control: Control, register: Register) -> Callable[[StackValidationArgs, ReportViolation], None]:
    """The control on every resource it concerns, in the light of the whole stack."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = Stack()
        stack += [in_stack(each, stack) for each in args.resources]
        judge(control, register, stack, args, report)

    return validate


def in_stack(resource: PolicyResource, stack: Stack) -> Resource:
    """What Pulumi says of a resource of the stack, as the controls read it."""
    depends = {key: [each.urn for each in others] for key, others in resource.property_dependencies.items()}
    type_ = canonical(resource.resource_type)
    return Resource(type_, resource.name, resource.urn, resource.props, stack, dependencies=depends)


def judge(
    control: Control,
    register: Register,
    resources: Sequence[Resource],
    args: ResourceValidationArgs | StackValidationArgs,
    report: ReportViolation,
) -> None:
    """Report what the control finds in Pulumi's terms: violations, an unknown value, or not applicable and why."""
    reasons, unknown, evaluated = [], None, False
    given = args.get_config()
    for resource in resources:
        outcome = control.evaluate(resource, given)
        exemption = register.covering(control.id, resource.urn) if outcome.violations else None
        for message in () if exemption else outcome.violations:
            report(f"{message}. {control.remedy(resource.type)}", resource.urn)
        unknown = unknown or outcome.undecided
        if exemption or outcome.not_applicable:
            reasons.append(str(exemption or outcome.not_applicable))
        else:
            evaluated = True
    if unknown:
        raise unknown
    if not evaluated:
        args.not_applicable("; ".join(dict.fromkeys(reasons)) or "no resource")
