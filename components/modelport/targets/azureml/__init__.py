"""Azure Machine Learning: not built yet."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES

TARGET = Target(
    "azureml",
    CAPABILITIES,
    name_length=32,
    tag_rule=TagRule(key_length=512, value_length=256, forbidden=r"[<>%&\\?/\x00-\x1f]"),
)
