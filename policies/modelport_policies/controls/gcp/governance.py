"""GOV on Google Cloud: what is known of how well a model serves, what leads back, and how much is kept of requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelport_policies.bounds import FEWEST
from modelport_policies.control import NotApplicable
from modelport_policies.gcp import ALERT, CAPTURE, DASHBOARD, OBJECTIVE, captures, has_captures, in_production
from modelport_policies.measured import unnoticed
from modelport_policies.relations import tag
from modelport_policies.resource import Resource, at, is_filled, is_set, items, mapping, number, text, type_of

ASKED = ("filter", "query")
WIDE = ("ANY", "TAGGED", "TAG_STATE_UNSPECIFIED", "")
DAY = 24 * 60 * 60 * 1000


def failures_are_noticed(endpoint: Resource) -> Iterable[str]:
    """The stack has an `AlertPolicy` about errors, one about saturation, and where an `Slo` is about latency one about
    that, all enabled, unless a label `environment` is dev or test; one may be about several.
    """
    in_production(endpoint)
    types = endpoint.stack.by(type_of)
    alerts = [each for each in types.get(ALERT, ()) if each.at("enabled") is not False]
    asked = [question for each in alerts for question in questions(each)]
    fast = any(is_about_latency(each) for each in types.get(OBJECTIVE, ()))
    yield from unnoticed(asked, fast)


def is_about_latency(objective: Resource) -> bool:
    """Whether an objective says how fast a service has to be."""
    ways = (("requestBasedSli", "distributionCut"), ("basicSli", "latency"))
    return any(is_set(objective.at(kind), key) for kind, key in ways)


def questions(alert: Resource) -> Iterator[str]:
    """The filters and queries of an alert's conditions."""
    for condition in items(alert.at("conditions")):
        for kind in mapping(condition):
            yield from (text(at(condition, kind, key)) for key in ASKED)


def alert_reaches_somebody(alert: Resource) -> Iterable[str]:
    """`notificationChannels` has some, and `enabled` is not false, unless `environment` of `userLabels` is dev or
    test.
    """
    in_production(alert)
    if alert.at("enabled") is False:
        yield "the alert is off"
    if not is_filled(alert, "notificationChannels"):
        yield "nobody is told: it has no notificationChannels"


def endpoint_is_measured(endpoint: Resource) -> Iterable[str]:
    """The stack has an `Slo` and a `Dashboard`."""
    types = endpoint.stack.by(type_of)
    if not types.get(OBJECTIVE):
        yield "nothing says how well the endpoint has to serve"
    if not types.get(DASHBOARD):
        yield "no dashboard shows how well the endpoint serves"


def earlier_images_are_kept(repository: Resource) -> Iterable[str]:
    """`cleanupPolicies` that delete tagged images stand beside one that keeps `mostRecentVersions`, two or more."""
    policies = items(repository.at("cleanupPolicies"))
    deleting = [each for each in policies if at(each, "action") == "DELETE" and is_wide(each)]
    kept = [number(at(each, "mostRecentVersions", "keepCount"), 0) for each in policies if at(each, "action") == "KEEP"]
    if deleting and max(kept, default=0) < FEWEST:
        yield f"{text(at(deleting[0], 'id'))} deletes the image that an update can go back to"


def is_wide(policy: Any) -> bool:
    """Whether a cleanup policy is about images that a tag names."""
    return text(at(policy, "condition", "tagState")).upper() in WIDE


def bias_is_watched(service: Resource) -> Iterable[str]:
    """`governance.biasCheck` is true where `governance.riskClass` is high."""
    if service.at("governance", "riskClass") != "high":
        raise NotApplicable("the use is not of high risk")
    if service.at("governance", "biasCheck") is not True:
        yield "nothing looks for bias in what the model answers"


def sampling_is_in_band(endpoint: Resource) -> Iterable[str]:
    """`predictRequestResponseLoggingConfig.samplingRate` is between parameters `leastSamplingPercent` and
    `mostSamplingPercent`.
    """
    if not captures(endpoint):
        raise NotApplicable("it keeps no requests")
    least, most = endpoint.parameters["leastSamplingPercent"], endpoint.parameters["mostSamplingPercent"]
    percent = number(endpoint.at(CAPTURE, "samplingRate"), 0) * 100
    if not least <= percent <= most:
        yield f"{percent:g} % of the requests are kept, not {least:g} to {most:g} %"


def retention_is_in_band(dataset: Resource) -> Iterable[str]:
    """`defaultTableExpirationMs`, or `defaultPartitionExpirationMs`, of a dataset that an endpoint of the stack keeps
    requests in is between parameters `leastRetentionDays` and `mostRetentionDays`.
    """
    if not has_captures(dataset):
        raise NotApplicable("no endpoint of the stack keeps requests in it")
    given = dataset.at("defaultTableExpirationMs") or dataset.at("defaultPartitionExpirationMs")
    days = number(given, 0) / DAY
    least, most = dataset.parameters["leastRetentionDays"], dataset.parameters["mostRetentionDays"]
    if not days:
        yield "requests are kept for ever"
    elif not least <= days <= most:
        yield f"requests are kept for {days:g} days, not {least:g} to {most:g}"


def api_is_stable(resource: Resource) -> Iterable[str]:
    """The version is stable, unless a label `environment` is dev or test."""
    if (environment := tag(resource, "environment")) in ("dev", "test"):
        raise NotApplicable(f"{environment} is not production")
    _, version, kind = resource.type.split(":")
    yield f"{kind} is of {version.partition('/')[2]}, although its API has a stable version"
