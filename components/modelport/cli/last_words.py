"""What containers said last, after an update that failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelport.cli.console import tell

if TYPE_CHECKING:
    from modelport.cli.report import Report


def regions_of(report: Report) -> dict[str, str]:
    """Where the services of a stack are, by the URNs of their components, as far as a preview knows it."""
    outputs = {step.urn: (step.new.get("outputs") or {}) for step in report.steps.values() if step.new}
    return {urn: each["region"] for urn, each in outputs.items() if isinstance(each.get("region"), str)}


def tell_last_words(report: Report, regions: Mapping[str, str]) -> None:
    """Show them for everything that did not come up, where its region is known."""
    from modelport.targets.last_words import speakers

    known = speakers()
    for step in report.steps.values():
        region = regions.get(step.new.get("parent", "")) if step.failed and step.token in known else None
        lines = list(known[step.token](step.new["inputs"]["name"], region)) if region else []
        if lines:
            tell("\n  ".join((f"\nthe containers of {step.name} said last:", *lines)))
