"""What is wrong with who watches a service on Vertex AI, and what its metrics do not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from modelport.monitoring import receivers
from modelport.plan import Objection
from modelport.spec import Environment, ModelSpec
from modelport.targets.receivers import NOTIFY, Topics, receiver_rules

CHANNELS = Topics(
    re.compile(r"projects/[^/]+/notificationChannels/[0-9]+"),
    "it is no notification channel",
    "Write projects/PROJECT/notificationChannels/NUMBER",
)
MOST_CHANNELS = 16
"""Of an alert: https://cloud.google.com/monitoring/quotas#alerting_uptime_quotas"""
MOST_GOAL = 99.99
"""https://cloud.google.com/monitoring/api/ref_v3/rest/v3/services.serviceLevelObjectives"""

UNTOLD: Mapping[str, str] = {
    "requests-turned-away": "Vertex AI counts 429 among all answers with 4xx",
    "in-flight-high": "Vertex AI does not say how many requests a machine works on",
    "queue-long": "Vertex AI does not know what waits within a container",
    "traffic-stopped": "alerts of Cloud Monitoring look back a day at most",
    "model-old": "Vertex AI does not say since when a model serves",
    "model-drift": "drift is not built",
}
"""Kinds of alerts that Cloud Monitoring cannot say of an endpoint, and why."""


def monitoring_rules(spec: ModelSpec, environment: Environment) -> Iterator[Objection]:
    """What is wrong with who hears of trouble, and with what is asked of a service."""
    yield from receiver_rules(spec, environment, CHANNELS)
    told = len(receivers(spec)) + (environment.existing.topic is not None)
    if told > MOST_CHANNELS:
        reason = f"an alert tells {MOST_CHANNELS} channels at most"
        yield Objection(NOTIFY, told, reason, f"Name fewer: modelport:existing.topic is one of the {MOST_CHANNELS}.")
    if spec.slo.availability > MOST_GOAL:
        reason = f"Cloud Monitoring takes objectives of up to {MOST_GOAL:g} %"
        yield Objection("slo.availability", spec.slo.availability, reason, f"Write {MOST_GOAL:g} or less.")
