"""The controls as a Pulumi policy pack: what the analyzer process of `pulumi up --policy-pack` runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

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

from modelport_policies.control import Control, Profile, known_parameters, known_profile, with_defaults
from modelport_policies.controls import catalogue
from modelport_policies.register import ADVISED, Register, read_register
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
    PolicyPack(NAME, [*(policy(control, profile, register) for control in controls), notice(register)])


def policy(control: Control, profile: Profile, register: Register) -> Policy:
    """One control as one Pulumi policy; a disabled one is there too, so that a pack config can enable it."""
    kind, validate = {
        "resource": (ResourceValidationPolicy, resource_validation),
        "stack": (StackValidationPolicy, stack_validation),
    }[control.scope]
    return kind(
        name=control.id,
        config_schema=PolicyConfigSchema(dict(control.parameters)) if control.parameters else None,
        display_name=control.title,
        description=f"{control.id} {control.title}",
        validate=validate(control, register),
        enforcement_level=EnforcementLevel(getattr(control.levels, profile)),
        severity=Severity(control.severity),
        tags=list(control.frameworks),
        remediation_steps=control.remediation,
    )


def notice(register: Register) -> Policy:
    """What is to be known of exemptions that hold, as advice and at the end: GOV-12 is neither."""

    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        if not register.entries:
            args.not_applicable("nothing is exempted")
        stack = Stack()
        for _, state, message in register.standing([in_stack(each, stack) for each in args.resources]):
            if state in ADVISED:
                report(message)

    return StackValidationPolicy(
        name="GOV-12-notice",
        description="Exemptions that end soon, or that nothing needs",
        validate=validate,
        enforcement_level=EnforcementLevel.ADVISORY,
        severity=Severity.LOW,
    )


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
    register.judged.add(control.id)
    for resource in resources:
        outcome = control.evaluate(resource, given)
        exemption = register.covering(control.id, resource) if outcome.violations or outcome.undecided else None
        for message in () if exemption else outcome.violations:
            report(f"{message}. {control.remediation}", resource.urn)
        unknown = unknown or outcome.undecided
        if (exemption and outcome.violations) or outcome.not_applicable:
            reasons.append(str(exemption or outcome.not_applicable))
        else:
            evaluated = True
    if unknown:
        raise unknown
    if not evaluated:
        args.not_applicable("; ".join(dict.fromkeys(reasons)) or "no resource")
