"""A verdict over a deployment export: offline, without an engine, with the checks that the analyzer runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import unknown_checking_proxy

from modelport_policies.control import Control, Level, Profile, known_parameters, known_profile
from modelport_policies.controls import catalogue
from modelport_policies.errors import PolicyError
from modelport_policies.register import Register, read_register
from modelport_policies.resource import Resource, Stack, canonical, type_of
from modelport_policies.results import Result, Review, results_of
from modelport_policies.rules import own_controls
from modelport_policies.sealed import hiding, plain

STACK = "pulumi:pulumi:Stack"


def review(
    state: dict[str, Any],
    profile: str | None = None,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    exemptions: Path | None = None,
    rules: Path | None = None,
    planned: bool = False,
    today: date | None = None,
) -> Review:
    """Judge every resource of a deployment export by every control that the profile enables.

    Args:
        parameters: values of parameters by control, where they are not the defaults.
        rules: a Python file with controls of the project's own.
        planned: whether the resources are still to be made: then what controls rewrite is rewritten before.

    Raises:
        PolicyError: an unknown profile, control or parameter, wrong rules, or no deployment export.
    """
    chosen = known_profile(profile)
    own = own_controls(rules)
    given = known_parameters(parameters or {}, catalogue(own=own))
    register = read_register(exemptions, [control.id for control in catalogue(own=own)], today or date.today())
    stack = stack_of(state, _rewriting(catalogue(own=own), chosen, given, register) if planned else _as_it_is)
    types = stack.by(type_of)
    results: list[Result] = []
    for control in catalogue(register.problems, own):
        level: Level = getattr(control.levels, chosen)
        level = "mandatory" if level == "remediate" else level  # what is not right yet cannot be rewritten
        concerned = [each for type_ in control.checks for each in types.get(type_, ()) if _concerns(control, each)]
        if level == "disabled" or not concerned:
            reason = f"disabled in {chosen}" if level == "disabled" else "the stack has no resource that it judges"
            results.append(Result(control, level, None, "notApplicable", (reason,)))
            continue
        register.judged.add(control.id)
        for resource in concerned:
            outcome = control.evaluate(resource, given.get(control.id))
            exemption = register.covering(control.id, resource) if outcome.violations or outcome.undecided else None
            results += results_of(control, level, resource.urn, outcome, exemption)
    if hide := hiding(state):
        results = [replace(each, messages=tuple(map(hide, each.messages))) for each in results]
    return Review(chosen, tuple(results), tuple(register.standing(stack)))


Inputs = Mapping[str, Any]
Rewrite = Callable[[Resource, Inputs], Inputs]
"""What becomes of a resource's inputs before it is judged."""


def _as_it_is(_resource: Resource, inputs: Inputs) -> Inputs:
    return inputs


def _rewriting(
    controls: Iterable[Control], profile: Profile, given: Mapping[str, Inputs], register: Register
) -> Rewrite:
    """As the pack does it before an update, but for what is exempt."""
    rewriting = [each for each in controls if getattr(each.policies[each.rewriter or each.id], profile) == "remediate"]

    def rewrite(resource: Resource, inputs: Inputs) -> Inputs:
        for control in rewriting:
            if resource.type in control.rewrites and not register.covering(control.id, resource):
                read = replace(resource, inputs=unknown_checking_proxy(inputs))
                inputs = control.rewritten(read, inputs, given.get(control.id))
        return inputs

    return rewrite


def stack_of(state: dict[str, Any], rewrite: Rewrite = _as_it_is) -> Stack:
    """The resources of an export with their inputs, and the stack itself where it is not among them; those that wait
    for their deletion are left out. What the stack only reads has no inputs of its own: there it is as it is.
    """
    stack = Stack()
    for row in deployment_of(state).get("resources") or []:
        if not (isinstance(row, dict) and isinstance(row.get("type"), str) and isinstance(row.get("urn"), str)):
            raise PolicyError(f"not a deployment export: a resource needs a type and a urn, this is none: {row!r:.80}")
        if not row.get("delete"):
            external = bool(row.get("external"))
            inputs = plain(row.get("outputs" if external else "inputs") or {})
            name = row["urn"].rpartition("::")[2]
            depends = {key: urns or () for key, urns in (row.get("propertyDependencies") or {}).items()}
            type_, urn = canonical(row["type"]), row["urn"]
            resource = Resource(type_, name, urn, inputs, stack, dependencies=depends, external=external)
            wanted = inputs if external else rewrite(resource, inputs)
            stack.append(replace(resource, inputs=unknown_checking_proxy(wanted)))
    if stack and not any(each.type == STACK for each in stack):
        urn = "::".join([*stack[0].urn.split("::")[:2], STACK, "stack"])
        stack.append(Resource(STACK, "stack", urn, {}, stack))
    return stack


def _concerns(control: Control, resource: Resource) -> bool:
    """Nobody asks a control about a resource that the stack only reads, but it is there when the stack is judged."""
    return control.scope == "stack" or not resource.external


def deployment_of(state: Any) -> dict[str, Any]:
    """The deployment of an export, or of the file in which a backend keeps a state."""
    deployment = state.get("deployment") if isinstance(state, dict) else None
    if not deployment and isinstance(state, dict) and isinstance(state.get("checkpoint"), dict):
        deployment = state["checkpoint"].get("latest") or {}
    if not isinstance(deployment, dict):
        raise PolicyError("not a deployment export: no `deployment` at the top. `pulumi stack export` writes one.")
    return deployment
