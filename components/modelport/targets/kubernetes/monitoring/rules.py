from __future__ import annotations

from collections.abc import Iterator

from pydantic import TypeAdapter, ValidationError

from modelport.monitoring import Receiver, receiver, receivers
from modelport.monitoring.prometheus.alertmanager import addresses
from modelport.plan import Objection
from modelport.spec import Environment, Existing, ModelSpec, written
from modelport.spec.scalars import Notified

from ..pods.access import METRICS, TOKENS

EXISTING = "modelport:existing"
ENABLED, NOTIFY, TOPIC = "monitoring.alerts.enabled", "monitoring.alerts.notify", f"{EXISTING}.topic"
OF_ALERTS = ("slo.", "monitoring.alerts.")
RECEIVER_FORM = "Write an e-mail address, an https:// address, or SECRET/KEY of a secret that holds one."


def alerts_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with who watches a service, and who hears of trouble."""
    existing = environment.existing
    if existing.prometheus_operator is None:
        yield from _unwatched(spec, existing)
        return
    if existing.prometheus is None:
        reason = "pods of the operator's Prometheus have to be let in, and nothing says where they run"
        yield Objection(f"{EXISTING}.prometheus", None, reason, "Name their namespace.")
    if spec.security.auth == "bearer" and existing.tokens is None:
        reason = "metrics want a token, too, and Prometheus has none"
        alternative = f"Name a secret whose entry {METRICS} is one of the lines of its entry {TOKENS}."
        yield Objection(f"{EXISTING}.tokens", None, reason, alternative)
    if spec.monitoring.alerts.enabled:
        yield from _unheard(NOTIFY, receivers(spec), existing)
        yield from _topic(existing)


def _unwatched(spec: ModelSpec, existing: Existing) -> Iterator[Objection]:
    """Alerts that somebody has asked for are not left out without a word."""
    asked = sorted(path for path in written(spec) if path.startswith(OF_ALERTS))
    if not asked or not spec.monitoring.alerts.enabled:
        return
    if ENABLED in asked:
        alternative = (
            f"Where it is, set {EXISTING}.prometheusOperator. Where it is not, leave the field out, and give your "
            "Prometheus what `modelport monitor rules` writes."
        )
        yield Objection(ENABLED, True, "the stack names no Prometheus operator that takes alerts", alternative)
    elif existing.prometheus is None:
        alternative = f"Name the namespace of your Prometheus, or write {ENABLED}: false."
        yield Objection(
            f"{EXISTING}.prometheus", None, f"{asked[0]} is there for alerts, and nobody watches", alternative
        )


def _topic(existing: Existing) -> Iterator[Objection]:
    if existing.topic is None:
        return
    try:
        address = TypeAdapter(Notified).validate_python(existing.topic)
    except ValidationError:
        reason = "this does not say what kind of receiver it is, or it has a password in it"
        yield Objection(TOPIC, None, reason, RECEIVER_FORM)
    else:
        yield from _unheard(TOPIC, (receiver(address),), existing)


def _unheard(path: str, named: tuple[Receiver, ...], existing: Existing) -> Iterator[Objection]:
    found = addresses(named)
    for topic in found.unknown:
        yield Objection(path, topic, "Alertmanager has no such receiver", RECEIVER_FORM)
    for name, key in found.secrets:
        if existing.namespace is None:
            reason = "the secret lies in a namespace, and the service gets a new one of its own"
            yield Objection(path, f"{name}/{key}", reason, f"Name the namespace in {EXISTING}.namespace.")
