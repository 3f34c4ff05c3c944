"""The Analyzer protocol, as Pulumi's policy SDK for Python speaks it. There a resource is read anew for each policy;
here it is read once (ADR 0024).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Literal

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from modelport_policies.control import Control, Level, Profile
from modelport_policies.controls.governance import COMPONENTS
from modelport_policies.register import ADVISED, NOTICE, Register
from modelport_policies.resource import Resource, Stack, canonical, type_of

NAME = "modelport-policies"
VERSION = version("modelport")
LEVELS = {
    "advisory": pb.ADVISORY,
    "mandatory": pb.MANDATORY,
    "remediate": pb.REMEDIATE,
    "disabled": pb.DISABLED,
}
SEVERITIES = {
    "low": pb.POLICY_SEVERITY_LOW,
    "medium": pb.POLICY_SEVERITY_MEDIUM,
    "high": pb.POLICY_SEVERITY_HIGH,
    "critical": pb.POLICY_SEVERITY_CRITICAL,
}
SCOPES = {"resource": pb.POLICY_TYPE_RESOURCE, "stack": pb.POLICY_TYPE_STACK}
NOTICED = "Exemptions that end soon, or that nothing needs"
NOTICE_INFO = pb.PolicyInfo(
    name=NOTICE,
    displayName=NOTICED,
    description=NOTICED,
    enforcementLevel=pb.ADVISORY,
    policy_type=pb.POLICY_TYPE_STACK,
    severity=pb.POLICY_SEVERITY_LOW,
)


@dataclass(frozen=True)
class Policy:
    """A policy as engines know it: a control, or the part of one that needs a policy of its own.

    Attributes:
        level: of the profile.
        judges: the control over what this policy judges; None where it only rewrites.
        rewrites: whether it completes inputs before they are judged.
    """

    name: str
    control: Control
    level: Level
    scope: Literal["resource", "stack"]
    judges: Control | None
    rewrites: bool = False

    @property
    def description(self) -> str:
        """Name and title."""
        return f"{self.name} {self.control.title}"


def policies_of(control: Control, profile: Profile) -> Iterator[Policy]:
    """One control as one policy, and others that rewrite or survey the stack where the first cannot."""
    levels: dict[str, Level] = {name: getattr(each, profile) for name, each in control.policies.items()}
    own = control if control.scope == "stack" else control.judging(only_in_stack=False)
    inline = bool(control.rewrites) and not control.rewriter
    yield Policy(control.id, control, levels[control.id], control.scope, own, rewrites=inline)
    if name := control.rewriter:
        yield Policy(name, control, levels[name], "resource", None, rewrites=True)
    if name := control.surveyor:
        yield Policy(name, control, levels[name], "stack", control.judging(only_in_stack=True))


class Servicer(analyzer_pb2_grpc.AnalyzerServicer):
    """Judges, and completes, what the engine sends.

    A disabled policy is presented too, so that a pack config can enable it. What a component was given is remembered:
    the engine says it once, and of the stack only what came of it.
    """

    def __init__(self, controls: Iterable[Control], profile: Profile, register: Register):
        self._policies = [each for control in controls for each in policies_of(control, profile)]
        self._register = register
        self._of_profile = {**{each.name: LEVELS[each.level] for each in self._policies}, NOTICE: pb.ADVISORY}
        self._levels = self._of_profile
        self._given: Mapping[str, Mapping[str, Any]] = {}
        self._components: dict[str, dict[str, Any]] = {}

    def GetAnalyzerInfo(self, _request: Any, _context: Any) -> Any:
        """The policies with the levels of the profile."""
        policies = [*map(_info, self._policies), NOTICE_INFO]
        return pb.AnalyzerInfo(name=NAME, version=VERSION, supportsConfig=True, policies=policies)

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        """The version of the pack."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def Configure(self, request: Any, _context: Any) -> Any:
        """Take over levels and parameters of a pack config."""
        given = request.policyConfig
        self._levels = {**self._of_profile, **{name: given[name].enforcementLevel for name in given}}
        self._given = {name: json_format.MessageToDict(given[name].properties) for name in given}
        return empty_pb2.Empty()

    def ConfigureStack(self, _request: Any, _context: Any) -> Any:
        """Take note of the stack's tags, which no control reads."""
        return pb.AnalyzerStackConfigureResponse()

    def Remediate(self, request: Any, context: Any) -> Any:
        """Complete a resource's inputs, one policy after the other."""
        answer, inputs = pb.RemediateResponse(), json_format.MessageToDict(request.properties)
        for policy in self._policies:
            if self._levels[policy.name] == pb.REMEDIATE and policy.scope == "resource":
                with _told(policy, context):
                    inputs = self._rewritten(policy, request, inputs, answer)
        return answer

    def Analyze(self, request: Any, context: Any) -> Any:
        """Judge one resource, before the engine creates or changes it."""
        answer, resource = pb.AnalyzeResponse(), _resource(request, Stack())
        if request.type in COMPONENTS:
            self._components[request.urn] = json_format.MessageToDict(request.properties)
        for policy, control in self._judging("resource"):
            with _told(policy, context):
                self._report(policy, control, [resource], answer)
        return answer

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        """Judge every resource that a control concerns in the light of the whole stack."""
        answer, stack = pb.AnalyzeResponse(), Stack()
        stack += [
            _resource(each, stack, _dependencies(each), self._components.get(each.urn)) for each in request.resources
        ]
        types = stack.by(type_of)
        for policy, control in self._judging("stack"):
            concerned = [one for type_ in control.checks for one in types.get(type_, ())]
            with _told(policy, context):
                self._report(policy, control, concerned, answer)
        if self._levels[NOTICE] != pb.DISABLED:
            self._notice(stack, answer)
        return answer

    def _notice(self, stack: Stack, answer: Any) -> None:
        """Say of exemptions which end soon, and which nothing needs."""
        if not self._register.entries:
            answer.not_applicable.append(pb.PolicyNotApplicable(policy_name=NOTICE, reason="nothing is exempted"))
        for _, state, message in self._register.standing(stack):
            if state in ADVISED:
                answer.diagnostics.append(
                    pb.AnalyzeDiagnostic(
                        **_named(NOTICE, NOTICED),
                        message=f"{NOTICED}\n{message}",
                        enforcementLevel=self._levels[NOTICE],
                        severity=pb.POLICY_SEVERITY_LOW,
                    )
                )

    def _judging(self, scope: str) -> Iterator[tuple[Policy, Control]]:
        for each in self._policies:
            if each.scope == scope and each.judges and self._levels[each.name] != pb.DISABLED:
                yield each, each.judges

    def _rewritten(self, policy: Policy, described: Any, inputs: dict[str, Any], answer: Any) -> dict[str, Any]:
        """The inputs as a policy completes them, with a note in the answer of what it did, or why it did not."""
        if not policy.rewrites:
            _note(answer, policy, "it only judges")
            return inputs
        resource = _resource(described, Stack(), inputs=inputs)
        if exemption := self._register.covering(policy.control.id, resource):
            _note(answer, policy, str(exemption))
            return inputs
        rewritten = dict(policy.control.rewritten(resource, inputs, self._given.get(policy.name)))
        if rewritten != inputs:
            properties = json_format.ParseDict(rewritten, struct_pb2.Struct())
            answer.remediations.append(pb.Remediation(**_named(policy.name, policy.description), properties=properties))
        return rewritten

    def _report(self, policy: Policy, control: Control, resources: Iterable[Resource], answer: Any) -> None:
        """Add to the answer what a control finds: violations, an unknown value, or not applicable and why."""
        reasons, unknown, evaluated = [], None, False
        self._register.judged.add(control.id)
        for resource in resources:
            outcome = control.evaluate(resource, self._given.get(policy.name))
            doubtful = outcome.violations or outcome.undecided
            exemption = self._register.covering(control.id, resource) if doubtful else None
            for message in () if exemption else outcome.violations:
                answer.diagnostics.append(_violation(policy, self._levels[policy.name], resource, message))
            unknown = unknown or outcome.undecided
            if (exemption and outcome.violations) or outcome.not_applicable:
                reasons.append(str(exemption or outcome.not_applicable))
            else:
                evaluated = True
        if unknown:
            answer.diagnostics.append(_undecided(policy, unknown.message))
        elif not evaluated:
            _note(answer, policy, "; ".join(dict.fromkeys(reasons)) or "the stack has no resource that it judges")


