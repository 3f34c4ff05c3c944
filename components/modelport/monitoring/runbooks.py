"""The pages that say what to do when an alert fires."""

from .alert import Kind
from .rules import KINDS

RUNBOOKS = "docs/runbooks"
"""Where the pages are, within the project."""


def runbook(kind: Kind, base: str = RUNBOOKS) -> str:
    """The address of an alert's page under `base`."""
    return f"{base.rstrip('/')}/{kind.name}.md"


def index() -> str:
    """The page that lists all others: docs/runbooks/README.md."""
    rows = [
        f"| [{kind.name}]({kind.name}.md) | {' or '.join(kind.severities)} | {kind.category} | {kind.meaning} |"
        for kind in KINDS
    ]
    return "\n".join((_HEAD, *rows, ""))


_HEAD = """\
<!-- Made by scripts/generate.py. -->

# Runbooks

A page for each alert that follows from a service's `slo`, `monitoring`, `scaling`, `request` and `compute`. A *page*
wakes somebody: users are hurt now. A *ticket* is for working hours.

| alert | severity | category | meaning |
|---|---|---|---|"""
