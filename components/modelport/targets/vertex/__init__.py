"""Vertex AI: not built yet."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES

TARGET = Target(
    "vertex",
    CAPABILITIES,
    name_length=63,
    tag_rule=TagRule(key_length=63, value_length=63, forbidden=r"[^a-z0-9_-]", lower=True),
)
