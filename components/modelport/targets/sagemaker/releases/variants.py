"""The variants of an endpoint: a version is known by its role there, so that the stable one never gets another name."""

from __future__ import annotations

from modelport.plan import Plan, Release


def answering(plan: Plan) -> tuple[Release, ...]:
    """The releases whose variants answer callers, stable first."""
    return tuple(release for release in plan.releases if not release.mirror)


def mirrored(plan: Plan) -> Release | None:
    """The release whose variant gets copies of requests, and answers nobody."""
    return next((release for release in plan.releases if release.mirror), None)


def suffix(role: str) -> str:
    """What the roles of a variant's resources end with."""
    return "" if role == "stable" else f"-{role}"
