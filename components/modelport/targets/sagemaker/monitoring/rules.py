"""What is wrong with who watches a service on SageMaker, and what its metrics do not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from modelport.monitoring import receivers
from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec

NOTIFY, TOPIC = "monitoring.alerts.notify", "modelport:existing.topic"
MOST_RECEIVERS = 10
"""E-mail addresses and webhooks that a service may name: each is a resource with a fixed name."""
MOST_ACTIONS = 5
"""Of an alarm: botocore, PutMetricAlarm."""
PROTOCOLS = {"email": "email", "webhook": "https"}
"""What SNS calls the ways to those who are no topics."""
ARN = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
FORM = "Write arn:aws:sns:REGION:ACCOUNT:TOPIC"

UNTOLD: Mapping[str, str] = {
    "requests-turned-away": "SageMaker counts 429 among all answers with 4xx",
    "queue-long": "SageMaker does not know what waits within a container",
    "service-down": "SageMaker takes instances that are not ready out by itself, and counts none",
    "instances-missing": "SageMaker replaces instances by itself, and does not say how many are ready",
    "traffic-stopped": "an alarm of CloudWatch cannot look at the week before",
    "model-old": "SageMaker does not say since when a model serves",
    "model-drift": "drift is not built",
}
"""Kinds of alerts that CloudWatch cannot say of an endpoint, and why."""


def monitoring_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with who hears of trouble."""
    given = environment.existing.topic
    if isinstance(given, str) and not ARN.fullmatch(given):
        yield Objection(TOPIC, given, "it is no topic of SNS", f"{FORM}.")
    named = receivers(spec)
    topics = [each.address for each in named if each.kind == "topic"]
    for topic in topics:
        if not ARN.fullmatch(topic):
            alternative = f"{FORM}, an e-mail address or an https:// address."
            yield Objection(NOTIFY, topic, "SNS has no such receiver", alternative)
    people = [each for each in named if each.kind in PROTOCOLS]
    if len(people) > MOST_RECEIVERS:
        alternative = f"Write {MOST_RECEIVERS} at most, or name a topic to which they subscribe."
        yield Objection(NOTIFY, len(people), "those are more addresses than a service has subscriptions", alternative)
    own = 1 if people else 0
    if own + len(topics) + (given is not None) > MOST_ACTIONS:
        yield Objection(NOTIFY, len(topics), f"an alarm tells {MOST_ACTIONS} topics at most", "Name fewer topics.")
