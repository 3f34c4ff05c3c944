"""Other bounds at certain times of the week."""

from __future__ import annotations

from collections.abc import Iterator

from modelport.plan import Objection
from modelport.plan.bounds import numbers, periods
from modelport.spec import ModelSpec

SCHEDULE = "scaling.schedule"
MOST_WINDOWS = 20
"""Logical names are public: there are so many."""


def six_fields(cron: str) -> str:
    """Times of the week as AWS writes them: with a year, `?` for the day of the month, and Sunday as the first day.

    Source: https://docs.aws.amazon.com/autoscaling/application/userguide/scheduled-scaling-using-cron-expressions.html
    """
    minute, hour, _, _, weekday = cron.split()
    days = {each % 7 + 1 for each in numbers(weekday, "day of week")}
    return f"cron({_field(minute, 'minute')} {_field(hour, 'hour')} ? * {_listed(days, 7)} *)"


def schedule_rules(spec: ModelSpec) -> Iterator[Objection]:
    """What is wrong with the windows."""
    windows = spec.scaling.schedule
    if not windows or spec.mode not in ("realtime", "async"):
        return
    try:
        periods(windows)
    except ValueError as error:
        alternative = "Write two windows or more that begin at times of the week, like 0 8 * * 1-5 and 0 20 * * 1-5."
        yield Objection(SCHEDULE, None, str(error), alternative)
    if len({window.timezone for window in windows}) > 1:
        yield Objection(SCHEDULE, None, "its windows have several time zones", "Write all times in one time zone.")
    if len(windows) > MOST_WINDOWS:
        reason = f"it has {len(windows)} windows"
        yield Objection(SCHEDULE, None, reason, f"Write at most {MOST_WINDOWS}: one may begin on several days.")
    if spec.mode == "realtime" and not all(window.min for window in windows):
        alternative = "Write min: 1 or more in each window, or use mode: async."
        yield Objection(SCHEDULE, None, "a realtime endpoint keeps an instance", alternative)


def _field(text: str, name: str) -> str:
    return "*" if text == "*" else _listed(numbers(text, name), 0)


def _listed(values: set[int], all_of_them: int) -> str:
    return "*" if len(values) == all_of_them else ",".join(map(str, sorted(values)))
