"""Kubernetes: a hardened Deployment per live version, on any conformant cluster."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES
from .rules import rules
from .updates import effect

TARGET = Target(
    "kubernetes",
    CAPABILITIES,
    name_length=63,
    tag_rule=TagRule(key_length=63, value_length=63, forbidden=r"[^A-Za-z0-9._-]"),
    rules=rules,
    has_pools=True,
    effects=effect,
)
