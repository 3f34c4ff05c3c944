"""Services whose requests are files, of any cloud."""

from __future__ import annotations

LEFT_OUT = "Leave it out: requests/ and answers/ in the bucket hold everything."


def job_lacks(told: str) -> dict[str, tuple[str, str]]:
    """Fields that jobs have nothing for: why not, and what to do instead.

    Args:
        told: what to do to hear of jobs that fail.
    """
    latencies = (f"slo.latency.{percentile}" for percentile in ("p50", "p95", "p99"))
    return {
        "monitoring.capture.percent": ("a job's requests and answers are files that you have", LEFT_OUT),
        **dict.fromkeys(
            ("monitoring.alerts.enabled", "monitoring.alerts.notify"),
            ("a job has no endpoint that alarms could watch", told),
        ),
        **dict.fromkeys(
            ("slo.availability", *latencies), ("a job has no endpoint whose answers could be counted", told)
        ),
        **dict.fromkeys(
            ("rollout.steps", "rollout.bake", "rollout.rollbackOn"),
            ("a job keeps its model to the end", "Leave it out. The next job has the new version at once."),
        ),
    }
