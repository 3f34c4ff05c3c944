from typing import Annotated

from pydantic import Field, StringConstraints

from .scalars import Number
from .section import Section


class Money(Section):
    """An amount of money."""

    amount: Annotated[Number, Field(gt=0)]
    """How much."""

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """ISO 4217 code, like USD or EUR."""
