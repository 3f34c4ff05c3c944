"""What is called like a secret, or is one."""

from __future__ import annotations

import re

SECRET = re.compile(r"password|passwd|secret|token|credential|api_?key|access_?key|private_?key", re.IGNORECASE)
NOT_THE_SECRET = re.compile(r"_?(file|path|dir|name|url|uri|id|ttl|timeout)$", re.IGNORECASE)
PRIVATE_KEY = re.compile("-----BEGIN [A-Z ]*PRIVATE KEY-----")


def is_secret(name: str) -> bool:
    """Whether a setting is called like a secret, not like the place of one."""
    return bool(SECRET.search(name)) and not NOT_THE_SECRET.search(name)
