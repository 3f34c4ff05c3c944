"""The same as objects of the Prometheus operator (monitoring.coreos.com) and of Grafana's sidecar, as plain data."""

from collections.abc import Mapping, Sequence
from typing import Any

from modelport.monitoring.alert import AlertRule
from modelport.monitoring.dashboard import Section
from modelport.monitoring.receivers import Receiver
from modelport.monitoring.runbooks import RUNBOOKS

from .alertmanager import GROUP_BY, OURS, REPEAT, Addresses, addresses
from .grafana import dashboard_file
from .rules import rule_group
from .scrape import Scrape

Object = dict[str, Any]
Metadata = Mapping[str, Any]
"""Name, namespace and labels; an operator picks up only what bears the labels that it selects."""

Key = tuple[str, str]
"""Name and key of a Secret."""

DASHBOARD_LABEL = {"grafana_dashboard": "1"}
"""By which Grafana's sidecar knows a dashboard."""


def prometheus_rule(
    metadata: Metadata, rules: Sequence[AlertRule], scrape: Scrape, runbooks: str = RUNBOOKS
) -> Object | None:
    """The rules of a service as a PrometheusRule; None where there are none."""
    groups = [rule_group(rules, scrape, runbooks)]
    return _monitoring("v1", "PrometheusRule", metadata, {"groups": groups}) if rules else None


def pod_monitor(
    metadata: Metadata, scrape: Scrape, selector: Mapping[str, str], port: str, token: Key | None = None
) -> Object:
    """A PodMonitor of a service's pods in its own namespace, whose series are as `scrape` says.

    Args:
        selector: labels of the pods.
        port: name of the port of their container.
        token: where the token is that the server wants, if it wants one.
    """
    spec = {"selector": {"matchLabels": dict(selector)}, "podMetricsEndpoints": [_endpoint(scrape, port, token)]}
    return _monitoring("v1", "PodMonitor", metadata, spec)


def service_monitor(
    metadata: Metadata, scrape: Scrape, selector: Mapping[str, str], port: str, token: Key | None = None
) -> Object:
    """The same as a ServiceMonitor, of the pods behind Services; `selector` and `port` are the Services'."""
    spec = {"selector": {"matchLabels": dict(selector)}, "endpoints": [_endpoint(scrape, port, token)]}
    return _monitoring("v1", "ServiceMonitor", metadata, spec)


def alertmanager_config(metadata: Metadata, service: str, receivers: Sequence[Receiver]) -> Object | None:
    """Who hears of a service's alerts, as an AlertmanagerConfig; None where nobody does.

    Addresses that are secret stay in their Secrets, in the namespace of this object.
    """
    if not (found := addresses(receivers)).are_known:
        return None
    ours = {"name": "alertname", "matchType": "=~", "value": OURS}
    page, ticket = _equal("severity", "page"), _equal("severity", "ticket")
    route = {
        "receiver": service,
        "groupBy": list(GROUP_BY),
        "repeatInterval": REPEAT["page"],
        "matchers": [_equal("service", service), ours],
        "routes": [{"receiver": service, "matchers": [ticket], "repeatInterval": REPEAT["ticket"]}],
    }
    inhibit = {"sourceMatch": [ours, page], "targetMatch": [ours, ticket], "equal": ["service"]}
    spec = {"route": route, "receivers": [_receiver(service, found)], "inhibitRules": [inhibit]}
    return _monitoring("v1alpha1", "AlertmanagerConfig", metadata, spec)


def dashboard_config_map(
    metadata: Metadata, title: str, uid: str, sections: Sequence[Section], scrape: Scrape
) -> Object:
    """A dashboard as a ConfigMap that Grafana's sidecar finds, which puts those of all stacks into one folder."""
    labelled = {**metadata, "labels": {**metadata.get("labels", {}), **DASHBOARD_LABEL}}
    data = {f"{uid}.json": dashboard_file(title, uid, sections, scrape)}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": labelled, "data": data}


def _monitoring(version: str, kind: str, metadata: Metadata, spec: Object) -> Object:
    return {"apiVersion": f"monitoring.coreos.com/{version}", "kind": kind, "metadata": dict(metadata), "spec": spec}


def _endpoint(scrape: Scrape, port: str, token: Key | None) -> Object:
    bearer = {"authorization": {"type": "Bearer", "credentials": _key(*token)}} if token else {}
    job = {"action": "replace", "targetLabel": "job", "replacement": scrape.labels["job"]}
    return {"port": port, "path": "/metrics", "interval": "30s", **bearer, "relabelings": [job]}


def _receiver(name: str, found: Addresses) -> Object:
    webhooks: list[Object] = [{"url": address} for address in found.webhooks]
    webhooks += [{"urlSecret": _key(*secret)} for secret in found.secrets]
    return {
        "name": name,
        **({"emailConfigs": [{"to": address} for address in found.emails]} if found.emails else {}),
        **({"webhookConfigs": webhooks} if webhooks else {}),
    }


def _key(name: str, key: str) -> dict[str, str]:
    return {"name": name, "key": key}


def _equal(name: str, value: str) -> dict[str, str]:
    return {"name": name, "matchType": "=", "value": value}
