"""Ids of endpoints and deployments, which Vertex AI lets one choose: at most ten digits, not beginning with 0."""

from __future__ import annotations

import hashlib

IDS = 10**9
"""So many have ten digits and begin with a 1."""


def number_of(*content: str) -> str:
    """The id of what some content tells from all others, always the same for the same content."""
    digest = hashlib.sha256("\0".join(content).encode())
    return str(IDS + int(digest.hexdigest(), 16) % IDS)
