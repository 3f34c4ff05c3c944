"""What is wrong with who watches a service on SageMaker, and what its metrics do not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from modelport.monitoring import receivers
from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec
from modelport.targets.receivers import NOTIFY, PEOPLE, Topics, receiver_rules

MOST_ACTIONS = 5
"""Of an alarm: botocore, PutMetricAlarm."""
TOPICS = Topics(
    re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}"),
    "it is no topic of SNS",
    "Write arn:aws:sns:REGION:ACCOUNT:TOPIC",
)

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
    yield from receiver_rules(spec, environment, TOPICS)
    topics = [each for each in receivers(spec) if each.kind not in PEOPLE]
    own = len(topics) < len(receivers(spec))
    if own + len(topics) + (environment.existing.topic is not None) > MOST_ACTIONS:
        yield Objection(NOTIFY, len(topics), f"an alarm tells {MOST_ACTIONS} topics at most", "Name fewer topics.")
