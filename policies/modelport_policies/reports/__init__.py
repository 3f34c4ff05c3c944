"""A review in the forms that people, CI systems and auditors read: all of the same results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelport_policies.reports.place import Place
    from modelport_policies.results import Review

__all__ = ["FORMATS", "written"]

FORMATS = ("sarif", "junit", "markdown", "evidence")
"""Names of the reports, each a module with `report`."""


def written(name: str, review: Review, places: Mapping[str, Place] | None = None) -> str:
    """A review as the text of one of `FORMATS`; `places` says by URN which line of a file a resource comes from."""
    report: Callable[[Review, Mapping[str, Place]], str] = import_module(f"{__name__}.{name}").report
    return report(review, places or {})
