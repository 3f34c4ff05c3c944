"""The examples of tests/policies/fixtures: per control and resource type, inputs and the outcome they deserve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy
from ruamel.yaml import YAML

from modelport_policies.control import Control, Outcome
from modelport_policies.controls import catalogue
from modelport_policies.controls.governance import COMPONENTS
from modelport_policies.kubernetes import CRON_JOB, POD, WORKLOADS
from modelport_policies.resource import Resource

FIXTURES = Path(__file__).parent.parent / "policies" / "fixtures"
GROUPS = {"workload": WORKLOADS, "component": COMPONENTS}
WORDS = {"<unknown>": UNKNOWN_STRING_VALUE, "<hex>": "0123456789abcdef" * 4}


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

    def __str__(self) -> str:
        return f"{self.control}-{self.type.rpartition(':')[2]}-{self.verdict}-{self.what}"

    def outcome(self) -> Outcome:
        control = next(each for each in catalogue(self.problems) if each.id == self.control)
        stack: list[Resource] = []
        stack += [resource(type_, inputs, stack) for type_, inputs in [(self.type, self.inputs), *self.others]]
        return control.evaluate(stack[0])


def resource(type_: str, inputs: Mapping[str, Any], stack: Sequence[Resource] = ()) -> Resource:
    urn = f"urn:pulumi:dev::shop::{type_}::digits"
    return Resource(type_, "digits", urn, unknown_checking_proxy(dict(inputs)), stack)


def controls() -> tuple[Control, ...]:
    return catalogue()


def cases() -> Iterator[Case]:
    for file in sorted(FIXTURES.glob("*.yaml")):
        for group, verdicts in spelled_out(YAML(typ="safe").load(file)).items():
            for verdict, examples in verdicts.items():
                for type_ in GROUPS.get(group, (group,)):
                    for example in examples:
                        yield case(file.stem, type_, verdict, example)


def case(control: str, type_: str, verdict: str, example: dict[str, Any]) -> Case:
    others = tuple((other, inputs) for other, each in example.get("stack", {}).items() for inputs in each)
    problems = tuple(example.get("problems", ()))
    return Case(control, type_, verdict, example["what"], inputs_of(type_, example), others, problems)


def inputs_of(type_: str, example: dict[str, Any]) -> dict[str, Any]:
    """The example's inputs; a pod is put where a workload of this type has it."""
    pod, metadata = example.get("pod"), {"metadata": example["metadata"]} if "metadata" in example else {}
    if pod is None:
        return example.get("inputs", metadata)
    if type_ == POD:
        return pod
    template = {"template": pod}
    return {"spec": {"jobTemplate": {"spec": template}} if type_ == CRON_JOB else template}


def spelled_out(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: spelled_out(each) for key, each in value.items()}
    if isinstance(value, list):
        return [spelled_out(each) for each in value]
    if isinstance(value, str):
        for word, meaning in WORDS.items():
            value = value.replace(word, meaning)
    return value
