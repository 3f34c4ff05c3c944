"""Policies for serving stacks: an ordinary Pulumi policy pack, and the same controls over a deployment export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

__all__ = ["check", "path"]


def path() -> Path:
    """The folder to give to `pulumi up --policy-pack`, wherever this package is installed."""
    return Path(__file__).parent / "pack"


def check(
    state: dict[str, Any],
    profile: str | None = None,
    *,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    exemptions: Path | None = None,
    today: date | None = None,
) -> dict[str, Any]:
    """Judge a deployment export without an engine, as plain data.

    See `modelport_policies.review.review` and `Review.summary`.
    """
    from modelport_policies.review import review  # pulumi_policy takes a while to import: `path` must not wait for it

    return review(state, profile, parameters=parameters, exemptions=exemptions, today=today).summary()
