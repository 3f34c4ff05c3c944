"""GOV, concluded: what a use of high risk makes mandatory, whatever its level is otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelport_policies import aws, azure, gcp
from modelport_policies.control import USUAL, Control, NotApplicable, Outcome
from modelport_policies.controls import governance, monitoring, records
from modelport_policies.relations import tag
from modelport_policies.resource import Resource, UnknownValueError

OF_HIGH_RISK = ("LOG-01", "GOV-01", "GOV-07", "GOV-08")
STRICTER = tuple(
    each for family in (records, monitoring, governance) for each in family.CONTROLS if each.id in OF_HIGH_RISK
)
SERVING = (aws.ENDPOINT, aws.ENDPOINT_CONFIGURATION, gcp.ENDPOINT, azure.ENDPOINT, azure.DEPLOYMENT)


def service_is_up_to_its_risk(service: Resource) -> Iterable[str]:
    """`governance.riskClass` is minimal, limited or high, unless `environment` is dev or test; where it is high, GOV-07
    and GOV-08 find nothing.
    """
    yield from governance.risk_class_is_declared(service)
    if service.at("governance", "riskClass") == "high":
        yield from found(outcomes(service))


def endpoint_is_up_to_its_risk(resource: Resource) -> Iterable[str]:
    """Where a tag or label `riskClass` is high, LOG-01, GOV-01 and GOV-08 find nothing."""
    if tag(resource, "riskclass") != "high":
        raise NotApplicable("the use is not of high risk")
    judged = outcomes(resource)
    if all(each.not_applicable for each in judged.values()):
        raise NotApplicable("; ".join(str(each.not_applicable) for each in judged.values()))
    yield from found(judged)


def outcomes(resource: Resource) -> dict[str, Outcome]:
    """What the controls that a high risk makes mandatory say of a resource."""
    return {each.id: each.evaluate(resource) for each in STRICTER if resource.type in each.checks}


def found(judged: dict[str, Outcome]) -> Iterator[str]:
    """What they found; ends with an error where one is undecided.

    Raises:
        UnknownValueError: one came upon a value that is not known yet.
    """
    for id_, outcome in judged.items():
        yield from (f"{id_}, mandatory as the risk is high: {message}" for message in outcome.violations)
    undecided: list[UnknownValueError] = [each.undecided for each in judged.values() if each.undecided]
    if undecided:
        raise undecided[0]


CONTROLS = (
    Control(
        id="GOV-05",
        title="The risk class of the use is declared before production, and a high one taken seriously",
        severity="high",
        levels=USUAL,
        frameworks=("EU AI Act 6", "EU AI Act 9", "EU AI Act 26", "ISO42001 A.5"),
        remediation="Set governance.riskClass of the service to minimal, limited or high. Where it is high, do what "
        "the control that is named asks for: an exemption from that one is none from this.",
        checks={
            **dict.fromkeys(governance.COMPONENTS, service_is_up_to_its_risk),
            **dict.fromkeys(SERVING, endpoint_is_up_to_its_risk),
        },
        only_in_stack=SERVING,
    ),
)
