"""Alert rules in Prometheus' own form, with what they read recorded first."""

from collections.abc import Iterator, Sequence
from typing import Any

from modelport.monitoring.alert import AlertRule, Condition
from modelport.monitoring.readings import Reading, Signal
from modelport.monitoring.runbooks import RUNBOOKS, runbook

from .queries import FIRST_SEEN, first_seen, query, recorded
from .scrape import Scrape, matching
from .yaml import to_yaml


def rules_file(rules: Sequence[AlertRule], scrape: Scrape, runbooks: str = RUNBOOKS) -> str:
    """The rules of one service as a Prometheus rule file.

    Args:
        runbooks: address under which the pages of `docs/runbooks` are found.
    """
    return to_yaml({"groups": [rule_group(rules, scrape, runbooks)] if rules else []})


def rule_group(rules: Sequence[AlertRule], scrape: Scrape, runbooks: str = RUNBOOKS) -> dict[str, Any]:
    """The same as one group, which Prometheus evaluates from its first rule to its last."""
    readable = [rule for rule in rules if is_readable(rule, scrape)]
    return {
        "name": f"modelport-{scrape.service}",
        "rules": [*_recordings(readable, scrape), *(_alert(rule, scrape, runbooks) for rule in readable)],
    }


def is_readable(rule: AlertRule, scrape: Scrape) -> bool:
    """Whether Prometheus has what the rule needs: outside of Kubernetes it knows nothing of accelerators."""
    return all(query(condition.reading, scrape) for condition in rule.conditions)


def alert_name(rule: AlertRule) -> str:
    """The name that people see, the same for all rules of a kind."""
    return "Modelport" + rule.kind.name.title().replace("-", "")


def _recordings(rules: list[AlertRule], scrape: Scrape) -> Iterator[dict[str, Any]]:
    readings = dict.fromkeys(condition.reading for rule in rules for condition in rule.conditions)
    for reading in readings:
        if name := recorded(reading):
            yield {"record": name, "expr": query(reading, scrape), "labels": _labels(scrape, reading)}
        elif reading.signal == Signal.MODEL_AGE:
            yield {"record": FIRST_SEEN, "expr": first_seen(scrape), "labels": scrape.names}


def _alert(rule: AlertRule, scrape: Scrape, runbooks: str) -> dict[str, Any]:
    labels = {**_labels(scrape, rule.conditions[0].reading), "severity": rule.severity, "category": rule.kind.category}
    return {
        "alert": alert_name(rule),
        "expr": " and on () ".join(_condition(condition, scrape) for condition in rule.conditions),
        **({"for": str(rule.lasting)} if rule.lasting else {}),
        "labels": {**labels, "rule": rule.name},
        "annotations": {
            "summary": rule.summary,
            "description": rule.kind.meaning,
            "runbook_url": runbook(rule.kind, runbooks),
        },
    }


def _condition(condition: Condition, scrape: Scrape) -> str:
    reading = condition.reading
    if name := recorded(reading):
        expression = f"{name}{{{','.join(matching(_labels(scrape, reading)))}}}"
    else:
        expression = str(query(reading, scrape))
    return f"{expression} {condition.comparison} {condition.threshold:.9g}"


def _labels(scrape: Scrape, reading: Reading) -> dict[str, str]:
    return scrape.names | ({"objective": reading.objective.name} if reading.objective else {})
