"""Service level objectives as alert rules: neutral data first, then each monitoring system's own form."""

from .objectives import Objective, objectives
from .rules import AlertRule, alert_rules

__all__ = ["AlertRule", "Objective", "alert_rules", "objectives"]
