from dataclasses import dataclass
from typing import Literal

from modelport.spec import Duration

from .readings import Reading

Severity = Literal["page", "ticket"]
"""Whether somebody is woken, or finds it in the morning."""

Category = Literal["errors", "latency", "saturation", "silence", "drift", "age"]
"""What kind of trouble it is; `rollout.rollbackOn` speaks in these words."""


@dataclass(frozen=True)
class Kind:
    """One kind of alert. Its name is that of its page in `docs/runbooks`.

    Attributes:
        meaning: of the alert, in a sentence.
        severities: that alerts of this kind may have.
    """

    name: str
    category: Category
    meaning: str
    severities: tuple[Severity, ...] = ("ticket",)


@dataclass(frozen=True)
class Condition:
    """What must be so of a reading."""

    reading: Reading
    comparison: Literal[">", ">=", "<"]
    threshold: float


@dataclass(frozen=True)
class AlertRule:
    """One alert of one service, in no monitoring system's language.

    Attributes:
        name: unlike that of any other rule of the service.
        summary: what the person who is woken reads first.
        conditions: all of which must hold; the first is what the alert is about, the others guard it.
        lasting: how long they must hold before anybody hears of it; None for at once.
    """

    name: str
    kind: Kind
    service: str
    severity: Severity
    summary: str
    conditions: tuple[Condition, ...]
    lasting: Duration | None = None
