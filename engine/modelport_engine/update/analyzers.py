"""Policies at work: packs may change what a resource asks for, and forbid it or the whole stack."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from modelport_engine.errors import EngineError
from modelport_engine.protocol.messages import analyzer_pb2 as pb
from modelport_engine.protocol.urn import Urn
from modelport_engine.protocol.values import Properties, from_struct, restore_secrets, to_struct
from modelport_engine.state.resource import Resource
from modelport_engine.update.events import Events
from modelport_engine.update.goals import Goal
from modelport_engine.update.packs import SEVERITIES, Loading, Pack
from modelport_engine.update.policy_config import LEVELS
from modelport_engine.update.registry import PROVIDER_TYPE
from modelport_engine.update.verdicts import Verdict, Verdicts

INTERNAL = "__"  # such properties are a provider's own


class PolicyViolation(EngineError):
    """A mandatory policy forbids a resource, or the stack."""


class Undecided(EngineError):
    """A policy was not decided, and the user wants all of them to be."""


@dataclass
class Analyzers:
    """The policy packs of one run, which may still be starting, and what they found.

    In a preview a mandatory violation is noted and the preview goes on; in an update it stops the run. With
    `must_decide` a policy that is undecided makes the run fail.
    """

    packs: Loading
    events: Events
    preview: bool
    must_decide: bool = False
    verdicts: Verdicts = field(default_factory=Verdicts)
    _violated: bool = False
    _providers: dict[str, Properties] = field(default_factory=dict)

    async def judge(self, resource: Resource, goal: Goal) -> Properties:
        """The inputs after remediation; raises PolicyViolation when an update must not go on."""
        packs, inputs = await self.packs, resource.inputs
        for pack in packs:
            inputs = await self._remediate(pack, resource, goal, inputs)
        if resource.type.startswith(PROVIDER_TYPE):
            self._providers[resource.urn] = inputs
        request = pb.AnalyzeRequest(**self._described(resource, goal, shared(inputs)))
        answers = await asyncio.gather(*(pack.ask("Analyze", request) for pack in packs))
        for pack, answer in zip(packs, answers, strict=True):
            for found in answer.diagnostics:
                self._report(pack, found, resource.urn)
            self._sum_up("policyAnalyzeSummaryEvent", pack, pb.POLICY_TYPE_RESOURCE, resource.urn, analysis(answer))
        if self._violated and not self.preview:
            raise PolicyViolation(f"{resource.urn} violates a mandatory policy")
        return inputs

    async def judge_stack(self, stack: str, resources: Iterable[Resource], goals: Mapping[str, Goal]) -> None:
        """Let every pack look at the whole stack, whose URN is `stack`.

        Raises:
            Undecided: if a policy was not decided, and must be.
            PolicyViolation: if a mandatory policy is violated, or was.
        """
        packs, known = await self.packs, {each.urn: each for each in resources}
        request = pb.AnalyzeStackRequest(resources=[self._in_stack(each, goals) for each in known.values() if packs])
        answers = await asyncio.gather(*(pack.ask("AnalyzeStack", request, optional=True) for pack in packs))
        for pack, answer in zip(packs, answers, strict=True):
            answer = answer or pb.AnalyzeResponse()
            for found in answer.diagnostics:
                self._report(pack, found, found.urn if found.urn in known else stack)
            self._sum_up("policyAnalyzeStackSummaryEvent", pack, pb.POLICY_TYPE_STACK, stack, analysis(answer))
        if self.must_decide and (undecided := self.verdicts.undecided()):
            lines = "".join(f"\n  {pack}: {policy} on {urn}" for pack, policy, urn in undecided)
            raise Undecided(f"{len(undecided)} policies could not be decided, as values are not known yet:{lines}")
        if self._violated:
            raise PolicyViolation(f"{'preview' if self.preview else 'update'} failed")

    def summary(self) -> dict[str, Any]:
        """What the run's summary says of policies: the packs, and how many verdicts of each kind."""
        loaded = self.packs.done() and not self.packs.cancelled() and not self.packs.exception()
        packs = {f"{pack.name}|local|{pack.path}": pack.version for pack in (self.packs.result() if loaded else ())}
        return {"PolicyPacks": packs} | ({"policies": self.verdicts.counts()} if packs else {})

    async def _remediate(self, pack: Pack, resource: Resource, goal: Goal, inputs: Properties) -> Properties:
        request = pb.AnalyzeRequest(**self._described(resource, goal, inputs))
        answer = await pack.ask("Remediate", request, optional=True) or pb.RemediateResponse()
        for remedy in answer.remediations:
            if remedy.diagnostic:
                found = pb.AnalyzeDiagnostic(policyName=remedy.policyName, message=remedy.diagnostic)
                self._report(pack, found, resource.urn, hindered=True)
                continue
            before, inputs = inputs, restore_secrets(from_struct(remedy.properties), inputs)
            body = {"resourceUrn": resource.urn, "color": "raw", "policyName": remedy.policyName, **pack.names}
            body |= {"before": self.events.values(before), "after": self.events.values(inputs)}
            self.events.emit("policyRemediationEvent", body)
        kind, findings = "policyRemediateSummaryEvent", remediation(answer)
        self._sum_up(kind, pack, pb.POLICY_TYPE_RESOURCE, resource.urn, findings, level="remediate")
        return inputs

    def _report(self, pack: Pack, found: pb.AnalyzeDiagnostic, urn: str, *, hindered: bool = False) -> None:
        level = LEVELS[found.enforcementLevel]
        level = "mandatory" if level == "remediate" else level  # it was not remediated
        self._violated = self._violated or level == "mandatory"
        body: dict[str, Any] = {"resourceUrn": urn, "message": self.events.hide(f"{found.message}\n"), "color": "never"}
        body |= {"policyName": found.policyName, **pack.names, "enforcementLevel": level}
        severity = "" if hindered else SEVERITIES[found.severity] or pack.severity(found.policyName)
        body |= {"severity": severity} if severity else {}
        body |= {"undecided": True} if hindered or is_undecided(found) else {}
        self.events.emit("policyEvent", body)

    def _sum_up(self, kind: str, pack: Pack, scope: int, urn: str, findings: "Findings", level: str = "") -> None:
        """Tell which policies passed and failed, and note the verdicts, of policies of one level if it is given."""
        asked = [
            each for each in pack.policies if each.level != "disabled" and each.scope in (scope, pb.POLICY_TYPE_UNKNOWN)
        ]
        not_passed = findings.failed | findings.not_applicable.keys()
        body = {} if scope == pb.POLICY_TYPE_STACK else {"resourceUrn": urn}
        told = {
            "passed": [policy.name for policy in asked if policy.name not in not_passed],
            "failed": sorted(findings.failed),
            "undecided": sorted(findings.undecided),
            "notApplicable": dict(sorted(findings.not_applicable.items())),
        }
        self.events.emit(kind, {**body, **pack.names, **{key: value for key, value in told.items() if value}})
        for policy in asked:
            if level in ("", policy.level):
                self.verdicts.note(pack.name, policy.name, urn, findings.verdict(policy.name))

    def _in_stack(self, resource: Resource, goals: Mapping[str, Goal]) -> pb.AnalyzerResource:
        described = self._described(resource, goals.get(resource.urn), shared(resource.outputs))
        entry = pb.AnalyzerResource(parent=resource.parent, dependencies=resource.dependencies, **described)
        for key, urns in resource.property_dependencies.items():
            if urns:
                entry.propertyDependencies[key].urns.extend(urns)
        return entry

    def _described(self, resource: Resource, goal: Goal | None, properties: Properties) -> dict[str, Any]:
        """A resource as the protocol has it."""
        options = pb.AnalyzerResourceOptions(
            protect=resource.protect,
            ignoreChanges=resource.ignore_changes,
            additionalSecretOutputs=resource.additional_secret_outputs,
            aliases=goal.aliases if goal else (),
            customTimeouts=pb.AnalyzerResourceOptions.CustomTimeouts(**resource.custom_timeouts),
            parent=resource.parent,
            deleteBeforeReplace=bool(goal and goal.delete_before_replace),
            deleteBeforeReplaceDefined=bool(goal and goal.delete_before_replace is not None),
        )
        described = {"type": resource.type, "properties": to_struct(properties), "urn": resource.urn}
        described |= {"name": Urn(resource.urn).name, "options": options}
        if resource.provider:
            urn = Urn(resource.provider_urn)
            inputs = to_struct(shared(self._providers.get(urn, {})))
            provider = pb.AnalyzerProviderResource(type=urn.type, urn=urn, name=urn.name, properties=inputs)
            described["provider"] = provider
        return described


