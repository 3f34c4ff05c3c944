"""Vertex AI: a private, encrypted endpoint with models on machines that Google runs."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES
from .capacity import MACHINES
from .rules import rules

TARGET = Target(
    "vertex",
    CAPABILITIES,
    name_length=63,
    tag_rule=TagRule(key_length=63, value_length=63, forbidden=r"[^a-z0-9_-]", lower=True),
    machines=MACHINES,
    rules=rules,
)
