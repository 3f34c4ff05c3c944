"""What alerts are about, told by the metrics that their filters and queries name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

ANSWERED = r"(?:status|code)(?:(?!status|code)\w)*\s*"
"""A label with the status of answers: the last word of it that says so, for each to be looked at once."""
MEASURED = {
    "errors": re.compile(
        rf"error|fail|5xx|response_code|{ANSWERED}(?:!|=~?\s*\"[^\"]*(?:5|internal|unavailable|unknown))"
    ),
    "latency": re.compile(r"latenc|duration|histogram_quantile"),
    "saturation": re.compile(
        r"utili[sz]ation|_util\b|duty_cycle|replica|saturation|queue|waiting|pending|in_?flight|throttl|memory|cpu|"
        rf"cache_usage|{ANSWERED}=~?\s*\"[^\"]*429"
    ),
}
"""What metrics and the status of answers are called."""
GOOD = re.compile(rf"{ANSWERED}=~?\s*\"[(\[^1]*(?:2|ok|success)")
FROM_BELOW = re.compile(r"<|\b1\s*-")
"""How a share of good answers is compared where it is about the others."""


def unnoticed(questions: Collection[str], fast: bool) -> Iterator[str]:
    """What none of these questions is about; latency only where something says how fast a service has to be."""
    wanted = [name for name in MEASURED if name != "latency" or fast]
    if missing := [name for name in wanted if not any(is_about(name, each) for each in questions)]:
        yield f"no alert is about {', '.join(missing)}"


def is_about(name: str, question: str) -> bool:
    """Whether a question is about errors, latency or saturation."""
    asked = question.lower()
    return bool(MEASURED[name].search(asked)) or (name == "errors" and lacks_good(asked))


def lacks_good(asked: str) -> bool:
    """Whether a question is about good answers that are too few."""
    return bool(GOOD.search(asked) and FROM_BELOW.search(asked))
