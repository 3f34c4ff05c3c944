"""Alert rules in Prometheus' own form, over the metrics that every modelport server exports."""

from collections.abc import Iterable
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from .rules import AlertRule

SERVER_BUCKETS = (
    *("0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05"),
    *("0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "30.0", "60.0"),
)
"""Upper bounds, in seconds, of the server's latency histogram, as it writes them in the `le` label."""

INFERENCE_ROUTES = ("invocations", "score", "v2_infer", "v1_predict", "grpc_ModelInfer")


def rules_file(rules: Iterable[AlertRule]) -> str:
    """A Prometheus rule file: one group per service. The scrape job of a service bears the service's name."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for rule in rules:
        groups.setdefault(rule.service, []).append(_alert(rule))
    document = {"groups": [{"name": service, "rules": alerts} for service, alerts in groups.items()]}
    text, yaml = StringIO(), YAML()
    yaml.width = 10_000
    yaml.dump(document, text)
    return text.getvalue()


def _alert(rule: AlertRule) -> dict[str, Any]:
    rate = rule.burn_rate
    windows = (rate.long_window, rate.short_window)
    return {
        "alert": rule.name,
        "expr": " and ".join(f"{_bad_share(rule, window)} > {rule.bad_share:.6g}" for window in windows),
        "labels": {"severity": rate.severity, "service": rule.service, "objective": rule.objective.name},
        "annotations": {"summary": rule.summary},
    }


def _bad_share(rule: AlertRule, window: str) -> str:
    """The share of bad requests over a window; where there are no requests it is no number, and nothing fires."""
    if rule.objective.within is None:
        metric = "modelport_requests_total"
        bad = _rate(metric, rule.service, window, 'status=~"5.."')
    else:
        metric = "modelport_request_duration_seconds_count"
        good = _rate(
            "modelport_request_duration_seconds_bucket", rule.service, window, f'le="{_bucket(rule.objective.within)}"'
        )
        bad = f"({_rate(metric, rule.service, window)} - {good})"
    return f"({bad} / {_rate(metric, rule.service, window)})"


def _rate(metric: str, service: str, window: str, *matchers: str) -> str:
    routes = "|".join(INFERENCE_ROUTES)
    selector = ",".join((f'job="{service}"', f'route=~"{routes}"', *matchers))
    return f"sum(rate({metric}{{{selector}}}[{window}]))"


def _bucket(seconds: float) -> str:
    """The last bucket that holds only answers within `seconds`: an alert may come early, never late."""
    return max((bound for bound in SERVER_BUCKETS if float(bound) <= seconds), key=float, default=SERVER_BUCKETS[0])
