from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["must", "should"]
Outcome = Literal["pass", "fail", "skip"]


class Failed(Exception):
    """The server does not do what is demanded; says what it did instead."""


class Skipped(Exception):
    """The demand says nothing of this server, or cannot be tried; says why."""


@dataclass(frozen=True)
class Check:
    """One thing that a protocol demands of a server.

    Attributes:
        id: stable, like `v2.infer.id`; it begins with the wire.
        level: `must` where the protocol's text demands it, `should` where users are better off with it.
        demand: what the server has to do.
        source: the text that says so.
        run: tries it; returns when the server does it, else raises `Failed` or `Skipped`.
    """

    id: str
    level: Level
    demand: str
    source: str
    run: Callable[[Any], None]


@dataclass(frozen=True)
class Result:
    """What came of a check. `reason` says why it failed or was skipped; `seconds` is how long it took."""

    check: Check
    outcome: Outcome
    reason: str
    seconds: float

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "id": self.check.id,
            "wire": self.check.id.partition(".")[0],
            "level": self.check.level,
            "demand": self.check.demand,
            "source": self.check.source,
            "result": self.outcome,
            "reason": self.reason,
            "seconds": round(self.seconds, 3),
        }


def tried(checks: Sequence[Check], session: Any) -> Iterator[Result]:
    """What comes of each check, in their order."""
    for check in checks:
        started = time.monotonic()
        outcome: Outcome = "pass"
        reason = ""
        try:
            check.run(session)
        except Failed as failure:
            outcome, reason = "fail", str(failure)
        except Skipped as skip:
            outcome, reason = "skip", str(skip)
        yield Result(check, outcome, reason, time.monotonic() - started)


def expect(condition: object, reason: str) -> None:
    """Fail with `reason` unless the condition holds."""
    if not condition:
        raise Failed(reason)
