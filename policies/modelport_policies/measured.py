"""What alerts are about, told by the metrics that their filters and queries name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

MEASURED = {
    "errors": re.compile(
        r"error|fail|5xx|response_code|(?:status|code)\w*\s*(?:!|=~?\s*\"[^\"]*(?:5|internal|unavailable|unknown))"
    ),
    "latency": re.compile(r"latenc|duration|histogram_quantile"),
    "saturation": re.compile(
        r"utili[sz]ation|_util\b|duty_cycle|replica|saturation|queue|waiting|pending|in_?flight|throttl|memory|cpu|"
        r"cache_usage|(?:status|code)\w*\s*=~?\s*\"[^\"]*429"
    ),
}
"""What metrics and the status of answers are called."""


def unnoticed(questions: Collection[str], fast: bool) -> Iterator[str]:
    """What none of these questions is about; latency only where something says how fast a service has to be."""
    wanted = [name for name in MEASURED if name != "latency" or fast]
    if missing := [name for name in wanted if not any(is_about(name, each) for each in questions)]:
        yield f"no alert is about {', '.join(missing)}"


def is_about(name: str, question: str) -> bool:
    """Whether a question is about errors, latency or saturation."""
    return bool(MEASURED[name].search(question.lower()))
