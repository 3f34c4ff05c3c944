"""What Cloud Monitoring does with metrics: which there are of endpoints, and how alerts judge numbers made of them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PREFIX, RESOURCE = "aiplatform.googleapis.com/prediction/online/", "aiplatform.googleapis.com/Endpoint"
DEPLOYED, MACHINE = {"deployed_model_id"}, {"deployed_model_id", "replica_id"}
DOCUMENTED: Mapping[str, tuple[str, str, set[str]]] = {
    "accelerator/duty_cycle": ("GAUGE", "DOUBLE", MACHINE),
    "accelerator/memory/bytes_used": ("GAUGE", "INT64", MACHINE),
    "cpu/utilization": ("GAUGE", "DOUBLE", MACHINE),
    "memory/bytes_used": ("GAUGE", "INT64", MACHINE),
    "prediction_latencies": ("DELTA", "DISTRIBUTION", {*DEPLOYED, "latency_type"}),
    "replicas": ("GAUGE", "INT64", DEPLOYED),
    "response_count": ("DELTA", "INT64", {*DEPLOYED, "response_code"}),
    "target_replicas": ("GAUGE", "INT64", DEPLOYED),
}
"""Kind, type and labels of the metrics of an endpoint: https://cloud.google.com/monitoring/api/metrics_gcp_a_b"""
ALIGNERS = {
    "ALIGN_DELTA": ({"DELTA"}, {"INT64", "DOUBLE", "DISTRIBUTION"}),
    "ALIGN_RATE": ({"DELTA"}, {"INT64", "DOUBLE"}),
    "ALIGN_MEAN": ({"GAUGE"}, {"INT64", "DOUBLE"}),
    "ALIGN_MAX": ({"GAUGE"}, {"INT64", "DOUBLE"}),
}
"""What may be aligned how: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aligner"""
SELECTOR = re.compile(
    r'(?P<name>select_slo_\w+)\("projects/(?P<project>[^/]+)/services/(?P<service>[^/]+)/serviceLevelObjectives/'
    r'(?P<objective>[a-z0-9-]+)"(, "(?P<period>\d+)s")?\)'
)
METRIC = re.compile(
    rf'metric\.type = "{PREFIX}(?P<metric>[^"]+)" AND resource\.type = "{RESOURCE}"'
    r' AND resource\.labels\.location = "(?P<region>[^"]+)" AND resource\.labels\.endpoint_id = "(?P<endpoint>[^"]+)"'
    r'( AND metric\.labels\.(?P<label>\w+) = (starts_with\("(?P<start>[^"]+)"\)|"(?P<value>[^"]+)"))?'
)
WAYS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "ALIGN_DELTA": sum,
    "ALIGN_MEAN": lambda values: sum(values) / len(values),
    "ALIGN_MAX": max,
    "REDUCE_SUM": sum,
    "REDUCE_MEAN": lambda values: sum(values) / len(values),
    "REDUCE_MAX": max,
}
Values = Mapping[tuple[str, str, str], Sequence[float]]
"""By metric, the label that filters may ask for ("" where there is none) and machine: values, a distribution's one by
one.
"""
Recent = Callable[[int], Values]
"""Those of so many seconds."""


def always(values: Values) -> Recent:
    return lambda seconds: values


def fires(policy: Mapping[str, Any], objectives: Mapping[str, Mapping[str, Any]], recent: Recent) -> bool:
    """Whether an alert policy fires when it has been so for as long as it waits.

    Args:
        objectives: inputs of the `Slo`s that there are, by id.
    """
    assert policy["combiner"] == "AND"
    return all(_holds(each, objectives, recent) for each in policy["conditions"])


def _holds(condition: Mapping[str, Any], objectives: Mapping[str, Mapping[str, Any]], recent: Recent) -> bool:
    if absent := condition.get("conditionAbsent"):
        return number(absent["filter"], absent["aggregations"], recent) is None
    asked = condition["conditionThreshold"]
    if selected := SELECTOR.fullmatch(asked["filter"]):
        assert selected["name"] == "select_slo_burn_rate"
        found = burn_rate(objectives[selected["objective"]], recent(int(selected["period"])))
    else:
        found = number(asked["filter"], asked["aggregations"], recent)
    if found is None:
        return False
    above = {"COMPARISON_GT": True, "COMPARISON_LT": False}[asked["comparison"]]
    return found > asked["thresholdValue"] if above else found < asked["thresholdValue"]


def number(text: str, aggregations: Sequence[Mapping[str, Any]], recent: Recent) -> float | None:
    """What a filter and the aggregation after it make of values; None of none."""
    (way,) = aggregations
    period = int(way["alignmentPeriod"].removesuffix("s"))
    aligned = [WAYS[way["perSeriesAligner"]](values) for values in matching(text, recent(period)) if values]
    return WAYS[way["crossSeriesReducer"]](aligned) if aligned else None


def matching(text: str, values: Values) -> list[Sequence[float]]:
    """The values that a filter lets through, of each machine."""
    asked = METRIC.fullmatch(text)
    assert asked, text
    return [
        each
        for (metric, label, _), each in values.items()
        if metric == asked["metric"]
        and (asked["label"] is None or label == asked["value"] or (asked["start"] and label.startswith(asked["start"])))
    ]


def burn_rate(objective: Mapping[str, Any], values: Values) -> float | None:
    """How many times too fast an objective's budget is used up; None without requests."""
    good = objective["requestBasedSli"]
    if ratio := good.get("goodTotalRatio"):
        bad, all_ = (sum(map(sum, matching(ratio[key], values))) for key in ("badServiceFilter", "totalServiceFilter"))
    else:
        cut = good["distributionCut"]
        taken = [each for found in matching(cut["distributionFilter"], values) for each in found]
        bad, all_ = sum(each > cut["range"]["max"] for each in taken), len(taken)
    return bad / all_ / (1 - objective["goal"]) if all_ else None
