"""Who Google's services are in a project: what encrypts, reads and writes for them."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from .project import Project
from .resources import AGENT, Resources

MADE = {"vertex": "aiplatform.googleapis.com", "registry": "artifactregistry.googleapis.com"}
"""Services whose identity may have to be made first, by what they are for."""


def key_users(own: Resources, project: Project) -> Mapping[str, pulumi.Input[str]]:
    """The services that use the key that is made, by what they are for; nobody where it is given.

    Source: https://cloud.google.com/kms/docs/compatible-services
    """
    existing = own.plan.environment.existing
    if existing.key is not None:
        return {}
    needed = {"vertex": True, "registry": existing.registry is None}
    users: dict[str, pulumi.Input[str]] = {}
    for use, service in MADE.items():
        if needed[use]:
            users[use] = own.make(AGENT, f"agent-{use}", {"service": service}).member
    if existing.bucket is None:
        users["storage"] = project.storage_agent
    if own.plan.spec.monitoring.capture.percent:
        users["captures"] = project.bigquery_agent
    return users
