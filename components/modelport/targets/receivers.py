"""Who hears of alerts where a cloud tells them: people by resources of the service's own, topics by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modelport.monitoring import receivers
from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec

NOTIFY, TOPIC = "monitoring.alerts.notify", "modelport:existing.topic"
PEOPLE = ("email", "webhook")
"""Receivers that are no topics."""
MOST_PEOPLE = 10
"""That a service may name: each is a resource with a fixed name."""


@dataclass(frozen=True)
class Topics:
    """What a cloud takes for a topic.

    Attributes:
        form: of its name.
        reason: a clause on another one.
        alternative: what to do, a sentence without its end.
    """

    form: re.Pattern[str]
    reason: str
    alternative: str


def receiver_rules(spec: ModelSpec, environment: Environment, topics: Topics) -> Iterator[Objection]:
    """What is wrong with who hears."""
    given, named = environment.existing.topic, receivers(spec)
    if isinstance(given, str) and not topics.form.fullmatch(given):
        yield Objection(TOPIC, given, topics.reason, f"{topics.alternative}.")
    for each in named:
        if each.kind == "topic" and not topics.form.fullmatch(each.address):
            alternative = f"{topics.alternative}, an e-mail address or an https:// address."
            yield Objection(NOTIFY, each.address, topics.reason, alternative)
    people = sum(each.kind in PEOPLE for each in named)
    if people > MOST_PEOPLE:
        alternative = f"Write {MOST_PEOPLE} at most, or name a topic to which they subscribe."
        yield Objection(NOTIFY, people, "those are more addresses than a service may name", alternative)
