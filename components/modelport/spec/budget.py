from typing import Annotated

from pydantic import Field

from .scalars import Form, Number
from .section import Section


class Money(Section):
    """An amount of money."""

    amount: Annotated[Number, Field(gt=0)]
    """How much."""

    currency: Annotated[str, Form("[A-Z]{3}", "an ISO 4217 code, like USD or EUR")] = "USD"
    """ISO 4217 code, like USD or EUR."""
