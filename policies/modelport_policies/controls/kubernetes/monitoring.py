"""GOV on Kubernetes: what is known of how well watched pods serve, and who hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelport_policies.control import NotApplicable
from modelport_policies.kubernetes import (
    CONFIG_MAP,
    SCALED,
    SERVICE,
    WORKLOADS,
    beside,
    contains,
    has_own_namespace,
    in_production,
    namespace,
    pod_labels,
    selects,
)
from modelport_policies.measured import FROM_BELOW, is_about, unnoticed
from modelport_policies.relations import leaves
from modelport_policies.resource import Resource, at, is_set, items, mapping, text

POD_MONITOR = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
SERVICE_MONITOR = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
MONITORS = (POD_MONITOR, SERVICE_MONITOR)
RULES = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
RECEIVERS = tuple(f"kubernetes:monitoring.coreos.com/{each}:AlertmanagerConfig" for each in ("v1alpha1", "v1beta1"))
SLOTH = "kubernetes:sloth.slok.dev/v1:PrometheusServiceLevel"
PYRRA = "kubernetes:pyrra.dev/v1alpha1:ServiceLevelObjective"
OBJECTIVE_LABELS = ("objective", "slo", "sloth_slo")
DASHBOARD = "kubernetes:grafana.integreatly.org/v1beta1:GrafanaDashboard"
DASHBOARD_LABEL = "grafana_dashboard"
QUOTED = r'"(?:[^"\\]|\\.)*"'
SERIES = re.compile(rf"([A-Za-z_:][\w:]*)\s*(?:\{{((?:[^{{}}\"\\]|{QUOTED})*)\}})?")
LABEL = re.compile(rf"\b(\w+)\s*(=~|!~|!=|=)\s*({QUOTED})")
"""Each of the two gives up where another may begin: expressions are read in a time that grows as they do."""
TELLING = re.compile(r"status|code|__name__")
"""Labels whose values say what a series is about; those of others are names of services, pods and the like."""

Rule = Mapping[str, Any]


def failures_are_noticed(monitor: Resource) -> Iterable[str]:
    """Unless a label or annotation `environment` is dev or test: where it selects pods of a Deployment, StatefulSet or
    ReplicaSet, the alerts of its namespace (those of each `PrometheusRule`, by their expressions and what these read of
    other rules, and those that Sloth and Pyrra make of their objectives) are about errors, about saturation, and where
    an objective is about latency about that; an `AlertmanagerConfig` there has a receiver with an address to which a
    route leads, or parameter `alertmanager` says who hears of them. In a namespace of the stack's own, it selects
    something.
    """
    in_production(monitor)
    looks_beside(monitor)
    if has_own_namespace(monitor) and not any(watches(monitor, each) for each in beside(monitor, *WORKLOADS)):
        yield "it watches nothing that is there"
        return
    serves_beside(monitor)
    rules, objectives = list(rules_of(monitor)), list(queries(monitor))
    asked = [*questions((rule for rule in rules if is_set(rule, "alert")), rules), *objectives]
    demanded = [*questions(filter(is_objective, rules), rules), *objectives]
    yield from unnoticed(asked, any(is_about("latency", each) for each in demanded))
    if not monitor.parameters["alertmanager"] and not any(map(tells, beside(monitor, *RECEIVERS))):
        yield "nobody is told: no AlertmanagerConfig beside it leads to a receiver with an address"


def questions(asking: Iterable[Rule], rules: Iterable[Rule]) -> Iterator[str]:
    """What rules ask for: their expressions, and those of the rules that record what these read; with what is compared
    from below goes how.
    """
    recorded: dict[str, list[Rule]] = {}
    for rule in rules:
        recorded.setdefault(text(at(rule, "record")), []).append(rule)
    waiting, seen = [(rule, "") for rule in asking], set()
    while waiting:
        rule, below = waiting.pop()
        expression = text(at(rule, "expr"))
        below = below or "".join(FROM_BELOW.findall(expression)[:1])
        yield LABEL.sub(lambda label: label[0] if TELLING.search(label[1]) else label[1], f"{expression} {below}")
        for series in {(*each, below) for each in SERIES.findall(expression)} - seen:
            seen.add(series)
            waiting += [(other, below) for other in recorded.get(series[0], ()) if agrees(other, series[1])]


def agrees(rule: Rule, asked: str) -> bool:
    """Whether what a rule records can be among the series that are asked for."""
    recorded = mapping(at(rule, "labels"))
    exact = {key: value for key, operator, value in LABEL.findall(asked) if operator == "="}
    return all(f'"{recorded[key]}"' == exact[key] for key in exact if key in recorded)


def queries(monitor: Resource) -> Iterator[str]:
    """What the objectives of Sloth and Pyrra ask for: both make alerts of them."""
    for each in beside(monitor, SLOTH):
        yield " ".join(leaves([at(slo, "sli") for slo in items(each.at("spec", "slos"))]))
    for each in beside(monitor, PYRRA):
        yield " ".join(leaves(each.at("spec", "indicator")))


def tells(config: Resource) -> bool:
    """Whether a route leads to a receiver with somebody's address."""
    reached = {text(at(each, "name")) for each in items(config.at("spec", "receivers")) if has_address(each)}
    return any(text(at(route, "receiver")) in reached for route in routes(config.at("spec", "route")))


