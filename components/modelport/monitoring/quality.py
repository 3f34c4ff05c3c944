"""Alerts on models that no longer fit: they are old, or what they are asked has changed."""

from collections.abc import Iterator

from modelport.spec import Duration, ModelSpec

from .alert import AlertRule, Condition, Kind
from .readings import Reading, Signal

AGE = Kind("model-old", "age", "The same model has served for longer than `monitoring.alerts.modelAge`.")
DRIFT = Kind("model-drift", "drift", "What the model is asked, or answers, is no longer as in its baseline.")

HOUR = Duration.parse("1h")


def quality_rules(spec: ModelSpec) -> Iterator[AlertRule]:
    """The rules on the model's age and on drift, as far as `monitoring` asks for them."""
    service, drift, age = spec.metadata.name, spec.monitoring.drift, spec.monitoring.alerts.model_age
    if age is not None:
        text = f"{service}: the same model has served for more than {age}"
        old = Condition(Reading(Signal.MODEL_AGE), ">", age.seconds)
        yield AlertRule(AGE.name, AGE, service, "ticket", text, (old,))
    if drift.enabled and drift.method == "psi":
        text = f"{service}: a feature's population stability index is over {drift.threshold:g}"
        moved = Condition(Reading(Signal.DRIFT), ">", drift.threshold)
        yield AlertRule(DRIFT.name, DRIFT, service, "ticket", text, (moved,), HOUR)
