import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from .section import not_allowed

AS_TEXT = core_schema.plain_serializer_function_ser_schema(str)
NUMBER = r"[0-9]{1,9}(\.[0-9]{1,9})?"


class Quantity(int):
    """A whole number of the smallest unit, written as a number and a unit, dumped in one canonical form.

    Raises:
        ValueError: when a text is no quantity, or no whole number of the smallest unit.
    """

    UNITS: ClassVar[dict[str, int]]
    """Unit names, largest first, with their size in the smallest unit (the last one)."""
    EXAMPLE: ClassVar[str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The quantity that a text like `90s` or `512Mi` means."""
        match = re.fullmatch(rf"({NUMBER})({'|'.join(cls.UNITS)})", text.strip())
        if match is None:
            raise ValueError(f"a number and a unit ({', '.join(cls.UNITS)}), like {cls.EXAMPLE}")
        amount = Decimal(match[1]) * cls.UNITS[match[3]]
        if amount != int(amount):
            raise ValueError(f"a whole number of {list(cls.UNITS)[-1]}, like {cls.EXAMPLE}")
        return cls(int(amount))

    def __str__(self) -> str:
        whole = [unit for unit, size in self.UNITS.items() if self % size == 0]
        unit = whole[0] if self else whole[-1]
        return f"{self // self.UNITS[unit]}{unit}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}.parse({str(self)!r})"

    @classmethod
    def _validate(cls, value: Any) -> Self:
        if isinstance(value, cls):
            return value
        try:
            return cls.parse(value if isinstance(value, str) else "")
        except ValueError as error:
            raise not_allowed(str(error)) from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate, serialization=AS_TEXT)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"^{NUMBER}({'|'.join(cls.UNITS)})$", "examples": [cls.EXAMPLE]}


class Duration(Quantity):
    """A length of time: `200ms`, `30s`, `5m`, `1h`, `30d`."""

    UNITS: ClassVar[dict[str, int]] = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
    EXAMPLE = "30s"

    @property
    def seconds(self) -> float:
        """The same length in seconds."""
        return self / 1000


class Memory(Quantity):
    """An amount of memory or data: `1536Ki`, `512Mi`, `2Gi`."""

    UNITS: ClassVar[dict[str, int]] = {"Ti": 1024**3, "Gi": 1024**2, "Mi": 1024, "Ki": 1}
    EXAMPLE = "512Mi"

    @property
    def bytes(self) -> int:
        """The same amount in bytes."""
        return self * 1024


@dataclass(frozen=True)
class Between:
    """Bounds of a quantity, both included, as texts: `Annotated[Duration, Between("1s", "1h")]`."""

    low: str
    high: str

    def __get_pydantic_core_schema__(self, source: type[Quantity], handler: GetCoreSchemaHandler) -> CoreSchema:
        """The quantity's own schema, then the bounds."""
        low, high = source.parse(self.low), source.parse(self.high)

        def check(value: Quantity) -> Quantity:
            if not low <= value <= high:
                raise not_allowed(f"from {low} to {high}")
            return value

        return core_schema.no_info_after_validator_function(check, handler(source), serialization=AS_TEXT)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The quantity's own schema with the bounds in words: JSON Schema cannot compare quantities."""
        return {**handler(schema), "$comment": f"from {self.low} to {self.high}"}
