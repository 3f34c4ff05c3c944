"""Grants on Google Cloud, which controls of several families ask about."""

from __future__ import annotations

from collections.abc import Iterable

from modelport_policies.gcp import EVERYONE, grants
from modelport_policies.resource import Resource


def access_is_not_for_everyone(resource: Resource) -> Iterable[str]:
    """Neither `member` nor one of `members` or of the bindings of `policyData` is `allUsers` or
    `allAuthenticatedUsers`.
    """
    for role, member in grants(resource):
        if member in EVERYONE:
            yield f"{member} has {role}"
