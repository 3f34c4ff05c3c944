"""Kubernetes with GPU pools: not built yet."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES

TARGET = Target(
    "kubernetes",
    CAPABILITIES,
    name_length=63,
    tag_rule=TagRule(key_length=63, value_length=63, forbidden=r"[^A-Za-z0-9._-]"),
)