@dataclass(frozen=True)
class Findings:
    """What a pack answers about a resource or the stack: names of policies, and why some are not applicable."""

    failed: frozenset[str]
    undecided: frozenset[str]
    not_applicable: Mapping[str, str]

    def verdict(self, policy: str) -> Verdict:
        """What became of a policy that was asked."""
        if policy in self.undecided:
            return Verdict.UNDECIDED
        return Verdict.NOT_APPLICABLE if policy in self.not_applicable else Verdict.EVALUATED


def analysis(answer: pb.AnalyzeResponse) -> Findings:
    """What policies say about what is."""
    undecided = frozenset(found.policyName for found in answer.diagnostics if is_undecided(found))
    return Findings(frozenset(found.policyName for found in answer.diagnostics), undecided, reasons(answer))


def remediation(answer: pb.RemediateResponse) -> Findings:
    """What policies did; one with a message could not."""
    undecided = frozenset(remedy.policyName for remedy in answer.remediations if remedy.diagnostic)
    return Findings(frozenset(remedy.policyName for remedy in answer.remediations), undecided, reasons(answer))


def reasons(answer: pb.AnalyzeResponse | pb.RemediateResponse) -> dict[str, str]:
    """Why policies are not applicable."""
    return {each.policy_name: each.reason for each in answer.not_applicable}


def is_undecided(found: pb.AnalyzeDiagnostic) -> bool:
    """Whether a policy came upon a value that is not known yet. Its SDK says so in these words, and as an advice."""
    return found.message.startswith(f"can't run policy '{found.policyName}' from policy pack ")


def shared(properties: Properties) -> Properties:
    """The properties without those that are a provider's own."""
    return {key: value for key, value in properties.items() if not key.startswith(INTERNAL)}
