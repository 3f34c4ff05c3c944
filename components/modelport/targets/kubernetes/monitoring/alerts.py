from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pulumi

from modelport.monitoring import alert_rules, dashboard, receivers
from modelport.monitoring.prometheus import objects as neutral
from modelport.monitoring.prometheus.grafana import UID_LENGTH
from modelport.monitoring.prometheus.scrape import Scrape
from modelport.monitoring.runbooks import RUNBOOKS
from modelport.plan import Plan
from modelport.spec.releases import SLOTS

from ..objects import ALERTMANAGER_CONFIG, CONFIG_MAP, POD_MONITOR, PROMETHEUS_RULE, Objects, selector_of, workload
from ..pods.access import METRICS

PORT = "http"


@dataclass(frozen=True)
class Watched:
    """Who watches a service.

    Attributes:
        alerts: names of its alerts, which each bears as its label `rule`.
        dashboards: those by which Grafana knows them: /d/NAME.
    """

    alerts: list[str] = field(default_factory=list)
    dashboards: list[str] = field(default_factory=list)


def watched(own: Objects) -> Watched:
    """What the Prometheus operator and Grafana have to know of the service; nothing where no operator is."""
    plan = own.plan
    if plan.environment.existing.prometheus_operator is None:
        return Watched()
    monitor = _monitor(own)
    names = _alerts(own, pulumi.ResourceOptions(depends_on=[monitor]))
    return Watched(names, [_dashboard(own)])


def _monitor(own: Objects) -> pulumi.CustomResource:
    """Prometheus reads the metrics of the pods of both slots, with a token where the server wants one."""
    plan, tokens = own.plan, own.plan.environment.existing.tokens
    token = (tokens, METRICS) if plan.spec.security.auth == "bearer" else None
    spec = neutral.pod_monitor({}, Scrape.of_job(plan.name), selector_of(plan), PORT, token)["spec"]
    return own.object(POD_MONITOR, "monitor", {"spec": spec}, name=plan.names.of(), metadata=_taken(plan))


def _alerts(own: Objects, opts: pulumi.ResourceOptions) -> list[str]:
    """The alerts, and who hears of them; gives their names."""
    plan, existing = own.plan, own.plan.environment.existing
    rules = alert_rules(plan.spec)
    if not rules:
        return []

    def spec(namespace: str) -> Any:
        made = neutral.prometheus_rule({}, rules, _scrape(plan, namespace), existing.runbooks or RUNBOOKS)
        return made and made["spec"]

    name, metadata = plan.names.of(), _taken(plan)
    made = own.object(PROMETHEUS_RULE, "alerts", {"spec": _in(own, spec)}, name=name, metadata=metadata, opts=opts)
    heard = receivers(plan.spec, *([existing.topic] if existing.topic else []))
    if config := neutral.alertmanager_config({}, plan.name, heard):
        after, routes = pulumi.ResourceOptions(depends_on=[made]), {"spec": config["spec"]}
        own.object(ALERTMANAGER_CONFIG, "receivers", routes, name=name, metadata=metadata, opts=after)
    return [rule.name for rule in rules]


def _dashboard(own: Objects) -> str:
    """The dashboard, where Grafana's sidecar finds it; gives its name."""
    plan, uid = own.plan, own.plan.names.of(max_length=UID_LENGTH)

    def data(namespace: str) -> Any:
        title, sections = f"{plan.name} ({plan.environment.stack})", dashboard(plan.spec)
        return neutral.dashboard_config_map({}, title, uid, sections, _scrape(plan, namespace))["data"]

    own.object(CONFIG_MAP, "dashboard", {"data": _in(own, data)}, metadata={"labels": neutral.DASHBOARD_LABEL})
    return uid


def _scrape(plan: Plan, namespace: str) -> Scrape:
    """The series of the pods of both slots, so that a promotion changes no rule."""
    return Scrape.of_pods(plan.name, namespace, "|".join(f"{workload(plan, slot)}-.+" for slot in SLOTS))


def _in(own: Objects, make: Any) -> pulumi.Output[Any]:
    """What there is to say of the series of a namespace, whose name may come later."""
    return pulumi.Output.from_input(own.namespace).apply(make)


def _taken(plan: Plan) -> dict[str, Any]:
    """What the operator wants on the objects that it takes."""
    return {"labels": dict(plan.environment.existing.prometheus_operator or {})}
