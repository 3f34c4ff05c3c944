"""What CloudWatch does with metrics: which there are of endpoints, and how alarms judge numbers made of them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

REQUESTS, INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
COUNTED, TIMED = {"Sum"}, {"Average", "Sum", "Minimum", "Maximum", "SampleCount", "p", "PR"}
USED = {"Average", "Minimum", "Maximum", "SampleCount"}
DOCUMENTED: Mapping[tuple[str, str], set[str]] = {
    (REQUESTS, "Invocations"): COUNTED,
    (REQUESTS, "InvocationsPerInstance"): COUNTED,
    (REQUESTS, "Invocation4XXErrors"): {"Average", *COUNTED},
    (REQUESTS, "Invocation5XXErrors"): {"Average", *COUNTED},
    (REQUESTS, "ModelLatency"): TIMED,
    (REQUESTS, "OverheadLatency"): TIMED,
    (INSTANCES, "CPUUtilization"): USED,
    (INSTANCES, "MemoryUtilization"): USED,
    (INSTANCES, "GPUUtilization"): USED,
    (INSTANCES, "GPUMemoryUtilization"): USED,
    (INSTANCES, "DiskUtilization"): USED,
}
"""The metrics of an endpoint's variants, and statistics of them, from the page
https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html; percentiles (p, and PR: percentile ranks)
are of all that CloudWatch gets as single values.
"""
DIMENSIONS = {"EndpointName", "VariantName"}
HOUR, DAY, WEEK = 3600, 86_400, 604_800
COMPARED = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}
FUNCTIONS = {
    "SUM": sum,
    "MAX": max,
    "FILL": lambda value, other: other if value is None else value,
    "IF": lambda asked, one, other: one if asked else other,
    "__builtins__": {},
}
Values = Mapping[tuple[str, str], Sequence[float]]
"""By metric and variant, the values of each minute of one request or instance after the other; the newest last."""


def longest(period: int) -> int:
    """How far an alarm may look back, in seconds (botocore, PutMetricAlarm: Period)."""
    return WEEK if period >= HOUR else DAY


def statistic(name: str, values: Sequence[float]) -> float | None:
    """A statistic of values; there is none of no values, which is not the same as 0."""
    if not values:
        return None
    if within := re.fullmatch(r"PR\(:([\d.]+)\)", name):
        return 100 * sum(each <= float(within[1]) for each in values) / len(values)
    ways = {"Sum": sum, "Maximum": max, "SampleCount": len, "Average": lambda each: sum(each) / len(each)}
    return ways[name](values)


def number(queries: Sequence[Mapping[str, Any]], recent: Values) -> float | None:
    """What an alarm looks at, of the values of one period; None where CloudWatch has no number."""
    known: dict[str, float | None] = {}
    for query in queries:
        if metric := query.get("metric"):
            place = metric["metricName"], metric["dimensions"]["VariantName"]
            known[query["id"]] = statistic(metric["stat"], recent.get(place, ()))
    (shown,) = [each for each in queries if each.get("returnData")]
    try:
        return float(eval(shown["expression"], FUNCTIONS, known))
    except (ZeroDivisionError, TypeError):  # a missing number makes what it is in a missing number
        return None


def fires(alarm: Mapping[str, Any], recent: Values) -> bool:
    """Whether an alarm fires when each of its periods has these values."""
    found = number(alarm["metricQueries"], recent)
    if found is None:
        return alarm["treatMissingData"] == "breaching"
    return COMPARED[alarm["comparisonOperator"]](found, alarm["threshold"])