def has_address(receiver: Any) -> bool:
    """Whether one of `emailConfigs`, `webhookConfigs` and the like says something."""
    kinds = (key for key in mapping(receiver) if key.endswith("Configs"))
    return any(mapping(each) for key in kinds for each in items(receiver[key]))


def routes(route: Any) -> Iterator[Any]:
    """A route, and those within."""
    yield route
    for each in items(at(route, "routes")):
        yield from routes(each)


def watched_pods_are_measured(monitor: Resource) -> Iterable[str]:
    """Where it selects pods of a Deployment, StatefulSet or ReplicaSet, its namespace has an objective (a rule of a
    `PrometheusRule` with a label `objective` or `slo`, or an object of Sloth or Pyrra) and a dashboard (a ConfigMap
    with the label `grafana_dashboard`, or a `GrafanaDashboard`).
    """
    looks_beside(monitor)
    serves_beside(monitor)
    if not has_objective(monitor):
        yield "nothing says how well the pods that it watches have to serve"
    if not has_dashboard(monitor):
        yield "no dashboard shows how well the pods that it watches serve"


def looks_beside(monitor: Resource) -> None:
    """Return where it watches its own namespace alone.

    Raises:
        NotApplicable: it does not.
    """
    selector, own = monitor.at("spec", "namespaceSelector"), namespace(monitor)
    if at(selector, "any") is True or any(each != own for each in items(at(selector, "matchNames"))):
        raise NotApplicable("it looks into other namespaces")


def serves_beside(monitor: Resource) -> None:
    """Return where something that serves is watched.

    Raises:
        NotApplicable: nothing is.
    """
    if not any(watches(monitor, workload) for workload in beside(monitor, *SCALED)):
        raise NotApplicable("it watches nothing of the stack that serves")


def watches(monitor: Resource, workload: Resource) -> bool:
    """Whether a monitor selects a workload's pods, itself or by a service that leads to them."""
    selector, labels = monitor.at("spec", "selector"), pod_labels(workload)
    if monitor.type == POD_MONITOR:
        return selects(selector, labels)
    services = (each for each in beside(monitor, SERVICE) if selects(selector, mapping(each.at("metadata", "labels"))))
    led_to = (mapping(each.at("spec", "selector")) for each in services)
    return any(wanted and contains(labels, wanted) for wanted in led_to)


def has_objective(monitor: Resource) -> bool:
    """Whether something in its namespace says how well a service has to serve."""
    return any(map(is_objective, rules_of(monitor))) or any(True for _ in beside(monitor, SLOTH, PYRRA))


def is_objective(rule: Rule) -> bool:
    """Whether a rule is about how well a service has to serve."""
    return any(is_set(at(rule, "labels"), label) for label in OBJECTIVE_LABELS)


def rules_of(monitor: Resource) -> Iterator[Rule]:
    """The rules in its namespace."""
    groups = (group for each in beside(monitor, RULES) for group in items(each.at("spec", "groups")))
    return (mapping(rule) for group in groups for rule in items(at(group, "rules")))


def has_dashboard(monitor: Resource) -> bool:
    """Whether something in its namespace is for Grafana."""
    settings = (each.at("metadata", "labels") for each in beside(monitor, CONFIG_MAP))
    return any(is_set(labels, DASHBOARD_LABEL) for labels in settings) or any(True for _ in beside(monitor, DASHBOARD))
