"""The Analyzer protocol, as Pulumi's policy SDK for Python speaks it. There a resource is read anew for each policy;
here it is read once (ADR 0024).
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import unknown_checking_proxy

from modelport_policies.control import Control, Profile
from modelport_policies.register import Register
from modelport_policies.resource import Resource, Stack, canonical, type_of

NAME = "modelport-policies"
VERSION = version("modelport")
LEVELS = {"advisory": pb.ADVISORY, "mandatory": pb.MANDATORY, "disabled": pb.DISABLED}
SEVERITIES = {
    "low": pb.POLICY_SEVERITY_LOW,
    "medium": pb.POLICY_SEVERITY_MEDIUM,
    "high": pb.POLICY_SEVERITY_HIGH,
    "critical": pb.POLICY_SEVERITY_CRITICAL,
}
SCOPES = {"resource": pb.POLICY_TYPE_RESOURCE, "stack": pb.POLICY_TYPE_STACK}


class Servicer(analyzer_pb2_grpc.AnalyzerServicer):
    """Judges what the engine sends by the controls, each one policy.

    A disabled one is presented too, so that a pack config can enable it.
    """

    def __init__(self, controls: Sequence[Control], profile: Profile, register: Register):
        self._controls = controls
        self._register = register
        self._of_profile = {each.id: LEVELS[getattr(each.levels, profile)] for each in controls}
        self._levels = self._of_profile
        self._given: Mapping[str, Mapping[str, Any]] = {}

    def GetAnalyzerInfo(self, _request: Any, _context: Any) -> Any:
        """The policies with the levels of the profile."""
        policies = [_info(each, self._of_profile[each.id]) for each in self._controls]
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

    def Analyze(self, request: Any, context: Any) -> Any:
        """Judge one resource, before the engine creates or changes it."""
        answer, resource = pb.AnalyzeResponse(), _resource(request, Stack())
        for control in self._enabled("resource"):
            self._judge(control, [resource], answer, context)
        return answer

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        """Judge every resource that a control concerns in the light of the whole stack."""
        answer, stack = pb.AnalyzeResponse(), Stack()
        stack += [_resource(each, stack, _dependencies(each)) for each in request.resources]
        types = stack.by(type_of)
        for control in self._enabled("stack"):
            self._judge(control, [one for type_ in control.checks for one in types.get(type_, ())], answer, context)
        return answer

    def _enabled(self, scope: str) -> Iterator[Control]:
        return (each for each in self._controls if each.scope == scope and self._levels[each.id] != pb.DISABLED)

    def _judge(self, control: Control, resources: Iterable[Resource], answer: Any, context: Any) -> None:
        try:
            self._report(control, resources, answer)
        except Exception:
            context.abort(grpc.StatusCode.UNKNOWN, f"policy {control.id} of {NAME} failed:\n{traceback.format_exc()}")

    def _report(self, control: Control, resources: Iterable[Resource], answer: Any) -> None:
        """Add to the answer what a control finds: violations, an unknown value, or not applicable and why."""
        reasons, unknown, evaluated = [], None, False
        for resource in resources:
            outcome = control.evaluate(resource, self._given.get(control.id))
            exemption = self._register.covering(control.id, resource.urn) if outcome.violations else None
            for message in () if exemption else outcome.violations:
                answer.diagnostics.append(_violation(control, self._levels[control.id], resource.urn, message))
            unknown = unknown or outcome.undecided
            if exemption or outcome.not_applicable:
                reasons.append(str(exemption or outcome.not_applicable))
            else:
                evaluated = True
        if unknown:
            answer.diagnostics.append(_undecided(control, unknown.message))
        elif not evaluated:
            reason = "; ".join(dict.fromkeys(reasons)) or "the stack has no resource that it judges"
            answer.not_applicable.append(pb.PolicyNotApplicable(policy_name=control.id, reason=reason))


def _info(control: Control, level: pb.EnforcementLevel.ValueType) -> Any:
    info = pb.PolicyInfo(
        name=control.id,
        displayName=control.title,
        description=_description(control),
        enforcementLevel=level,
        policy_type=SCOPES[control.scope],
        severity=SEVERITIES[control.severity],
        tags=control.frameworks,
        remediation_steps=control.remediation,
    )
    info.configSchema.properties.update({name: dict(schema) for name, schema in control.parameters.items()})
    return info


def _resource(described: Any, stack: Stack, dependencies: Mapping[str, Sequence[str]] | None = None) -> Resource:
    """What the engine says of a resource, as the controls read it."""
    inputs = unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(described.properties)))
    type_ = canonical(described.type)
    return Resource(type_, described.name, described.urn, inputs, stack, dependencies=dependencies or {})


def _dependencies(described: Any) -> dict[str, list[str]]:
    return {key: list(value.urns) for key, value in described.propertyDependencies.items()}


def _violation(control: Control, level: pb.EnforcementLevel.ValueType, urn: str, message: str) -> Any:
    return pb.AnalyzeDiagnostic(
        **_named(control),
        message=f"{_description(control)}\n{message}. {control.remediation}",
        enforcementLevel=level,
        urn=urn,
        severity=SEVERITIES[control.severity],
    )


def _undecided(control: Control, why: str) -> Any:
    """In the words of Pulumi's SDK, by which engines know it."""
    message = f"can't run policy '{control.id}' from policy pack '{NAME}@v{VERSION}' during preview: {why}"
    return pb.AnalyzeDiagnostic(**_named(control), message=message, enforcementLevel=pb.ADVISORY)


def _named(control: Control) -> dict[str, Any]:
    return {
        "policyName": control.id,
        "policyPackName": NAME,
        "policyPackVersion": VERSION,
        "description": _description(control),
    }


def _description(control: Control) -> str:
    return f"{control.id} {control.title}"