@contextmanager
def _told(policy: Policy, context: Any) -> Iterator[None]:
    """What goes wrong in a policy fails the call, with its name."""
    try:
        yield
    except Exception:
        context.abort(grpc.StatusCode.UNKNOWN, f"policy {policy.name} of {NAME} failed:\n{traceback.format_exc()}")


def _info(policy: Policy) -> Any:
    control = policy.control
    info = pb.PolicyInfo(
        name=policy.name,
        displayName=control.title,
        description=policy.description,
        enforcementLevel=LEVELS[policy.level],
        policy_type=SCOPES[policy.scope],
        severity=SEVERITIES[control.severity],
        tags=control.frameworks,
        remediation_steps=control.remedy(),
    )
    info.configSchema.properties.update({name: dict(schema) for name, schema in control.parameters.items()})
    return info


def _resource(
    described: Any,
    stack: Stack,
    dependencies: Mapping[str, Sequence[str]] | None = None,
    inputs: dict[str, Any] | None = None,
) -> Resource:
    """What the engine says of a resource, as the controls read it; with other inputs, if they are given."""
    wire = json_format.MessageToDict(described.properties) if inputs is None else inputs
    read = unknown_checking_proxy(deserialize_properties(wire))
    return Resource(
        canonical(described.type), described.name, described.urn, read, stack, dependencies=dependencies or {}
    )


def _dependencies(described: Any) -> dict[str, list[str]]:
    return {key: list(value.urns) for key, value in described.propertyDependencies.items()}


def _violation(policy: Policy, level: pb.EnforcementLevel.ValueType, resource: Resource, message: str) -> Any:
    return pb.AnalyzeDiagnostic(
        **_named(policy.name, policy.description),
        message=f"{policy.description}\n{message}. {policy.control.remedy(resource.type)}",
        enforcementLevel=pb.MANDATORY if level == pb.REMEDIATE else level,
        urn=resource.urn,
        severity=SEVERITIES[policy.control.severity],
    )


def _undecided(policy: Policy, why: str) -> Any:
    """In the words of Pulumi's SDK, by which engines know it."""
    message = f"can't run policy '{policy.name}' from policy pack '{NAME}@v{VERSION}' during preview: {why}"
    return pb.AnalyzeDiagnostic(
        **_named(policy.name, policy.description), message=message, enforcementLevel=pb.ADVISORY
    )


def _note(answer: Any, policy: Policy, reason: str) -> None:
    answer.not_applicable.append(pb.PolicyNotApplicable(policy_name=policy.name, reason=reason))


def _named(policy: str, description: str) -> dict[str, Any]:
    return {
        "policyName": policy,
        "policyPackName": NAME,
        "policyPackVersion": VERSION,
        "description": description,
    }
