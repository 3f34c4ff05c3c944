"""Amazon SageMaker: not built yet."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES

TARGET = Target(
    "sagemaker",
    CAPABILITIES,
    name_length=63,
    tag_rule=TagRule(key_length=128, value_length=256, forbidden=r"[^\w .:/=+@-]"),
)
