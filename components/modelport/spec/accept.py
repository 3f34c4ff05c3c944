from typing import Annotated

from pydantic import StringConstraints

from .scalars import TargetName, Text
from .section import Section


class Accepted(Section):
    """A difference that a target makes and the owner accepts."""

    field: Text
    """Path of the field, like `scaling.max`."""

    target: TargetName
    """Target whose approximation is accepted."""

    reason: Annotated[Text, StringConstraints(min_length=10)]
    """Why the difference is acceptable; appears in reports."""
