"""What Google's provider sends of resources of Cloud Monitoring, judged by Google's own types."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.demands import lacks
from support.environments import Absent, interpreter
from support.vertex.judge import HOME, LOCK

SCRIPT = Path(__file__).with_name("monitoring_types.py")
Json = dict[str, Any]


def verdicts(planned: Mapping[str, tuple[str, Json]]) -> dict[str, list[str]]:
    """What is wrong with each.

    Args:
        planned: type tokens and inputs by logical name.
    """
    sent = {name: _sent(token.rpartition(":")[2], inputs) for name, (token, inputs) in planned.items()}
    try:
        python = interpreter(LOCK, HOME / "environment")
    except Absent as absent:
        lacks([f"{LOCK.name} ({absent})"])
    told = json.dumps(list(sent.values()))
    done = subprocess.run([python, SCRIPT], input=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(zip(sent, json.loads(done.stdout), strict=True))


def _sent(kind: str, inputs: Json) -> tuple[str, Json]:
    """The type, and its request: fields of the provider that are not the API's are translated."""
    if kind == "Dashboard":
        return kind, json.loads(inputs["dashboardJson"])
    if kind == "CustomService":
        return "Service", {"custom": {}, **_without(inputs, "serviceId")}
    if kind == "Slo":
        period = f"{inputs['rollingPeriodDays'] * 86400:.0f}s"
        own = {"rollingPeriod": period, "serviceLevelIndicator": {"requestBased": inputs["requestBasedSli"]}}
        others = _without(inputs, "service", "sloId", "rollingPeriodDays", "requestBasedSli")
        return "ServiceLevelObjective", {**own, **others}
    return kind, inputs


def _without(inputs: Json, *names: str) -> Json:
    return {key: value for key, value in inputs.items() if key not in names}
