"""What is called like a secret, or is one."""

from __future__ import annotations

import re

SECRET = re.compile(r"password|passwd|secret|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)
COUNTED = re.compile(r"(?<![a-z])(?:max|min|num|total)[\w-]*tokens|tokeni[sz]", re.IGNORECASE)
"""Tokens of a text, which are no secrets."""
NOT_THE_SECRET = re.compile(r"_?(file|path|dir|name|url|uri|id|ttl|timeout)$", re.IGNORECASE)
PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----")


def is_secret(name: str) -> bool:
    """Whether a setting is called like a secret, not like the place of one or like tokens of a text."""
    return bool(SECRET.search(COUNTED.sub("", name))) and not NOT_THE_SECRET.search(name)
