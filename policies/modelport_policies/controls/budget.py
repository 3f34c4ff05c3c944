"""COST, continued: what a service may cost at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from modelport_policies.control import ADVICE, Control, NotApplicable, parameter
from modelport_policies.controls.cost import FRAMEWORKS
from modelport_policies.controls.governance import CLOUD_COMPONENTS
from modelport_policies.fleets import RUNNING, Fleet, fleets, fleets_of, service_of
from modelport_policies.resource import Resource, number, text, type_of

HOURS = 730
"""In a month."""


def service_is_within_its_budget(service: Resource) -> Iterable[str]:
    """Where all instances that may run at once run for a month, they cost no more than `budget.amount`, or else
    parameter `monthlyBudget`; `budget.currency` is that of the prices. What they have, and how many there may be, is
    read from the resources with the service's name in a tag or label `service`.
    """
    own = service.at("budget", "amount")
    currency = service.parameters["currency"]
    if own is not None and (given := text(service.at("budget", "currency"))) != currency:
        yield f"the budget is in {given or 'no currency'}, and prices are in {currency}"
        return
    running = fleets_of(service.stack, text(service.at("service")))
    yield from over_budget(service, running, number(own, service.parameters["monthlyBudget"]))


def instances_are_within_the_budget(resource: Resource) -> Iterable[str]:
    """The same of one resource and parameter `monthlyBudget`, where no component of the stack is of its service."""
    name = service_of(resource)
    components = (each for type_ in CLOUD_COMPONENTS for each in resource.stack.by(type_of).get(type_, ()))
    if name and any(text(each.at("service")) == name for each in components):
        raise NotApplicable("it is judged with its service")
    yield from over_budget(resource, list(fleets(resource)), resource.parameters["monthlyBudget"])


def over_budget(judged: Resource, running: Sequence[Fleet], budget: float) -> Iterable[str]:
    """What is wrong with the cost of instances.

    Raises:
        NotApplicable: there is no budget, or nothing that is paid by the hour.
    """
    if budget <= 0:
        raise NotApplicable("nothing says what it may cost: parameter monthlyBudget is 0")
    if not running:
        raise NotApplicable("it has no instances that are paid by the hour")
    prices = judged.parameters["prices"]
    if unpriced := sorted({name for fleet in running for name in fleet.has} - {*prices}):
        yield f"parameter prices does not say what {', '.join(unpriced)} costs"
        return
    cost = sum(HOURS * fleet.most * sum(prices[name] * fleet.has[name] for name in fleet.has) for fleet in running)
    if cost > budget:
        most, currency = sum(fleet.most for fleet in running), judged.parameters["currency"]
        yield f"{most:g} instances cost {cost:.2f} {currency} in a month, more than {budget:.2f}"


CONTROLS = (
    Control(
        id="COST-02",
        title="As many instances as there may be are within the budget",
        severity="medium",
        levels=ADVICE,
        frameworks=FRAMEWORKS,
        remediation="Lower scaling.max of the service, choose smaller machines, or raise the budget; name in the "
        "parameter what each thing costs.",
        checks={
            **dict.fromkeys(CLOUD_COMPONENTS, service_is_within_its_budget),
            **dict.fromkeys(RUNNING, instances_are_within_the_budget),
        },
        scope="stack",
        parameters={
            "prices": parameter(
                "What an hour costs, by kind of machine (ml.g5.xlarge), by kind of accelerator where that is paid for "
                "besides (NVIDIA_L4), and for pods by cpu, GiB of memory, and device (nvidia.com/gpu).",
                {},
                "number",
            ),
            "currency": parameter("The currency of the prices, by its ISO 4217 code.", "USD"),
            "monthlyBudget": parameter(
                "What a service may cost in a month that has no budget of its own; 0 for anything.", 0
            ),
        },
    ),
)
