"""Objectives as alert rules and dashboards: neutral data first, then each monitoring system's own form."""

from .alert import AlertRule, Condition, Kind
from .dashboard import Panel, Section, dashboard
from .objectives import Objective, objectives
from .readings import Reading, Signal
from .receivers import Receiver, receiver, receivers
from .rules import KINDS, alert_rules

__all__ = [
    "KINDS",
    "AlertRule",
    "Condition",
    "Kind",
    "Objective",
    "Panel",
    "Reading",
    "Receiver",
    "Section",
    "Signal",
    "alert_rules",
    "dashboard",
    "objectives",
    "receiver",
    "receivers",
]
