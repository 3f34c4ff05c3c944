"""Amazon SageMaker: a private, encrypted endpoint, or jobs, that SageMaker runs on instances of its own."""

from modelport.plan import TagRule, Target

from .capabilities import CAPABILITIES
from .capacity import MACHINES
from .rules import rules

TARGET = Target(
    "sagemaker",
    CAPABILITIES,
    name_length=63,
    tag_rule=TagRule(key_length=128, value_length=256, forbidden=r"[^\w .:/=+@-]"),
    machines=MACHINES,
    rules=rules,
)
