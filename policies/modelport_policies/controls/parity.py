"""GOV, continued: what the spec of a service asks for is what its stack has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from modelport_policies.control import SEVERE, TARGETS, Control, NotApplicable
from modelport_policies.controls.governance import CLOUD_COMPONENTS
from modelport_policies.fleets import Fleet, fleets_of
from modelport_policies.resource import Resource, number, text

WITHOUT_INSTANCES = ("batch", "serverless")
"""Modes in which the platform says how many instances there are, and when."""


def what_is_asked_for_is_there(service: Resource) -> Iterable[str]:
    """The resources of its target with the service's name in a tag or label `service` serve: at least `scaling.min`
    instances of them, and up to `scaling.max`, shadows aside; where there is an `accelerator`, each instance has
    `count`, or nobody knows how many its kind of machine has. Modes `batch` and `serverless` have no instances.
    """
    if service.at("scaling") is None:
        raise NotApplicable("it does not say what was asked for")
    if (mode := text(service.at("mode"))) in WITHOUT_INSTANCES:
        raise NotApplicable(f"in mode {mode} it has no instances of its own")
    begins = TARGETS[service.type.split(":")[1]]
    found = fleets_of(service.stack, text(service.at("service")))
    running = [each for each in found if each.answers and each.resource.type.startswith(begins)]
    if not running:
        yield "nothing of the stack serves it"
        return
    yield from too_few_instances(service, running)
    yield from too_few_accelerators(service, running)


def too_few_instances(service: Resource, running: Sequence[Fleet]) -> Iterator[str]:
    """What of the bounds is not there."""
    fewest, most = (number(service.at("scaling", key), 0) for key in ("min", "max"))
    if (there := sum(each.fewest for each in running)) < fewest:
        yield f"scaling.min is {fewest:g}, and {there:g} instances are sure to be there"
    if (there := sum(each.most for each in running)) < most:
        yield f"scaling.max is {most:g}, and there may be {there:g} instances"


def too_few_accelerators(service: Resource, running: Sequence[Fleet]) -> Iterator[str]:
    """What of the accelerators is not there."""
    if service.at("accelerator") is None:
        return
    asked = number(service.at("accelerator", "count"), 1)
    for each in running:
        if each.most and each.accelerators < asked:
            there = f"instances of {each.resource.name} have {each.accelerators:g}"
            yield f"compute.accelerator.count is {asked:g}, and {there}"


CONTROLS = (
    Control(
        id="GOV-13",
        title="The stack has what the service asks for",
        severity="high",
        levels=SEVERE,
        frameworks=("NIST CM-2", "NIST CM-6"),
        remediation="Take away the override in modelport:resources that says otherwise, or change the service.",
        checks=dict.fromkeys(CLOUD_COMPONENTS, what_is_asked_for_is_there),
        scope="stack",
    ),
)
