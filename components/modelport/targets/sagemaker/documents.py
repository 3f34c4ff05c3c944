"""Policy documents of IAM, and of keys, buckets and endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]
Names = pulumi.Input[str] | Sequence[pulumi.Input[str]]


def document(*statements: Statement) -> pulumi.Output[str]:
    """A policy of statements."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})


def allow(name: str, actions: Names, resources: Names | None = None, **more: Any) -> Statement:
    """A statement that allows actions on resources.

    Args:
        name: what it is for, in letters and digits.
        resources: none in a role's trust, which is about the role.
        more: `Principal`, `Condition`.
    """
    return _statement("Allow", name, actions, resources, more)


def deny(name: str, actions: Names, resources: Names, **more: Any) -> Statement:
    """A statement that denies actions on resources, whoever allows them."""
    return _statement("Deny", name, actions, resources, more)


def _statement(effect: str, name: str, actions: Names, resources: Names | None, more: Mapping[str, Any]) -> Statement:
    place = {} if resources is None else {"Resource": resources}
    return {"Sid": name, "Effect": effect, "Action": actions, **place, **more}
