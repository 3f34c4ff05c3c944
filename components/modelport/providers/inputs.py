"""Inputs of own resources as types, which judge them and make the package's schema."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from .crud import UNKNOWN, Failure, Values


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be an absolute path")
    return path


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class Inputs(BaseModel):
    """What a resource is to be; in the state its names are camelCase."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    def values(self) -> dict[str, Any]:
        """The inputs as the state holds them, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def names(kind: type[Inputs]) -> tuple[str, ...]:
    """Names of the inputs, in order."""
    return tuple(field.alias or name for name, field in kind.model_fields.items())


def check(kind: type[Inputs], inputs: Values) -> tuple[Values, list[Failure]]:
    """The inputs with their defaults, and what is wrong with them; what is not known yet counts as right."""
    defaults = {
        field.alias or name: field.get_default(call_default_factory=True)
        for name, field in kind.model_fields.items()
        if not field.is_required() and field.get_default() is not None
    }
    return {**defaults, **inputs}, _failures(kind, inputs)


def _failures(kind: type[Inputs], inputs: Values) -> list[Failure]:
    try:
        kind.model_validate(inputs)
    except ValidationError as error:
        known = (problem for problem in error.errors() if not _unknown(inputs, problem["loc"]))
        return [Failure(".".join(map(str, problem["loc"])), f"{problem['msg']}.") for problem in known]
    return []


def _unknown(value: Any, place: Sequence[int | str]) -> bool:
    """Whether what is at a place, or what that would be in, is not known yet."""
    for key in place:
        if value == UNKNOWN:
            return True
        try:
            value = value[key]
        except (LookupError, TypeError):
            return False
    return bool(value == UNKNOWN)
