"""GOV on Azure: what is known of how well a model serves, what leads back, and how much is kept of requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelport_policies.azure import DASHBOARDS, DEPLOYMENT, METRIC_ALERT, SCHEDULE, collections
from modelport_policies.control import NotApplicable
from modelport_policies.controls.azure.cost import deleting
from modelport_policies.relations import belonging, in_production, tag
from modelport_policies.resource import Resource, at, is_filled, is_set, items, mapping, number, text, type_of

MEASURED = {
    "errors": re.compile(r"RequestsPerMinute|Error"),
    "saturation": re.compile(r"Utilization|DeploymentCapacity"),
}
"""What metrics of endpoints and deployments are called."""
LATENCY = re.compile(r"Latency")
OF_BIAS = ("FeatureAttributionDrift", "Custom")
SENSITIVE = ("confidential", "personal")
PREVIEW = re.compile(r"(?:/|_)v(\d{8}\w*preview):")


def high_risk_is_monitored(endpoint: Resource) -> Iterable[str]:
    """A `Schedule` of the stack monitors a deployment of the endpoint, where a tag `riskClass` is `high` and none
    `environment` is dev or test.
    """
    in_production(endpoint)
    of_high_risk(endpoint)
    if not any(monitors(endpoint)):
        yield "nothing watches whether what is asked and answered drifts"


def of_high_risk(endpoint: Resource) -> None:
    """Return where a tag says that the use is of high risk.

    Raises:
        NotApplicable: none does.
    """
    if tag(endpoint, "riskclass") != "high":
        raise NotApplicable("the use is not of high risk")


def monitors(endpoint: Resource) -> Iterator[Mapping[str, Any]]:
    """What the stack's schedules that are on monitor of an endpoint."""
    for deployment in belonging(endpoint, DEPLOYMENT, "endpointName"):
        for schedule in belonging(deployment, SCHEDULE, "properties"):
            if schedule.at("properties", "isEnabled") is not False:
                yield monitor(schedule)


def monitor(schedule: Resource) -> Mapping[str, Any]:
    """What a schedule says of the monitor that it makes; nothing where it makes none."""
    return mapping(schedule.at("properties", "action", "monitorDefinition"))


def monitor_has_baseline(schedule: Resource) -> Iterable[str]:
    """Where `properties.action` makes a monitor, it is enabled, and each of `signals` has `referenceData`."""
    if not (definition := monitor(schedule)):
        raise NotApplicable("it makes no monitor")
    if schedule.at("properties", "isEnabled") is False:
        yield "the monitor is off"
    signals = mapping(at(definition, "signals"))
    if not signals:
        yield "the monitor watches nothing"
    for name in signals:
        if at(signals[name], "signalType") != "Custom" and not is_set(signals[name], "referenceData"):
            yield f"the signal {name} has no baseline to compare with"


def failures_are_noticed(endpoint: Resource) -> Iterable[str]:
    """The stack has a `MetricAlert` about errors and one about saturation of the endpoint or its deployments that are
    enabled, unless a tag `environment` is dev or test.
    """
    in_production(endpoint)
    watched = [endpoint, *belonging(endpoint, DEPLOYMENT, "endpointName")]
    alerts = [each for owner in watched for each in belonging(owner, METRIC_ALERT, "scopes")]
    asked = " ".join(metric for each in alerts if each.at("enabled") is not False for metric in metrics(each))
    if missing := [name for name, called in MEASURED.items() if not called.search(asked)]:
        yield f"no alert is about {', '.join(missing)}"


def metrics(alert: Resource) -> Iterator[str]:
    """The metrics that an alert looks at."""
    return (text(at(each, "metricName")) for each in items(alert.at("criteria", "allOf")))


