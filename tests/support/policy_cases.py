"""The examples of tests/policies/fixtures: per control and resource type, inputs and the outcome they deserve.

An example has inputs of its own (`inputs`, `pod`, `metadata`), or says what is other than in a hardened resource:
`but`, `pod_but`, `container_but` for a container of each kind, `grant` for what a type of Google Cloud grants.
`gpu: true` begins with a pod that has a GPU, `without` takes types from what is around, `stack` adds to it,
`parameters` are the control's, `also` are others that find something, too, `covers` are the checks of others that a bad
example is made for. How resources refer to each other is in `support.references`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import unknown_checking_proxy
from support.hardened import HARDENED, KINDS_OF_CONTAINER, further, granted, hardened, in_container, neighbours, read
from support.references import rows

import modelport_policies
from modelport_policies import azure, gcp
from modelport_policies.aws import REGIONAL, TAGGED
from modelport_policies.control import Control, Outcome
from modelport_policies.controls import catalogue
from modelport_policies.controls.governance import COMPONENTS, OLD
from modelport_policies.controls.kubernetes.edges import VIRTUAL_SERVICES
from modelport_policies.controls.kubernetes.identity import ROUTES, STREAMS
from modelport_policies.controls.kubernetes.monitoring import MONITORS
from modelport_policies.kubernetes import CRON_JOB, DEPLOYMENT, POD, SCALED, SERVING, WORKLOADS
from modelport_policies.resource import Resource, Stack
from modelport_policies.review import stack_of

FIXTURES = Path(__file__).parent.parent / "policies" / "fixtures"
ACCESS = {name.removesuffix("_ACCESS").lower(): types for name, types in vars(gcp).items() if name.endswith("_ACCESS")}
GROUPS = {
    **{f"access to {name}": types for name, types in ACCESS.items() if isinstance(types, tuple)},
    "workload": WORKLOADS,
    "serving": SERVING,
    "scaled": SCALED,
    "route": ROUTES,
    "stream": STREAMS,
    "virtual": VIRTUAL_SERVICES,
    "monitor": MONITORS,
    "component": COMPONENTS,
    "old": OLD,
    "tagged": (*TAGGED, *azure.TAGGED),
    "labelled": gcp.LABELLED,
    "regional": REGIONAL,
    "azure regional": azure.REGIONAL,
    "azure preview": tuple(re.sub(r":(\w+):", r":\1/v20240101preview:", each) for each in azure.REGIONAL),
}
CHANGES = ("but", "pod_but", "container_but", "grant")
OTHER_CONTAINERS = tuple(f"({kind})" for kind in KINDS_OF_CONTAINER[1:])


@dataclass(frozen=True)
class Case:
    """One example: these inputs of this type deserve this verdict of this control."""

    control: str
    type: str
    verdict: str
    what: str
    inputs: Mapping[str, Any]
    others: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    problems: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_hardened: bool = False
    also: frozenset[str] = frozenset()
    covers: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.control}-{self.type.rpartition(':')[2]}-{self.verdict}-{self.what}"

    def outcome(self) -> Outcome:
        """What its control says."""
        control = next(each for each in catalogue(self.problems) if each.id == self.control)
        return control.evaluate(stack_of(self.export())[0], self.parameters)

    @property
    def is_for_the_whole_pack(self) -> bool:
        """Whether the whole pack judges it, too: what is in an init container, in one kind of workload only."""
        alike = self.type in WORKLOADS and self.type != DEPLOYMENT and self.what.endswith(OTHER_CONTAINERS)
        return self.is_hardened and not alike

    def found(self) -> set[str]:
        """The controls of the whole pack that find something in the stack of this example."""
        report = modelport_policies.check(self.export(), "regulated", parameters={self.control: self.parameters})
        return {each["rule"] for each in report["violations"]}

    def export(self) -> dict[str, Any]:
        """The stack of this example, its own resource first."""
        return {"deployment": {"resources": rows([(self.type, self.inputs), *self.others])}}


def resource(type_: str, inputs: Mapping[str, Any], stack: Stack | None = None, name: str = "digits") -> Resource:
    urn = f"urn:pulumi:dev::shop::{type_}::{name}"
    return Resource(type_, name, urn, unknown_checking_proxy(dict(inputs)), Stack() if stack is None else stack)


def controls() -> tuple[Control, ...]:
    return catalogue()


@cache
def cases() -> tuple[Case, ...]:
    """All examples."""
    return tuple(case for file in sorted(FIXTURES.glob("*.yaml")) for case in cases_of(file))


def cases_of(file: Path) -> Iterator[Case]:
    for group, verdicts in read(file).items():
        for verdict, examples in verdicts.items():
            for type_ in GROUPS.get(group, (group,)):
                for example in examples:
                    for each in of_each_container(example):
                        yield case(file.stem, type_, verdict, each)


def of_each_container(example: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The example itself, or one for each kind of container that it is about."""
    if "container_but" not in example:
        yield example
        return
    for kind in KINDS_OF_CONTAINER:
        what = f"{example['what']} ({kind})"
        yield {**example, "what": what, "pod_but": in_container(example["container_but"], kind)}


def case(control: str, type_: str, verdict: str, example: dict[str, Any]) -> Case:
    others = [(other, inputs) for other, each in example.get("stack", {}).items() for inputs in each]
    is_hardened = any(key in example for key in CHANGES)
    if is_hardened:
        without = example.get("without", [])
        others += [*neighbours(type_, without).items(), *further(type_, without)]
    return Case(
        control,
        type_,
        verdict,
        example["what"],
        inputs_of(type_, example),
        tuple(others),
        tuple(example.get("problems", ())),
        example.get("parameters", {}),
        is_hardened,
        frozenset(example.get("also", ())),
        tuple(example.get("covers", ())),
    )


def inputs_of(type_: str, example: dict[str, Any]) -> dict[str, Any]:
    """The example's inputs; a pod is put where a workload of this type has it."""
    if any(key in example for key in CHANGES):
        start = HARDENED["gpu"] if example.get("gpu") else {}
        change = granted(type_, **example["grant"]) if "grant" in example else example.get("but")
        return hardened(type_, (start, example.get("pod_but", {})), change)
    pod, metadata = example.get("pod"), {"metadata": example["metadata"]} if "metadata" in example else {}
    if pod is None:
        return example.get("inputs", metadata)
    if type_ == POD:
        return pod
    template = {"template": pod}
    return {"spec": {"jobTemplate": {"spec": template}} if type_ == CRON_JOB else template}
