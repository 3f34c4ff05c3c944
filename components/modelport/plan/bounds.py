"""How few instances a service may have, and when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from modelport.spec import Scaling, Window

HOUR, DAY, WEEK = 60, 24 * 60, 7 * 24 * 60
"""In minutes. A week begins with Sunday, as that of cron does."""

FIELDS = {"minute": (0, 59), "hour": (0, 23), "day of week": (0, 7)}


@dataclass(frozen=True)
class Period:
    """A time of the week.

    Attributes:
        start: minute of the week.
        minutes: how long it lasts.
        window: whose bounds are in force.
    """

    start: int
    minutes: int
    window: Window


def is_fixed(scaling: Scaling) -> bool:
    """Whether the number of instances is always the same."""
    return scaling.min == scaling.max and not scaling.schedule and not scaling.scale_to_zero


def fewest(scaling: Scaling) -> int:
    """Fewest instances while the service is awake."""
    return min((window.min for window in scaling.schedule), default=scaling.min)


def most(scaling: Scaling) -> int:
    """Most instances."""
    return max((window.max for window in scaling.schedule), default=scaling.max)


def at_first(scaling: Scaling) -> int:
    """Instances that a service begins with: enough in each of its windows, as nobody knows which that will be."""
    return max(1, *(window.min for window in scaling.schedule)) if scaling.schedule else scaling.min


def may_rest(scaling: Scaling) -> bool:
    """Whether there may be no instance at all."""
    return scaling.scale_to_zero or fewest(scaling) == 0


def periods(windows: Sequence[Window]) -> list[Period]:
    """The times of the week, from one window's beginning to that of the next.

    Raises:
        ValueError: a window does not begin at the same times of every week, two begin at once, or there is but one.
    """
    begins: dict[int, Window] = {}
    for window in windows:
        for moment in moments(window.cron):
            if begins.setdefault(moment, window) is not window:
                raise ValueError(f"{begins[moment].cron} and {window.cron} begin at the same moment")
    order = sorted(begins)
    changes = [moment for before, moment in pairwise([order[-1], *order]) if begins[before] is not begins[moment]]
    if not changes:
        raise ValueError("a window lasts until the next one begins, and there is no other")
    ends = [*changes[1:], changes[0] + WEEK]
    return [Period(start, end - start, begins[start]) for start, end in zip(changes, ends, strict=True)]


def moments(cron: str) -> set[int]:
    """The minutes of a week at which a cron expression fires.

    Raises:
        ValueError: it does not do so at the same times of every week, or a number is out of range.
    """
    minute, hour, day, month, weekday = cron.split()
    if (day, month) != ("*", "*"):
        raise ValueError(f"{cron} names days of the month, and does not come every week")
    minutes, hours, weekdays = (numbers(text, name) for text, name in zip((minute, hour, weekday), FIELDS, strict=True))
    return {each % 7 * DAY + h * HOUR + m for each in weekdays for h in hours for m in minutes}


def numbers(text: str, name: str) -> set[int]:
    """What a field of a cron expression stands for: `*`, `5`, `1-5`, `*/15`, `8-18/2`, and lists of these.

    Args:
        name: of the field: minute, hour or day of week.

    Raises:
        ValueError: a number is out of range.
    """
    least, most = FIELDS[name]
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = (f"{least}-{most}" if span == "*" else span).partition("-")
        end = int(last or (most if step else first))
        if not least <= int(first) <= end <= most or step == "0" or not re.fullmatch("[0-9]*", step):
            raise ValueError(f"{item} is no {name}")
        found.update(range(int(first), end + 1, int(step or 1)))
    return found