def alert_reaches_somebody(alert: Resource) -> Iterable[str]:
    """`actions` has some, `enabled` is not false, and where a tag `objective` is `latency`, a metric is about that,
    unless a tag `environment` is dev or test.
    """
    in_production(alert)
    if tag(alert, "objective") == "latency" and not LATENCY.search(" ".join(metrics(alert))):
        yield "its objective is about latency, and it is not"
    if alert.at("enabled") is False:
        yield "the alert is off"
    if not is_filled(alert, "actions"):
        yield "nobody is told: it has no actions"


def endpoint_is_measured(endpoint: Resource) -> Iterable[str]:
    """The stack has a `MetricAlert` with a tag `objective`, and a `Dashboard`, `Workbook` or `Grafana`."""
    types = endpoint.stack.by(type_of)
    if not any(tag(each, "objective") for each in types.get(METRIC_ALERT, ())):
        yield "nothing says how well the endpoint has to serve"
    if not any(types.get(each) for each in DASHBOARDS):
        yield "no dashboard shows how well the endpoint serves"


def earlier_models_are_kept(policy: Resource) -> Iterable[str]:
    """Each of `policy.rules` that deletes has `prefixMatch` among its filters."""
    for rule in deleting(policy):
        if not items(at(rule, "definition", "filters", "prefixMatch")):
            yield f"the rule {text(at(rule, 'name'))} deletes the model that an update can go back to"


def version_is_at_hand(version: Resource) -> Iterable[str]:
    """`properties.isArchived` is not true."""
    if version.at("properties", "isArchived") is True:
        yield "it is archived: nobody finds it to go back to"


def bias_is_watched(endpoint: Resource) -> Iterable[str]:
    """A `Schedule` of the stack watches which features the answers of the endpoint come from, or has a signal of its
    own, where a tag `riskClass` is `high`.
    """
    of_high_risk(endpoint)
    signals = [mapping(at(each, "signals")) for each in monitors(endpoint)]
    if not any(at(one[name], "signalType") in OF_BIAS for one in signals for name in one):
        yield "nothing looks for bias in what the model answers"


def sampling_is_in_band(deployment: Resource) -> Iterable[str]:
    """`samplingRate` of each collection of `properties.dataCollector` is between parameters `leastSamplingPercent` and
    `mostSamplingPercent`; where it is missing, every request is kept.
    """
    kept = dict(collections(deployment))
    if not kept:
        raise NotApplicable("it keeps no requests")
    least, most = deployment.parameters["leastSamplingPercent"], deployment.parameters["mostSamplingPercent"]
    for name, collection in kept.items():
        percent = number(at(collection, "samplingRate"), 1) * 100
        if not least <= percent <= most:
            yield f"{percent:g} % of the requests are kept as {name}, not {least:g} to {most:g} %"


def retention_is_in_band(policy: Resource) -> Iterable[str]:
    """Each of `policy.rules` that deletes does so after a time between parameters `leastRetentionDays` and
    `mostRetentionDays`.
    """
    least, most = policy.parameters["leastRetentionDays"], policy.parameters["mostRetentionDays"]
    for rule in deleting(policy):
        when = mapping(at(rule, "definition", "actions", "baseBlob", "delete"))
        for key in when:
            if not least <= (days := number(when[key], 0)) <= most:
                yield f"the rule {text(at(rule, 'name'))} deletes after {days:g} days, not {least:g} to {most:g}"


def workspace_is_for_sensitive_data(workspace: Resource) -> Iterable[str]:
    """`hbiWorkspace` is true where a tag `dataClass` is `confidential` or `personal`."""
    if (data_class := tag(workspace, "dataclass")) not in SENSITIVE:
        raise NotApplicable(f"its data is {text(data_class) or 'of no class that is named'}")
    if workspace.at("hbiWorkspace") is not True:
        yield f"its data is {text(data_class)}, and Azure keeps as much of it for diagnosis as of any"


def api_is_stable(resource: Resource) -> Iterable[str]:
    """The type names no preview of an API, unless a tag `environment` is dev or test."""
    in_production(resource)
    own = resource.urn.split("::")[-2].rpartition("$")[2]
    if found := PREVIEW.search(own):
        yield f"it is of {found.group(1)}, a preview of its API"
