from dataclasses import dataclass
from typing import Literal

from modelport.spec import ModelSpec

from .objectives import Objective, objectives


@dataclass(frozen=True)
class BurnRate:
    """How fast an error budget is being used up: `factor` times too fast, over a long and a short window.

    The long window says that it matters, the short one that it is still going on. The three rates are those of
    Google's SRE workbook, chapter 5: 2 % of a 30-day budget in 1 h, 5 % in 6 h, 10 % in 3 days.
    """

    factor: float
    long_window: str
    short_window: str
    severity: Literal["page", "ticket"]


BURN_RATES = (
    BurnRate(14.4, "1h", "5m", "page"),
    BurnRate(6, "6h", "30m", "page"),
    BurnRate(1, "3d", "6h", "ticket"),
)


@dataclass(frozen=True)
class AlertRule:
    """One alert of one service, in no monitoring system's language."""

    name: str
    service: str
    objective: Objective
    burn_rate: BurnRate
    notify: tuple[str, ...]

    @property
    def bad_share(self) -> float:
        """The share of bad requests, from 0 to 1, above which the alert fires."""
        return min(self.objective.error_budget * self.burn_rate.factor, 1.0)

    @property
    def summary(self) -> str:
        """What the person who is woken reads first."""
        rate, objective = self.burn_rate, self.objective
        return (
            f"{self.service}: {objective.name} of {objective.target:g} % is missed "
            f"{rate.factor:g} times faster than its budget allows, over {rate.long_window}"
        )


def alert_rules(spec: ModelSpec) -> tuple[AlertRule, ...]:
    """The alerts that follow from `slo`: one per objective and burn rate, none if `monitoring.alerts.enabled` is false.

    A rate that a loose objective can never reach (its share of bad requests would be over 100 %) gives no rule.
    """
    alerts, name = spec.monitoring.alerts, spec.metadata.name
    if not alerts.enabled:
        return ()
    return tuple(
        AlertRule(f"{name}-{objective.name}-{rate.long_window}", name, objective, rate, alerts.notify)
        for objective in objectives(spec)
        for rate in BURN_RATES
        if objective.error_budget * rate.factor < 1
    )
