"""This machine: one server process per service."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES
from .updates import effect

TARGET = Target(
    "local",
    CAPABILITIES,
    name_length=63,
    tag_rule=TagRule(key_length=1000, value_length=1000, forbidden=r"[\x00-\x1f]"),
    effects=effect,
)
