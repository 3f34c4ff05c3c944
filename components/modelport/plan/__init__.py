"""What is to be made: a service and its environment become a frozen plan for one target, or everything it refuses."""

from .capability import (
    EXISTING,
    FIELDS,
    OWN,
    UNBUILT,
    Capabilities,
    Capability,
    Level,
    approximated,
    emulated,
    native,
    native_but,
    recorded,
    refused,
    unbuilt,
)
from .capacity import Machine
from .explain import explain
from .fit import Adjustment
from .names import Names, unique_name
from .placement import NoPlace, Placement, place
from .plan import Plan, as_run, make_plan
from .refusal import Refusal, Refused
from .release import Release
from .tags import TagRule
from .target import Objection, Target

__all__ = [
    "EXISTING",
    "FIELDS",
    "OWN",
    "UNBUILT",
    "Adjustment",
    "Capabilities",
    "Capability",
    "Level",
    "Machine",
    "Names",
    "NoPlace",
    "Objection",
    "Placement",
    "Plan",
    "Refusal",
    "Refused",
    "Release",
    "TagRule",
    "Target",
    "approximated",
    "as_run",
    "emulated",
    "explain",
    "make_plan",
    "native",
    "native_but",
    "place",
    "recorded",
    "refused",
    "unbuilt",
    "unique_name",
]
