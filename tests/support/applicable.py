"""What the policy pack said of several stacks, as a person reviews it."""

from typing import Any


def applicable(reports: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Which controls had something to judge in the first stack, and why others had not, with what differs elsewhere.

    Args:
        reports: by stack.
    """
    first, *others = reports
    usual = idle(reports[first])
    further = {
        stack: {rule: reason for rule, reason in idle(reports[stack]).items() if usual.get(rule) != reason}
        for stack in others
    }
    judged = sorted(reports[first]["controls"].keys() - usual.keys())
    return {"judged": judged, "not applicable": usual, "further not applicable": further}


def idle(report: dict[str, Any]) -> dict[str, str]:
    """The controls that have nothing to judge, each with its reason."""
    return {each["rule"]: each["reason"] for each in report["notApplicable"] if each["urn"] is None}
